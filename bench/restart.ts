// How long a process takes from its start until operations are read again that were watched before: the host's own start,
// the read of the shard, the first request, and the last. Everything is due, as after an outage.
import { setTimeout as delay } from 'node:timers/promises';
import { startReady } from '../dev/processes.ts';
import { opwatchSettings } from './contestants/opwatch.ts';
import { seedRows } from './contestants/seed-rows.ts';
import { readProcess } from './process-usage.ts';
import { loadGraph, planTask } from './run-contestant.ts';
import type { Surroundings } from './surroundings.ts';
import type { Workload } from './workload.ts';

export type Restart = {
  readonly operations: number;
  /** From the start of the process until its host serves. */
  readonly readyMs: number;
  /** From then on, by the first tick: until Graph is asked for the first operation, and for the last. */
  readonly firstReadMs: number;
  readonly allReadMs: number;
  readonly residentBytes: number;
};

const outageMs = 10 * 60_000;
const lookEveryMs = 10;
const giveUpAfterMs = 120_000;

export async function measureRestart(at: Surroundings, workload: Workload, seed: number): Promise<Restart> {
  const task = planTask(at, workload, { seed, paths: await loadGraph(at, workload, seed) });
  // Its own tick would come at any moment; here it comes once the host is there.
  const env = { ...opwatchSettings(task), OPWATCH_CONNECTION_OPERATION_TICK: '0 0 0 1 1 *' };
  await seedRows(task, env, Date.now() - outageMs);
  const startedAtMs = performance.now();
  const host = await startReady('dev/host/main.ts', { args: ['--port', '0'], env });
  try {
    const readyAtMs = performance.now();
    await fetch(`${host.url}/admin/functions/pollConnectionOperations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input: '' }),
    });
    const firstReadMs = (await untilRead(at, 1)) - readyAtMs;
    const allReadMs = (await untilRead(at, workload.operations)) - readyAtMs;
    const { residentBytes } = readProcess(host.pid);
    const { operations } = workload;
    return { operations, readyMs: readyAtMs - startedAtMs, firstReadMs, allReadMs, residentBytes };
  } finally {
    await host.stop();
  }
}

/** @returns when so many operations had been asked for. @throws Error after two minutes. */
async function untilRead({ graph }: Surroundings, count: number): Promise<number> {
  const untilMs = performance.now() + giveUpAfterMs;
  while (performance.now() < untilMs) {
    if ((await graph.stats()).items >= count) return performance.now();
    await delay(lookEveryMs);
  }
  throw new Error(`after a restart ${count} operations were not read within ${giveUpAfterMs} ms`);
}
