// One seed, one history: a hundred seconds in which anything may go wrong, then four minutes of calm in which all has to
// settle, then the verdict.

import { durationsOf } from '../../src/domain/durations.ts';
import { emptyMemory } from '../../src/domain/shard-memory.ts';
import { writeMemory } from '../../src/storage/rows.ts';
import type { History } from '../checker/history.ts';
import { createMemoryTable } from '../fakes/memory-table.ts';
import {
  calmMs,
  lifeOfFaultsMs,
  startCaller,
  startConsumer,
  startPlatform,
  startSweeping,
  startVisitors,
} from './actors.ts';
import { type AppProcess, type Outside, shardOf, startAppProcess } from './app-process.ts';
import { drawOperation, drawParent } from './life.ts';
import { calmPlan, drawPlan, type PlanOptions, second } from './plan.ts';
import { drawRush, startRush } from './rush.ts';
import { createSimulatedGraph, playTruth } from './simulated-graph.ts';
import { createWorld, type Process } from './world.ts';

/** An ordinary second of an ordinary day. */
const startMs = Date.UTC(2026, 10, 22, 6);

/** Of so many worlds, one begins with durations learned before. */
const learnedEvery = 7;
/** In every other world a shard is read in part, however few live there. */
const wholeUpTo = (seed: number): number => (seed % 2 === 0 ? 1000 : 0);

type Runner = { readonly process: Process; app: AppProcess };

export async function runSeed(seed: number, options: PlanOptions = {}): Promise<History> {
  const world = createWorld(seed, startMs);
  let plan = drawPlan(world, options);
  const parents = [drawParent(world), drawParent(world)];
  const operations = Array.from({ length: plan.operations }, (_, index) =>
    drawOperation(world, {
      kind: plan.kind,
      parent: parents[index % parents.length] ?? '',
      version: world.chance(0.3) ? 'beta' : 'v1.0',
    }),
  );
  const rush = drawRush(world, plan.kind, parents[0] ?? '');
  const graph = createSimulatedGraph([...operations, ...rush]);
  const outside: Outside = {
    world,
    table: createMemoryTable(world.nowMs),
    queue: { bodies: [] },
    graph,
    plan: () => plan,
    wholeUpTo: wholeUpTo(seed),
  };
  if (seed % learnedEvery === 0) await rememberDurations(outside);
  const sweepers = Array.from({ length: plan.sweepers }, (_, index) => start(outside, `sweeper${index + 1}`));
  const api = start(outside, 'api');
  const runners = [...sweepers, api];

  playTruth(world, graph);
  for (const sweeper of sweepers)
    startSweeping(
      world,
      () => sweeper.app,
      () => plan,
    );
  for (const operation of operations) startCaller(world, () => api.app, operation);
  startVisitors(world, () => api.app, operations);
  if (plan.pushes) startPlatform(world, () => api.app, operations);
  const consumer = startConsumer(world, outside.queue);
  planDisasters(outside, runners);

  await world.run(startMs + lifeOfFaultsMs);
  plan = calmPlan(plan);
  for (const runner of runners) restart(outside, runner);
  world.record({ by: 'world', type: 'calm' });
  startRush(world, { sweeper: () => sweepers[0]?.app ?? api.app, api: () => api.app, graph }, rush);
  await world.run(startMs + lifeOfFaultsMs + calmMs);
  consumer.drain();
  recordKept(outside);
  return world.history;
}

function start(outside: Outside, name: string): Runner {
  const process: Process = { name, epoch: 1, pausedUntilMs: 0 };
  return { process, app: startAppProcess(outside, process) };
}

function restart(outside: Outside, runner: Runner): void {
  runner.process.epoch += 1;
  runner.process.pausedUntilMs = 0;
  runner.app = startAppProcess(outside, runner.process);
  outside.world.record({ by: runner.process.name, type: 'restarted' });
}

function planDisasters(outside: Outside, runners: readonly Runner[]): void {
  const { world, plan } = outside;
  const soon = (): number => world.between(2 * second, lifeOfFaultsMs - 5 * second);
  for (let count = plan().crashes; count > 0; count -= 1) world.after(soon(), () => crash(any()));
  for (let count = plan().pauses; count > 0; count -= 1) world.after(soon(), () => pause(any()));
  for (let count = plan().memoryFaults; count > 0; count -= 1)
    world.after(soon(), () => void spoilMemory(outside));

  function any(): Runner {
    return runners[Math.floor(world.random() * runners.length)] as Runner;
  }

  function crash(runner: Runner): void {
    const { process } = runner;
    process.epoch += 1;
    process.pausedUntilMs = Number.POSITIVE_INFINITY; // dead, until it is started again
    world.record({ by: process.name, type: 'crashed' });
    const { epoch } = process;
    world.after(world.between(500, 10 * second), () => {
      if (process.epoch === epoch) restart(outside, runner);
    });
  }

  function pause({ process }: Runner): void {
    if (process.pausedUntilMs > world.nowMs()) return;
    process.pausedUntilMs = world.nowMs() + world.between(5 * second, 120 * second);
    world.record({ by: process.name, type: 'paused' });
  }
}

/** The shard has seen operations of a minute: polls are rare before that age, for ends that come when they like. */
async function rememberDurations({ table, plan }: Outside): Promise<void> {
  const ends = Array.from({ length: 100 }, () => ({ fromMs: 55 * second, toMs: 65 * second }));
  const properties = writeMemory({ ...emptyMemory, durations: durationsOf(ends) });
  await table.transact(shardOf(plan()), [{ type: 'create', rowKey: 'memory', properties }]);
}

/** `memory` lost, garbled, or of a clock that is a year ahead. */
async function spoilMemory({ world, table, plan }: Outside): Promise<void> {
  const shard = shardOf(plan());
  const row = await table.get(shard, 'memory');
  if (row === null) return;
  const ahead = JSON.stringify({ sweptAtMs: world.nowMs() + 31_536_000_000, pauses: {} });
  const value = world.chance(0.5) ? '{"garbled' : ahead;
  world.record({ by: 'world', type: 'fault', what: 'memory' });
  await table.transact(
    shard,
    world.chance(0.3)
      ? [{ type: 'delete', rowKey: 'memory', etag: row.etag }]
      : [{ type: 'replace', rowKey: 'memory', etag: row.etag, properties: { v: 1, value } }],
  );
}

function recordKept({ world, table, plan }: Outside): void {
  const bodies = new Map<string, string[]>();
  for (const { rowKey, properties } of table.rows(shardOf(plan()))) {
    const [, key] = /^event!([^!]+)!/.exec(rowKey) ?? [];
    if (key !== undefined) bodies.set(key, [...(bodies.get(key) ?? []), String(properties['body'])]);
  }
  for (const [key, list] of bodies) world.record({ by: 'table', type: 'kept', key, bodies: list });
}
