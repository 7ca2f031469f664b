// One dispatcher for all reads of a sweep: the earliest due first, 20 a request, some requests in flight at a time,
// never before a tenant's announced wait is over. What was not read stays due.
import { crashPoint } from '../domain/crash-point.ts';
import { type ReadObservation, throttledCode } from '../domain/observation.ts';
import type { Operation } from '../domain/operation.ts';
import type { Stored } from '../domain/stored.ts';
import type { BatchRead, Clock, ReadBatch, Tell } from './ports.ts';
import type { ShardPauses } from './shard-pauses.ts';

export type DueOperation = { readonly stored: Stored<Operation>; readonly dueAtMs: number };

export type ReadDuePorts = { readonly readBatch: ReadBatch; readonly clock: Clock; readonly tell: Tell };

export type ReadDueOptions = {
  readonly maxRequestsInFlight: number;
  /** No new request is begun after it. */
  readonly deadlineMonotonicMs: number;
  readonly signal: AbortSignal;
  /** @returns whether it is news. */
  readonly onObservation: (stored: Stored<Operation>, observation: ReadObservation) => boolean;
};

export type ReadDueResult = {
  readonly read: readonly Operation[];
  readonly unread: readonly DueOperation[];
  readonly counts: ReadCounts;
};

export type ReadCounts = {
  readonly httpRequests: number;
  /** Operations asked for. */
  readonly items: number;
  readonly throttledItems: number;
  readonly refusedItems: number;
  readonly unreadableItems: number;
};

/** Graph's limit (JSON batching page). */
const maxItems = 20;

export async function readDue(
  ports: ReadDuePorts & { readonly pauses: ShardPauses },
  due: readonly DueOperation[],
  options: ReadDueOptions,
): Promise<ReadDueResult> {
  const read: Operation[] = [];
  const unread: DueOperation[] = [];
  let counts: ReadCounts = noCounts;
  const chunks = chunksInOrder(due);
  // Each worker takes the next chunk when its last request is answered: a pull, so nothing queues up behind a slow one.
  const workers = Array.from({ length: Math.min(options.maxRequestsInFlight, chunks.length) }, work);
  await Promise.all(workers);
  for (const chunk of chunks) unread.push(...chunk);
  return { read, unread, counts };

  async function work(): Promise<void> {
    for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
      if (mayNotBegin() || (await ports.pauses.pausedUntilMs(tenantOf(chunk))) !== null || mayNotBegin()) {
        unread.push(...chunk);
        continue;
      }
      await readChunk(chunk);
    }
  }

  function mayNotBegin(): boolean {
    return options.signal.aborted || ports.clock.monotonicMs() >= options.deadlineMonotonicMs;
  }

  async function readChunk(chunk: readonly DueOperation[]): Promise<void> {
    const sentAtMs = ports.clock.nowMs();
    TEST: crashPoint('S4');
    const answer = await ports.readBatch(
      chunk.map(({ stored }) => stored.value),
      options.signal,
    );
    const arrivedAtMs = ports.clock.nowMs();
    if (answer.pause !== null) await ports.pauses.merge(tenantOf(chunk), answer.pause);
    TEST: crashPoint('S5');
    let changedItems = 0;
    for (const item of chunk) {
      const observation = answer.observations.get(item.stored.value.key);
      if (observation === undefined) {
        unread.push(item);
        continue;
      }
      if (isThrottled(observation)) unread.push(item);
      else read.push(item.stored.value);
      if (options.onObservation(item.stored, observation)) changedItems += 1;
    }
    const own = countsOf(chunk, answer);
    counts = sumOf(counts, own);
    const [first] = chunk;
    if (first === undefined) return;
    const { kind } = first.stored.value;
    ports.tell({ type: 'batch', kind, sentAtMs, arrivedAtMs, changedItems, ...own });
  }
}

const noCounts: ReadCounts = {
  httpRequests: 0,
  items: 0,
  throttledItems: 0,
  refusedItems: 0,
  unreadableItems: 0,
};

function countsOf(chunk: readonly DueOperation[], { observations, httpRequests }: BatchRead): ReadCounts {
  const all = [...observations.values()];
  const throttledItems = all.filter(isThrottled).length;
  return {
    httpRequests,
    items: chunk.length,
    throttledItems,
    refusedItems: all.filter(({ type }) => type === 'refused').length,
    unreadableItems: all.filter(({ type }) => type === 'unreadable').length - throttledItems,
  };
}

function sumOf(one: ReadCounts, other: ReadCounts): ReadCounts {
  return {
    httpRequests: one.httpRequests + other.httpRequests,
    items: one.items + other.items,
    throttledItems: one.throttledItems + other.throttledItems,
    refusedItems: one.refusedItems + other.refusedItems,
    unreadableItems: one.unreadableItems + other.unreadableItems,
  };
}

/** Chunks of one tenant and version; a chunk stands where its earliest operation would. */
function chunksInOrder(due: readonly DueOperation[]): (readonly DueOperation[])[] {
  const open = new Map<string, DueOperation[]>();
  const chunks: DueOperation[][] = [];
  for (const item of due.toSorted((one, other) => one.dueAtMs - other.dueAtMs)) {
    const { tenantId, version } = item.stored.value.resource;
    const group = `${tenantId} ${version}`;
    const chunk = open.get(group);
    if (chunk !== undefined && chunk.length < maxItems) {
      chunk.push(item);
      continue;
    }
    const begun = [item];
    open.set(group, begun);
    chunks.push(begun);
  }
  return chunks;
}

function isThrottled(observation: ReadObservation): boolean {
  return observation.type === 'unreadable' && observation.code === throttledCode;
}

function tenantOf(chunk: readonly DueOperation[]): string {
  return chunk[0]?.stored.value.resource.tenantId ?? '';
}
