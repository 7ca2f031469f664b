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

/** What is left of one tenant and version; `take` takes the earliest so many of it. */
export type DueGroup = {
  readonly tenantId: string;
  readonly left: () => number;
  readonly take: (count: number) => readonly DueOperation[];
};

export type DueQueue = {
  /** Those that have something left, the one with the earliest first. */
  readonly groups: () => readonly DueGroup[];
  /** Takes all that is left of a tenant, or of everyone. */
  readonly takeAll: (tenantId?: string) => readonly DueOperation[];
};

export function createDueQueue(due: readonly DueOperation[]): DueQueue {
  const inOrder = due.toSorted((one, other) => one.turnAtMs - other.turnAtMs);
  const all = [...Map.groupBy(inOrder, ({ stored: { value } }) => groupOf(value)).values()].map(createGroup);
  return { groups, takeAll };

  function groups(): readonly DueGroup[] {
    const left = all.filter((group) => group.left() > 0);
    return left.toSorted((one, other) => one.turnAtMs() - other.turnAtMs());
  }

  function takeAll(tenantId?: string): readonly DueOperation[] {
    const meant = all.filter((group) => tenantId === undefined || group.tenantId === tenantId);
    return meant.flatMap((group) => group.take(group.left()));
  }
}

function createGroup(items: readonly DueOperation[]) {
  let taken = 0;
  return {
    tenantId: items[0]?.stored.value.resource.tenantId ?? '',
    left: () => items.length - taken,
    /** Of its earliest. */
    turnAtMs: () => items[taken]?.turnAtMs ?? Number.POSITIVE_INFINITY,
    take(count: number): readonly DueOperation[] {
      const some = items.slice(taken, taken + count);
      taken += some.length;
      return some;
    },
  };
}

function groupOf({ resource: { tenantId, version } }: Operation): string {
  return `${tenantId} ${version}`;
}
