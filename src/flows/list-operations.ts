// Pages of operations over all shards: of each shard first the live ones, then the ended ones. An operation that ends
// between two pages may be seen twice, never missed. The continuation is a place, not a cursor: nothing is kept.
import { checksum, shardsOf } from '../domain/keys.ts';
import { kindNames } from '../domain/kinds.ts';
import type { Kind, Operation, State } from '../domain/operation.ts';
import { emptyMemory } from '../domain/shard-memory.ts';
import type { Shard, ShardMemory } from '../domain/stored.ts';
import { type OperationView, operationView } from '../domain/view.ts';
import type { Clock, ReadMemory, ShardOf } from './ports.ts';

export type ListQuery = {
  readonly kinds: readonly Kind[] | null;
  readonly states: readonly State[] | null;
  readonly parentId: string | null;
  readonly label: string | null;
  /** 1 to 100. */
  readonly top: number;
  readonly continuation: string | null;
};

export type ListFilter = Pick<ListQuery, 'states' | 'parentId' | 'label'> & {
  readonly operationId: string | null;
};
export type ListPhase = 'live' | 'ended';

/** Reads one phase of one shard in the order of keys. `next` is the key after which to go on; null: no more. */
export type ReadListPage = (
  shard: Shard,
  page: {
    readonly phase: ListPhase;
    readonly filter: ListFilter;
    readonly afterKey: string | null;
    readonly top: number;
  },
) => Promise<{ readonly operations: readonly Operation[]; readonly next: string | null }>;

export type ListResult =
  | { readonly value: readonly OperationView[]; readonly continuation: string | null }
  | { readonly outcome: 'continuationInvalid' };

export type ListPorts = {
  readonly clock: Clock;
  readonly readListPage: ReadListPage;
  readonly readMemory: ReadMemory;
  readonly shardCount: number;
  readonly shardOf: ShardOf;
};

/** A place in the list: shard and phase by number, and the key after which it goes on. */
type Place = { readonly shard: number; readonly phase: number; readonly afterKey: string | null };

const phases: readonly ListPhase[] = ['live', 'ended'];

export function createListOperations(ports: ListPorts): (query: ListQuery) => Promise<ListResult> {
  return async function listOperations(query) {
    const shards = (query.kinds ?? kindNames).flatMap((kind) => shardsOf(kind, ports.shardCount));
    const start = readContinuation(query, shards.length);
    if (start === null) return { outcome: 'continuationInvalid' };
    const operations: Operation[] = [];
    let place: Place | null = start;
    while (place !== null && operations.length < query.top) {
      const shard = shards[place.shard] ?? '';
      const page: Awaited<ReturnType<ReadListPage>> = await ports.readListPage(shard, {
        phase: phases[place.phase] ?? 'live',
        filter: { ...query, operationId: null },
        afterKey: place.afterKey,
        top: query.top - operations.length,
      });
      operations.push(...page.operations);
      place = nextPlace(place, page.next, shards.length);
    }
    const continuation = place === null ? null : writeContinuation(query, place);
    return { value: await views(operations), continuation };
  };

  async function views(operations: readonly Operation[]): Promise<readonly OperationView[]> {
    const nowMs = ports.clock.nowMs();
    const memories = new Map<Shard, ShardMemory>();
    for (const shard of new Set(operations.filter((one) => one.endedAtMs === null).map(ports.shardOf))) {
      memories.set(shard, (await ports.readMemory(shard))?.value ?? emptyMemory);
    }
    return operations.map((operation) => {
      const memory = memories.get(ports.shardOf(operation)) ?? emptyMemory;
      return operationView(operation, { nowMs, memory });
    });
  }
}

function nextPlace(place: Place, afterKey: string | null, shardCount: number): Place | null {
  if (afterKey !== null) return { ...place, afterKey };
  if (place.phase + 1 < phases.length) return { shard: place.shard, phase: place.phase + 1, afterKey: null };
  return place.shard + 1 < shardCount ? { shard: place.shard + 1, phase: 0, afterKey: null } : null;
}

/** A checksum of place and filter travels along, so that a continuation of another query, or a changed one, is refused. */
function writeContinuation(query: ListQuery, place: Place): string {
  return [place.shard, place.phase, place.afterKey ?? '', checksumOf(query, place)].join('.');
}

function readContinuation(query: ListQuery, shardCount: number): Place | null {
  if (query.continuation === null) return { shard: 0, phase: 0, afterKey: null };
  const match = /^(\d{1,3})\.([01])\.([a-z2-7]{26})?\.([a-z2-7]+)$/.exec(query.continuation);
  if (match === null) return null;
  const [, shard, phase, afterKey = null, sum] = match;
  const place = { shard: Number(shard), phase: Number(phase), afterKey };
  return sum === checksumOf(query, place) && place.shard < shardCount ? place : null;
}

function checksumOf({ kinds, states, parentId, label }: ListQuery, place: Place): string {
  return checksum(JSON.stringify([kinds, states, parentId, label, place.shard, place.phase, place.afterKey]));
}
