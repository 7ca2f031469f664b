// `npm run simulate`: as many seeds as wanted, on all cores; the story of the first seed that breaks an invariant, and
// the command that tells it again.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { explain, judge } from '../checker/judge.ts';
import type { PlanOptions } from './plan.ts';
import { runSeed } from './run-seed.ts';

type Work = {
  readonly from: number;
  readonly seeds: number;
  readonly step: number;
  readonly options: PlanOptions;
};
type Result = {
  readonly seed: number;
  readonly copies: number;
  readonly received: number;
  readonly story: string;
};

async function runSeeds({ from, seeds, step, options }: Work, tell: (result: Result) => void): Promise<void> {
  for (let seed = from; seed < seeds; seed += step) {
    const history = await runSeed(seed, options);
    const verdict = judge(history);
    const story = verdict.violations.length === 0 ? '' : explain(history, verdict);
    tell({ seed, copies: verdict.copies, received: verdict.received, story });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      sweepers: { type: 'string' },
      operations: { type: 'string' },
    },
  });
  const from = Number(values.from);
  const end = from + Number(values.seeds);
  const options: PlanOptions = {
    ...(values.sweepers === undefined ? {} : { sweepers: Number(values.sweepers) }),
    ...(values.operations === undefined ? {} : { operations: Number(values.operations) }),
  };
  const step = Math.min(availableParallelism(), end - from);
  const totals = { seeds: 0, failed: 0, received: 0, copies: 0 };
  const startedMs = performance.now();
  const workers = Array.from({ length: step }, (_, index) => {
    const work: Work = { from: from + index, seeds: end, step, options };
    const worker = new Worker(new URL(import.meta.url), { workerData: work });
    worker.on('message', (result: Result) => take(result));
    return new Promise((resolve, reject) => {
      worker.once('exit', resolve);
      worker.once('error', reject);
    });
  });
  await Promise.all(workers);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(
    `${totals.seeds} seeds in ${seconds} s, ${totals.failed} failed; ${totals.received} events, ${totals.copies} of them copies`,
  );
  process.exit(totals.failed === 0 ? 0 : 1);

  function take({ seed, copies, received, story }: Result): void {
    totals.seeds += 1;
    totals.copies += copies;
    totals.received += received;
    if (totals.seeds % 5000 === 0) console.log(`${totals.seeds} seeds`);
    if (story === '') return;
    totals.failed += 1;
    if (totals.failed === 1) console.log(`npm run simulate -- --from ${seed} --seeds 1\n${story}\n`);
    else console.log(`seed ${seed} failed too`);
  }
}

if (isMainThread) await main();
else await runSeeds(workerData as Work, (result) => parentPort?.postMessage(result));
