// `npm run bench`: what watching costs on this machine, beside others who watch. Correctness comes first: one who loses,
// invents, repeats or disorders a transition has no figures, and when that is Opwatch, nobody has.
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { buildBundle } from '../dev/build.ts';
import type { Contestant, ContestantName, Task } from './contestants/contestant.ts';
import { contestants } from './contestants/contestants.ts';
import { writeBlock } from './documents.ts';
import type { Floors } from './floors.ts';
import { readMachine } from './machine.ts';
import { type Plan, parseOptions, usage } from './options.ts';
import { fullReport, shortReport } from './report.ts';
import { measureRestart, type Restart } from './restart.ts';
import type { GoodRun, Outcome, Result } from './result.ts';
import { loadGraph, planTask, type Run, runContestant } from './run-contestant.ts';
import { type Surroundings, startSurroundings } from './surroundings.ts';
import type { SweepRead } from './sweep-read.ts';
import type { Workload } from './workload.ts';

/** Of a run's operations, as many as the floors need. */
const floorPaths = 2000;
const root = process.cwd();

if (process.argv.includes('--help')) process.stdout.write(usage);
// Other measurements, which end the process themselves.
else if (process.argv.includes('--proxy')) await import('./proxy.ts');
else if (process.argv.includes('--notifications')) await import('./notifications.ts');
else process.exit((await main(parseOptions(process.argv.slice(2)))) ? 0 : 1);

/** @returns whether Opwatch told what happened and nothing else. */
async function main(plan: Plan): Promise<boolean> {
  const startedAt = new Date().toISOString();
  const machine = readMachine(root);
  const [at] = await Promise.all([startSurroundings(plan), buildBundle(root)]);
  const measured = await measureAndStop(plan, at);
  const result: Result = { startedAt, machine, plan, ...measured };
  await mkdir(dirname(plan.jsonPath), { recursive: true });
  await writeFile(plan.jsonPath, JSON.stringify(result, null, 2));
  const { steady, rush, throttled, scale, scaleOut } = result;
  const failures = [...steady, ...rush, ...throttled, ...scale, ...scaleOut].flatMap(({ name, problems }) =>
    name === 'opwatch' ? problems : [],
  );
  if (failures.length > 0) {
    process.stdout.write(`FAIL\n${failures.slice(0, 20).join('\n')}\n`);
    return false;
  }
  process.stdout.write(`${fullReport(result)}\n`);
  if (plan.isWritten) {
    await writeBlock('docs/performance.md', 'bench', fullReport(result));
    await writeBlock('README.md', 'bench', shortReport(result));
  }
  return true;
}

async function measureAndStop(plan: Plan, at: Surroundings): Promise<Measured> {
  try {
    return await measureAll(plan, at);
  } finally {
    await at.stop();
  }
}

type Measured = Omit<Result, 'startedAt' | 'machine' | 'plan'>;

async function measureAll(plan: Plan, at: Surroundings): Promise<Measured> {
  const floors: Floors[] = [];
  const sweepReads: Result['sweepReads'][number][] = [];
  const afterwards = async (task: Task): Promise<void> => {
    floors.push(
      await runScript<Floors>('bench/floors.ts', [at.graphUrl, ...task.paths.slice(0, floorPaths)]),
    );
    sweepReads.push(await readRows(at, task));
  };
  const measured = { floors, sweepReads };
  const steady = await measureInterleaved(plan, at, {
    workload: plan.steady,
    names: ['opwatch', ...plan.peers],
    repetitions: (name) =>
      name === 'bullmq' || name === 'pgboss' ? plan.brokerRepetitions : plan.repetitions,
    afterwards,
  });
  const rush = await measureOnce(plan, at, { workload: plan.rush, names: ['opwatch'] });
  const throttled = await measureOnce(plan, at, {
    workload: plan.throttled?.workload ?? null,
    names: plan.throttled?.contestants ?? [],
  });
  const scale = await measureOnce(plan, at, { workload: plan.scale, names: ['opwatch'] });
  const scaleOut = await measureScaleOut(plan, at);
  const restarts: Restart[] = [];
  for (const workload of plan.restarts) {
    tellProgress(`Opwatch begins with ${workload.operations} operations`);
    restarts.push(await measureRestart(at, workload, plan.seed));
  }
  return { steady, rush, throttled, scale, scaleOut, restarts, ...measured };
}

