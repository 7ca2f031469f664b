// What a sweep has to read, the earliest due first. A request is for one tenant and version, so that is what is taken
// together.
import type { Operation } from '../domain/operation.ts';
import type { Stored } from '../domain/stored.ts';

export type DueOperation = {
  readonly stored: Stored<Operation>;
  readonly dueAtMs: number;
  /** Orders those that are due. */
  readonly turnAtMs: number;
};

export type DueQueue = {
  /** Tenant of the earliest, and how many could be asked for together with it; null: nothing is left. */
  readonly next: () => { readonly tenantId: string; readonly count: number } | null;
  /** Takes the earliest so many of those. */
  readonly take: (count: number) => readonly DueOperation[];
  /** Takes all that is left of a tenant, or of everyone. */
  readonly takeAll: (tenantId?: string) => readonly DueOperation[];
};

type Group = { readonly tenantId: string; readonly items: readonly DueOperation[]; taken: number };

export function createDueQueue(due: readonly DueOperation[]): DueQueue {
  const inOrder = due.toSorted((one, other) => one.turnAtMs - other.turnAtMs);
  const byGroup = Map.groupBy(inOrder, ({ stored: { value } }) => groupOf(value));
  const groups = [...byGroup.values()].map(
    (items): Group => ({ tenantId: items[0]?.stored.value.resource.tenantId ?? '', items, taken: 0 }),
  );
  return { next, take, takeAll };

  function next() {
    const group = earliest();
    return group && { tenantId: group.tenantId, count: group.items.length - group.taken };
  }

  function take(count: number): readonly DueOperation[] {
    const group = earliest();
    if (group === null) return [];
    const items = group.items.slice(group.taken, group.taken + count);
    group.taken += items.length;
    return items;
  }

  function takeAll(tenantId?: string): readonly DueOperation[] {
    return groups.flatMap((group) => {
      if (tenantId !== undefined && group.tenantId !== tenantId) return [];
      const items = group.items.slice(group.taken);
      group.taken = group.items.length;
      return items;
    });
  }

  function earliest(): Group | null {
    const left = groups.filter(({ items, taken }) => taken < items.length);
    return left.reduce<Group | null>(
      (first, group) => (first === null || headOf(group) < headOf(first) ? group : first),
      null,
    );
  }
}

function groupOf({ resource: { tenantId, version } }: Operation): string {
  return `${tenantId} ${version}`;
}

function headOf({ items, taken }: Group): number {
  return items[taken]?.turnAtMs ?? Number.POSITIVE_INFINITY;
}
