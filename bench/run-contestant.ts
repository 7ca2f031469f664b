// One run of one contestant: prepare, watch, measure from outside, and judge before anything else.
//
//   start ─► warm up ─► quiet window (nothing changes) ─► arm ─► settle ─► busy window ─► wait for what is still to be told
//
// Windows begin and end just before a tick, so that a sweeping contestant is measured in whole sweeps.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { QueueClient } from '@azure/storage-queue';
import type { Contestant, Running, Task } from './contestants/contestant.ts';
import { type Figures, figuresOf, type Snapshot, storagePerTransition } from './figures.ts';
import { readProcess } from './process-usage.ts';
import { type QueueReader, startQueueReader } from './queue-reader.ts';
import type { Surroundings } from './surroundings.ts';
import { type ArrivedEvent, judge, problemsOf, type Verdict } from './verdict.ts';
import { fairRoundMs, loadOf, type Workload } from './workload.ts';

export type Run =
  | { readonly isFailed: true; readonly problems: readonly string[] }
  | {
      readonly isFailed: false;
      /** Null where the workload has no quiet window. */
      readonly quiet: Figures | null;
      readonly busy: Figures;
      readonly storagePerTransition: number | null;
      /** Changes that were older than a fair round when the busy window closed and had not been told. They were later. */
      readonly late: number;
      /** Events that came again under their own id. */
      readonly copies: number;
    };

export type RunOptions = {
  readonly workload: Workload;
  /** As `planTask` made it, and prepared. */
  readonly task: Task;
  /** Called while the tables of the run still stand and nobody uses them. */
  readonly afterwards?: (task: Task) => Promise<void>;
};

const beforeTickMs = 300;
/** What is on its way at a window's end: an answer, a commit, a send, a look of the reader. */
const underWayMs = 1000;
/** For what a contestant under a quota, or over its capacity, has still to tell. */
const stragglersMs = 45_000;

export async function runContestant(
  contestant: Contestant,
  at: Surroundings,
  options: RunOptions,
): Promise<Run> {
  const { workload, task, afterwards } = options;
  await loadGraph(at, workload, task.seed);
  const queue = new QueueClient(at.uncountedStorage, task.queue);
  await queue.createIfNotExists();
  const running = await contestant.start(task);
  const reader = startQueueReader(queue);
  try {
    const run = await watch({ contestant, running, reader, at, workload });
    await running.stop();
    await reader.stop();
    if (!run.isFailed) await afterwards?.(task);
    return run;
  } finally {
    await running.stop();
    await reader.stop();
    await queue.delete();
  }
}

/** @param of.paths as `loadGraph` gave them. Names of table and queue are new for each task. */
export function planTask(
  at: Surroundings,
  workload: Workload,
  of: { readonly seed: number; readonly paths: readonly string[] },
): Task {
  const id = randomUUID().replaceAll('-', '').slice(0, 12);
  return {
    ...of,
    graphUrl: at.graphUrl,
    storage: at.storage,
    uncountedStorage: at.uncountedStorage,
    table: `run${id}`,
    queue: `run-${id}`,
    intervalMs: workload.intervalMs,
    tickMs: workload.tickMs,
    shards: workload.shards,
    hosts: workload.hosts,
    telemetry: at.telemetry,
  };
}

/** Fills Graph with the workload's operations, all at their first word. @returns their paths, which are the seed's. */
export async function loadGraph(
  { graph }: Surroundings,
  workload: Workload,
  seed: number,
): Promise<readonly string[]> {
  const { throttle } = workload;
  await graph.reset();
  await graph.load(loadOf(workload, seed));
  if (throttle?.type === 'quota') await graph.setQuota({ itemsPerSecond: throttle.itemsPerSecond });
  if (throttle?.type === 'probability')
    await graph.addFault({ fault: 'throttle', retryAfter: 1, probability: throttle.share });
  return graph.paths();
}

type Watched = {
  readonly contestant: Contestant;
  readonly running: Running;
  readonly reader: QueueReader;
  readonly at: Surroundings;
  readonly workload: Workload;
};

