// One process of the product: its real flows, store, batch reader and storage clock on the simulated outside. What it
// knows dies with it.
import type { GraphHome } from '../../src/domain/resources.ts';
import type { TrackPolicy } from '../../src/domain/tracking.ts';
import { createCleanUp } from '../../src/flows/clean-up.ts';
import { createFindByParent } from '../../src/flows/find-by-parent.ts';
import { createPollNow } from '../../src/flows/poll-now.ts';
import { createProxyRequest } from '../../src/flows/proxy-request.ts';
import { createStopOperation } from '../../src/flows/stop-operation.ts';
import { createSweepShard } from '../../src/flows/sweep-shard.ts';
import { createSweepWhileBehind } from '../../src/flows/sweep-while-behind.ts';
import { createTakeNotifications } from '../../src/flows/take-notifications.ts';
import { createTrackOperation } from '../../src/flows/track-operation.ts';
import { observationOf } from '../../src/graph/answers.ts';
import { readNotification } from '../../src/graph/notifications.ts';
import { createOperationReader } from '../../src/graph/operation-reader.ts';
import { createProxyCaller } from '../../src/graph/proxy-caller.ts';
import { createHistory } from '../../src/storage/history.ts';
import { createOperationStore } from '../../src/storage/operation-store.ts';
import { createStorageClock } from '../../src/storage/storage-clock.ts';
import type { Table } from '../../src/storage/table.ts';
import type { MemoryTable } from '../fakes/memory-table.ts';
import { minute, type Plan, second } from './plan.ts';
import { createSimulatedClient, type SimulatedGraph } from './simulated-graph.ts';
import { createSend, openSimulatedTable, type SimulatedQueue } from './simulated-storage.ts';
import type { Process, World } from './world.ts';

export const home: GraphHome = { cloud: 'custom', root: 'http://127.0.0.1', tenantId: 'home' };

/** Short enough that everything can happen within a run. */
const policy: TrackPolicy = {
  firstPollMs: 2 * second,
  intervalMs: 10 * second,
  deadlineMs: 90 * second,
  lostGraceMs: 10 * second,
};

/** A kind's only shard. */
export function shardOf(plan: Plan): string {
  return `${plan.kind}-00`;
}

export type Outside = {
  readonly world: World;
  readonly table: MemoryTable;
  readonly queue: SimulatedQueue;
  readonly graph: SimulatedGraph;
  readonly plan: () => Plan;
  /** More live rows than so many are read in part. */
  readonly wholeUpTo: number;
};

export type AppProcess = ReturnType<typeof startAppProcess>;

export function startAppProcess(outside: Outside, process: Process) {
  const { world, table, queue, graph, plan, wholeUpTo } = outside;
  const rates = () => plan().rates;
  const { kind } = plan();
  const shard = shardOf(plan());
  const skewMs = world.between(-plan().maxSkewMs, plan().maxSkewMs);
  const bootAtMs = world.nowMs();
  const clock = createStorageClock({
    wallMs: () => world.nowMs() + skewMs + setByMs(world.nowMs()),
    monotonicMs: () => world.nowMs() - bootAtMs,
  });
  const simulatedTable = openSimulatedTable({ world, rates }, { process, table, onDate: clock.learn });
  const store = {
    ...createOperationStore({ table: simulatedTable, clock, onUnreadableRow: () => {}, wholeUpTo }),
    ...createHistory(simulatedTable),
  };
  const client = createSimulatedClient({ world, rates, graph }, { process, nowMs: clock.nowMs });
  const ports = {
    ...store,
    clock,
    home,
    log: () => {},
    tell: () => {},
    random: world.random,
    graphRoot: home.root,
    send: createSend({ world, rates }, { process, queue }),
    ...createOperationReader(client, clock),
    ...createProxyCaller(client),
    policies: { connectionOperation: policy, commsOperation: policy, onenoteOperation: policy },
    retentionMs: plan().retentionMs ?? Number.POSITIVE_INFINITY,
    shards: [shard],
    shardCount: 1,
    shardOf: () => shard,
    observationOf,
    autoTrack: plan().autoTrack,
    sleep: (delayMs: number, signal: AbortSignal) => sleep(delayMs, signal),
    stopping: new AbortController().signal,
    inBackground: () => {},
  };
  const track = createTrackOperation(ports);
  const sweepWhileBehind = createSweepWhileBehind(ports, createSweepShard(ports));
  const prepare = createPrepare(simulatedTable);
  const takeNotifications = createTakeNotifications({
    ...ports,
    track,
    prepare,
    findByParent: createFindByParent(ports),
  });
  return {
    process,
    shard,
    prepare,
    track,
    stop: createStopOperation(ports),
    pollNow: createPollNow(ports),
    proxy: createProxyRequest({ ...ports, track }),
    lookUp: store.lookUp,
    takeFrom: async (sender: { readonly isAuthentic: boolean }, item: unknown) => {
      // Tokens are proven before anything else; that they are is tested where they are real.
      if (!sender.isAuthentic) throw new Error('401');
      return takeNotifications([readNotification(item, { home, nowMs: clock.nowMs() })]);
    },
    sweep: (signal: AbortSignal) =>
      sweepWhileBehind(
        { kind, shard },
        { deadlineMonotonicMs: clock.monotonicMs() + 4 * minute, signal },
        () => {},
      ),
    cleanUp: createCleanUp(ports),
  };

  function sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = (): void => {
      signal.removeEventListener('abort', end);
      resolve();
    };
    world.afterFor(process, delayMs, end);
    signal.addEventListener('abort', end);
    return promise;
  }
}

/** Every other minute a wall clock is an hour ahead: it is set on, and back. */
function setByMs(nowMs: number): number {
  return Math.floor(nowMs / minute) % 2 === 0 ? 0 : 60 * minute;
}

/** What every process does before anything else, until it has succeeded once; from then on it knows storage's time. */
function createPrepare(table: Table): () => Promise<void> {
  let preparing: Promise<unknown> | undefined;
  return async () => {
    preparing ??= table.get('meta', 'shards').catch((error: unknown) => {
      preparing = undefined;
      throw error;
    });
    await preparing;
  };
}
