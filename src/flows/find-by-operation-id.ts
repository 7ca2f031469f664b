// The tracked operation that an id alone names: the literal forms of Graph's original update pages have nothing else.
import { shardsOf } from '../domain/keys.ts';
import type { Kind, Operation } from '../domain/operation.ts';
import type { ReadListPage } from './list-operations.ts';

export type FindByIdOutcome =
  | { readonly outcome: 'found'; readonly operation: Operation }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'ambiguous'; readonly keys: readonly string[] };

export type FindByOperationId = (kind: Kind, operationId: string) => Promise<FindByIdOutcome>;

export type FindByIdPorts = { readonly readListPage: ReadListPage; readonly shardCount: number };

/** More than one is ambiguous; this many keys are named. */
const maxNamed = 10;

export function createFindByOperationId({ readListPage, shardCount }: FindByIdPorts): FindByOperationId {
  return async function findByOperationId(kind, operationId) {
    const found: Operation[] = [];
    for (const shard of shardsOf(kind, shardCount)) {
      for (const phase of ['live', 'ended'] as const) {
        const filter = { states: null, parentId: null, label: null, operationId };
        const page = await readListPage(shard, { phase, filter, afterKey: null, top: maxNamed });
        found.push(...page.operations);
      }
    }
    const [first, ...others] = found;
    if (first === undefined) return { outcome: 'unknown' };
    if (others.length === 0) return { outcome: 'found', operation: first };
    return { outcome: 'ambiguous', keys: found.slice(0, maxNamed).map(({ key }) => key) };
  };
}
