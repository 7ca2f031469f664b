// One dispatcher for all reads of a sweep: the earliest due first, 20 a request, some requests in flight at a time,
// never before a tenant's announced wait is over; then one request asks alone whether it may go on. What was not read
// stays due.
import { type ReadObservation, throttledCode } from '../domain/observation.ts';
import type { Operation } from '../domain/operation.ts';
import type { Stored } from '../domain/stored.ts';
import type { BatchRead, Clock, ReadBatch, Tell } from './ports.ts';
import type { ShardPauses } from './shard-pauses.ts';

export type DueOperation = { readonly stored: Stored<Operation>; readonly dueAtMs: number };

export type ReadDuePorts = { readonly readBatch: ReadBatch; readonly clock: Clock; readonly tell: Tell };

export type ReadDueOptions = {
  readonly maxRequestsInFlight: number;
  /** Asked before each request. */
  readonly mayBegin: () => boolean;
  /** Requests under way are given up when it fires. */
  readonly giveUp: AbortSignal | undefined;
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
  let isFailed = false;
  for (const probe of takeProbes(chunks, ports.pauses)) await readOrLeave(probe);
  // Each worker takes the next chunk when its last request is answered: a pull, so nothing queues up behind a slow one.
  const workers = Array.from({ length: Math.min(options.maxRequestsInFlight, chunks.length) }, work);
  // All of them end before a failure of one is told: nothing goes on behind the back of the next sweep.
  const failed = (await Promise.allSettled(workers)).find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return { read, unread, counts };

  async function work(): Promise<void> {
    try {
      for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) await readOrLeave(chunk);
    } catch (error) {
      isFailed = true;
      throw error;
    }
  }

  async function readOrLeave(chunk: readonly DueOperation[]): Promise<void> {
    const mayRead = mayBegin() && (await ports.pauses.leftMs(tenantOf(chunk))) === null && mayBegin();
    if (mayRead) await readChunk(chunk);
    else unread.push(...chunk);
  }

  function mayBegin(): boolean {
    return !isFailed && options.mayBegin();
  }

  async function readChunk(chunk: readonly DueOperation[]): Promise<void> {
    const sentAtMs = ports.clock.nowMs();
    const answer = await ports.readBatch(
      chunk.map(({ stored }) => stored.value),
      options.giveUp,
    );
    const arrivedAtMs = ports.clock.nowMs();
    await ports.pauses.settle(tenantOf(chunk), answer.pause);
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

/** Takes out the earliest chunk of each tenant whose wait has ended and that nobody called since. */
function takeProbes(
  chunks: (readonly DueOperation[])[],
  pauses: ShardPauses,
): readonly (readonly DueOperation[])[] {
  const tenants = new Set(chunks.map(tenantOf).filter(pauses.isUntried));
  const firsts = [...tenants].map((tenantId) => chunks.findIndex((chunk) => tenantOf(chunk) === tenantId));
  return firsts.toSorted((one, other) => other - one).flatMap((index) => chunks.splice(index, 1));
}

function isThrottled(observation: ReadObservation): boolean {
  return observation.type === 'unreadable' && observation.code === throttledCode;
}

function tenantOf(chunk: readonly DueOperation[]): string {
  return chunk[0]?.stored.value.resource.tenantId ?? '';
}