async function watch(watched: Watched): Promise<Run> {
  const { at, workload } = watched;
  const { phases, tickMs } = workload;
  await untilTick(tickMs, Date.now());
  const leastMs = watched.contestant.name === 'opwatch' ? workload.sweeperWarmUpMs : 0;
  await delay(Math.max(phases.warmUp * tickMs, Math.ceil(leastMs / tickMs) * tickMs));
  const quiet = phases.quiet === 0 ? null : await measureWindow(watched, phases.quiet);
  await at.graph.arm();
  await untilTick(tickMs, Date.now() + phases.settle * tickMs - beforeTickMs);
  const busy = await measureWindow(watched, phases.busy);
  const settledBeforeMs = busy.to.atMs - fairRoundMs(workload) - tickMs - underWayMs;
  const late = (await verdictNow(watched, settledBeforeMs)).lost.length;
  const verdict = await verdictOnceSettled(watched, settledBeforeMs);
  const problems = problemsOf(verdict);
  if (problems.length > 0) return { isFailed: true, problems };
  const seen = { histories: await at.graph.truth(), detections: verdict.detections };
  const figures = figuresOf(busy, workload, seen);
  const quietFigures = quiet && figuresOf(quiet, workload, seen);
  return {
    isFailed: false,
    quiet: quietFigures,
    busy: figures,
    storagePerTransition: quietFigures && storagePerTransition(quietFigures, figures),
    late,
    copies: verdict.copies,
  };
}

async function measureWindow(watched: Watched, ticks: number): Promise<{ from: Snapshot; to: Snapshot }> {
  const from = await snapshot(watched);
  await untilTick(watched.workload.tickMs, from.atMs + (ticks - 0.5) * watched.workload.tickMs);
  return { from, to: await snapshot(watched) };
}

/** Until a moment before a tick, at the earliest at the given instant. */
async function untilTick(tickMs: number, earliestMs: number): Promise<void> {
  const atMs = Math.ceil((earliestMs + beforeTickMs) / tickMs) * tickMs - beforeTickMs;
  await delay(Math.max(0, atMs - Date.now()));
}

async function snapshot({ running, at }: Watched): Promise<Snapshot> {
  const own = running.pids.map(readProcess);
  const [graph, storage, broker] = await Promise.all([
    at.graph.stats(),
    at.storageCounts(),
    running.broker?.() ?? { operations: 0, cpuMs: 0 },
  ]);
  const storageCpuMs = readProcess(at.pids.storage).cpuMs;
  return {
    atMs: Date.now(),
    httpRequests: graph.httpRequests,
    items: graph.items,
    throttledItems: graph.throttledItems,
    earlyItems: graph.earlyCalls,
    storageReads: storage.table.reads + storage.queue.reads,
    storageWrites: storage.table.writes + storage.queue.writes,
    brokerOperations: broker.operations,
    cpuMs: own.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    brokerCpuMs: broker.cpuMs === null ? null : storageCpuMs + broker.cpuMs,
    graphCpuMs: readProcess(at.pids.graph).cpuMs,
    residentBytes: own.reduce((sum, { residentBytes }) => sum + residentBytes, 0),
  };
}

async function verdictNow({ at, reader, contestant }: Watched, settledBeforeMs: number): Promise<Verdict> {
  // The truth is asked for after the messages: it knows of all that they can tell.
  const events = reader.messages.map(
    ({ text, arrivedAtMs }): ArrivedEvent => ({ ...contestant.readEvent(text), arrivedAtMs }),
  );
  return judge(events, await at.graph.truth(), settledBeforeMs);
}

/** What is told late is not lost: the judge waits for it, and then nothing excuses it. */
async function verdictOnceSettled(watched: Watched, settledBeforeMs: number): Promise<Verdict> {
  const untilMs = performance.now() + stragglersMs;
  for (;;) {
    const verdict = await verdictNow(watched, settledBeforeMs);
    if (verdict.lost.length === 0 || performance.now() > untilMs) return verdict;
    await delay(500);
  }
}
