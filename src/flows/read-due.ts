// One dispatcher for all reads of a sweep: the earliest due first, 20 a request, some requests in flight at a time, no
// faster than Graph let us be, and never before a tenant's announced wait is over; then one request asks alone whether
// it may go on. What was not read stays due.
import { crashPoint } from '../domain/crash-point.ts';
import { type ReadObservation, throttledCode } from '../domain/observation.ts';
import type { Operation } from '../domain/operation.ts';
import type { Stored } from '../domain/stored.ts';
import type { Look } from '../domain/sweep-mark.ts';
import { createDueQueue, type DueGroup, type DueOperation } from './due-queue.ts';
import type { BatchRead, Clock, ReadBatch, Tell } from './ports.ts';
import type { ShardPauses } from './shard-pauses.ts';

export type ReadDuePorts = { readonly readBatch: ReadBatch; readonly clock: Clock; readonly tell: Tell };

export type ReadDueOptions = {
  readonly maxRequestsInFlight: number;
  /** Asked before each request. */
  readonly mayBegin: () => boolean;
  /** Held back for so long it ends, so that who became due meanwhile has a turn. */
  readonly maxHeldBackMs: number;
  /** Ends early when nothing may begin any more. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Requests under way are given up when it fires. */
  readonly giveUp: AbortSignal | undefined;
  /** @returns whether it is news. */
  readonly onObservation: (stored: Stored<Operation>, observation: ReadObservation) => boolean;
};

export type ReadDueResult = {
  readonly read: readonly Look[];
  readonly unread: readonly DueOperation[];
  /** How long Graph's limits held requests back. */
  readonly heldBackMs: number;
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
  const queue = createDueQueue(due);
  const read: Look[] = [];
  const unread: DueOperation[] = [];
  let counts: ReadCounts = noCounts;
  let heldBackMs = 0;
  const failures: unknown[] = [];
  let turn: Promise<unknown> = Promise.resolve();
  /** Tenants whose wait has just ended: one request asks whether they may be asked. */
  const probes = new Map<string, PromiseWithResolvers<void>>();
  // Each worker takes the next chunk when its last request is answered: a pull, so nothing queues up behind a slow one.
  const workers: Promise<void>[] = [];
  addWorkers();
  // All of them end before a failure of one is told: nothing goes on behind the back of the next sweep.
  for (const worker of workers) await worker;
  if (failures.length > 0) throw failures[0];
  unread.push(...queue.takeAll());
  return { read, unread, heldBackMs, counts };

  function addWorkers(): void {
    const requests = Math.ceil(due.length / maxItems);
    const most = Math.min(options.maxRequestsInFlight, ports.pauses.requestsInFlight(), requests);
    while (workers.length < most) workers.push(work().catch((error: unknown) => void failures.push(error)));
  }

  async function work(): Promise<void> {
    for (let chunk = await nextChunk(); chunk.length > 0; chunk = await nextChunk()) {
      const tenantId = tenantOf(chunk);
      await readChunk(chunk).finally(() => probes.get(tenantId)?.resolve());
    }
  }

  /** One worker after another, so that nobody who waits holds an operation that is due before others'. */
  function nextChunk(): Promise<readonly DueOperation[]> {
    const chunk = turn.then(openChunk);
    turn = chunk.catch(() => undefined);
    return chunk;
  }

  /** Of the earliest whose tenant may be asked now. Who is left alone, held back or probed holds up no other. */
  async function openChunk(): Promise<readonly DueOperation[]> {
    while (mayBegin()) {
      let soonestMs = Number.POSITIVE_INFINITY;
      for (const group of queue.groups()) {
        const { tenantId } = group;
        if (probes.has(tenantId)) continue;
        if ((await ports.pauses.leftMs(tenantId)) !== null) {
          unread.push(...queue.takeAll(tenantId));
          continue;
        }
        const waitMs = ports.pauses.heldBackMs(tenantId);
        if (waitMs === 0) return takeFrom(group);
        soonestMs = Math.min(soonestMs, waitMs);
      }
      if (!(await somethingOpens(soonestMs))) break;
    }
    return [];
  }

  function takeFrom({ tenantId, left, take }: DueGroup): readonly DueOperation[] {
    if (ports.pauses.isUntried(tenantId)) probe(tenantId);
    return take(ports.pauses.take(tenantId, Math.min(left(), maxItems)));
  }

  /** Until the tenant's one request is answered. */
  function probe(tenantId: string): void {
    const answered = Promise.withResolvers<void>();
    probes.set(tenantId, answered);
    void answered.promise.then(() => probes.delete(tenantId));
  }

  /** False when nothing is left that could. */
  async function somethingOpens(soonestMs: number): Promise<boolean> {
    const answers = [...probes.values()].map(({ promise }) => promise);
    if (soonestMs === Number.POSITIVE_INFINITY)
      return answers.length > 0 && Promise.race(answers).then(() => true);
    const waitMs = Math.ceil(Math.min(soonestMs, options.maxHeldBackMs - heldBackMs));
    heldBackMs += waitMs;
    await Promise.race([options.sleep(waitMs), ...answers]);
    return true;
  }

  function mayBegin(): boolean {
    return failures.length === 0 && heldBackMs < options.maxHeldBackMs && options.mayBegin();
  }

  async function readChunk(chunk: readonly DueOperation[]): Promise<void> {
    const sentAtMs = ports.clock.nowMs();
    TEST: crashPoint('S4');
    const answer = await ports.readBatch(
      chunk.map(({ stored }) => stored.value),
      options.giveUp,
    );
    const arrivedAtMs = ports.clock.nowMs();
    const own = countsOf(chunk, answer);
    await ports.pauses.settle(tenantOf(chunk), own.items - own.throttledItems, answer.pause);
    TEST: crashPoint('S5');
    addWorkers();
    let changedItems = 0;
    for (const item of chunk) {
      const observation = answer.observations.get(item.stored.value.key);
      if (observation === undefined) {
        unread.push(item);
        continue;
      }
      if (isThrottled(observation)) unread.push(item);
      else read.push({ operation: item.stored.value, atMs: sentAtMs });
      if (options.onObservation(item.stored, observation)) changedItems += 1;
    }
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

function isThrottled(observation: ReadObservation): boolean {
  return observation.type === 'unreadable' && observation.code === throttledCode;
}

function tenantOf(chunk: readonly DueOperation[]): string {
  return chunk[0]?.stored.value.resource.tenantId ?? '';
}