async function measureScaleOut(plan: Plan, at: Surroundings): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const workload of plan.scaleOut) {
    const measured = await measureOnce(plan, at, { workload, names: ['opwatch'] });
    const title = `Opwatch, ${workload.hosts === 1 ? 'one process' : `${workload.hosts} processes`}`;
    outcomes.push(...measured.map((one) => ({ ...one, title })));
  }
  return outcomes;
}

/** @param once.workload null: not in this mode. */
async function measureOnce(
  plan: Plan,
  at: Surroundings,
  { workload, names }: { readonly workload: Workload | null; readonly names: readonly ContestantName[] },
): Promise<readonly Outcome[]> {
  if (workload === null) return [];
  return measureInterleaved(plan, at, { workload, names, repetitions: () => 1 });
}

type Series = {
  readonly workload: Workload;
  readonly names: readonly ContestantName[];
  readonly repetitions: (name: ContestantName) => number;
  /** Called after each run of Opwatch. */
  readonly afterwards?: (task: Task) => Promise<void>;
};

/**
 * One after another, again and again: what the machine does beside meets all of them. What was made for Opwatch before it
 * starts, rows that it has been watching for an hour, is made first, and it runs last: else storage would show them as new.
 */
async function measureInterleaved(plan: Plan, at: Surroundings, series: Series): Promise<readonly Outcome[]> {
  const missing = new Map<ContestantName, string | null>();
  for (const name of series.names) missing.set(name, await contestants[name].missing());
  const runs = new Map<ContestantName, Run[]>(series.names.map((name) => [name, []]));
  const rounds = Math.max(...series.names.map(series.repetitions));
  for (let round = 0; round < rounds; round += 1) {
    const { workload, afterwards } = series;
    const seed = plan.seed + round;
    const paths = await loadGraph(at, workload, seed);
    const tasks: (readonly [ContestantName, Task])[] = [];
    for (const name of series.names) {
      if (missing.get(name) !== null || round >= series.repetitions(name)) continue;
      const task = planTask(at, workload, { seed, paths });
      await contestants[name].prepare?.(task);
      tasks.push([name, task]);
    }
    for (const [name, task] of tasks.toReversed()) {
      tellProgress(`${contestants[name].title}, ${round + 1} of ${series.repetitions(name)}`);
      const hook = name === 'opwatch' && afterwards !== undefined ? { afterwards } : {};
      runs.get(name)?.push(await runContestant(contestants[name], at, { workload, task, ...hook }));
    }
  }
  return series.names.map((name) =>
    outcome(contestants[name], missing.get(name) ?? null, runs.get(name) ?? []),
  );
}

function outcome({ name, title, remark }: Contestant, skipped: string | null, runs: readonly Run[]): Outcome {
  return {
    name,
    title,
    remark,
    skipped,
    problems: runs.flatMap((run) => (run.isFailed ? run.problems : [])),
    runs: runs.filter((run): run is GoodRun => !run.isFailed),
  };
}

/** On standard error: standard output is for the report alone. */
function tellProgress(what: string): void {
  const seconds = Math.round(performance.now() / 1000);
  process.stderr.write(`${String(seconds).padStart(4)} s  ${what}\n`);
}

async function readRows(at: Surroundings, task: Task): Promise<Result['sweepReads'][number]> {
  const before = await at.storageCounts();
  const read = await runScript<SweepRead>('bench/sweep-read.ts', [at.storage, task.table]);
  return { ...read, requests: (await at.storageCounts()).table.reads - before.table.reads };
}

/** A measurement that is a process of its own and says its result as JSON. */
async function runScript<T>(script: string, args: readonly string[]): Promise<T> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], {
    maxBuffer: 1024 * 1024,
  });
  return JSON.parse(stdout) as T;
}
