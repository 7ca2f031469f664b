// Timers: serial runs, catch-up, what a later host makes of the status, and one listener among several hosts.
import { BlobServiceClient } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../dev/host/clock.ts';
import type { PlannedFunction, TimerTrigger } from '../../../dev/host/function-plan.ts';
import type { Invocation } from '../../../dev/host/invoke.ts';
import { planRetry, type RetryPlan } from '../../../dev/host/retry.ts';
import { parseSchedule } from '../../../dev/host/schedule.ts';
import type { ScheduleStatus } from '../../../dev/host/timer-input.ts';
import { runTimer } from '../../../dev/host/timers.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { startHostProcess } from './harness.ts';

const startMs = Date.parse('2026-11-22T06:00:00.000Z');
const secondsAfterStart = (ms: number) => (ms - startMs) / 1000;

type Run = {
  readonly atSeconds: number;
  readonly isPastDue: boolean;
  readonly status: ScheduleStatus | null;
};

type Given = {
  readonly schedule: string;
  /** How long each run takes; the timer is stopped during the last. Negative: that run fails after the time. */
  readonly runSeconds: readonly number[];
  readonly stored?: ScheduleStatus;
  readonly runOnStartup?: boolean;
  readonly retry?: RetryPlan;
};

/** A timer on a clock that jumps to whatever is waited for. */
async function runsOf(
  given: Given,
): Promise<{ readonly runs: readonly Run[]; readonly last: ScheduleStatus | null }> {
  const stopping = new AbortController();
  let nowMs = startMs;
  let stored: ScheduleStatus | null = given.stored ?? null;
  const runs: Run[] = [];
  const schedule = parseSchedule(given.schedule);
  const clock: Clock = {
    nowMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
  };
  const invoke = async (_fn: PlannedFunction, { input }: Invocation) => {
    const timer = JSON.parse(input.json ?? '');
    runs.push({
      atSeconds: secondsAfterStart(nowMs),
      isPastDue: timer.IsPastDue,
      status: timer.ScheduleStatus,
    });
    const seconds = given.runSeconds[runs.length - 1] ?? 0;
    nowMs += Math.abs(seconds) * 1000;
    if (runs.length >= given.runSeconds.length) stopping.abort();
    if (seconds < 0) throw new Error('fails');
    return {};
  };
  const trigger: TimerTrigger = {
    type: 'timerTrigger',
    bindingName: 'timer',
    schedule,
    runOnStartup: given.runOnStartup ?? false,
    useMonitor: !schedule.isFrequent,
  };
  const metadata = { name: 'tick', bindings: {} };
  const fn = { name: 'tick', metadata, callback: () => undefined, isDisabled: false, trigger, outputs: [] };
  const store = {
    read: async () => stored,
    write: async (status: ScheduleStatus) => {
      stored = status;
    },
  };
  await runTimer(
    { ...fn, retry: given.retry },
    {
      invoker: { invoke },
      clock,
      log: () => undefined,
      signal: stopping.signal,
      store: trigger.useMonitor ? store : undefined,
    },
  );
  return { runs, last: stored };
}

const when = ({ runs }: { readonly runs: readonly Run[] }) => runs.map(({ atSeconds }) => atSeconds);
const status = (last: string, next: string): ScheduleStatus => ({
  Last: last,
  Next: next,
  LastUpdated: last,
});

describe('a timer', () => {
  test('runs at its occurrences, without status when they are frequent', async () => {
    const { runs, last } = await runsOf({ schedule: '*/10 * * * * *', runSeconds: [1, 1, 1] });
    expect(runs).toEqual([10, 20, 30].map((atSeconds) => ({ atSeconds, isPastDue: false, status: null })));
    expect(last).toBeNull();
  });

  test('follows a run over several occurrences by exactly one catch-up, not flagged', async () => {
    const { runs } = await runsOf({ schedule: '*/10 * * * * *', runSeconds: [35, 1, 1, 1] });
    expect(runs.map(({ atSeconds, isPastDue }) => [atSeconds, isPastDue])).toEqual([
      [10, false],
      [45, false],
      [50, false],
      [60, false],
    ]);
  });

  test('runs once past due after a start that missed many occurrences', async () => {
    const stored = status('2026-11-22T04:00:00.000Z', '2026-11-22T04:01:00.000Z');
    const { runs, last } = await runsOf({ schedule: '0 * * * * *', runSeconds: [1, 1], stored });
    expect(runs).toEqual([
      { atSeconds: 0, isPastDue: true, status: stored },
      {
        atSeconds: 60,
        isPastDue: false,
        status: expect.objectContaining({ Last: '2026-11-22T06:00:00.000Z' }),
      },
    ]);
    expect(last).toEqual({
      Last: '2026-11-22T06:01:00.000Z',
      Next: '2026-11-22T06:02:00.000Z',
      LastUpdated: '2026-11-22T06:01:01.000Z',
    });
  });

  test('forgets what it missed when the schedule changed', async () => {
    const stored = status('2026-11-22T04:00:00.000Z', '2026-11-22T04:05:00.000Z');
    expect(when(await runsOf({ schedule: '0 * * * * *', runSeconds: [1], stored }))).toEqual([60]);
  });

  test('waits for its first occurrence when it never ran, or runs at once with runOnStartup', async () => {
    expect(when(await runsOf({ schedule: '0 * * * * *', runSeconds: [1] }))).toEqual([60]);
    const schedule = '0 * * * * *';
    expect(when(await runsOf({ schedule, runSeconds: [1, 1], runOnStartup: true }))).toEqual([0, 60]);
  });

  test('waits months in slices', async () => {
    const days = when(await runsOf({ schedule: '0 0 6 22 3 *', runSeconds: [1] })).map(
      (seconds) => seconds / 86_400,
    );
    expect(days).toEqual([120]);
  });

  test('repeats a failed run only with a retry policy', async () => {
    const schedule = '*/30 * * * * *';
    expect(when(await runsOf({ schedule, runSeconds: [-1, -1, 1] }))).toEqual([30, 60, 90]);
    const fixed = planRetry('tick', {
      maxRetryCount: 1,
      retryStrategy: 'fixedDelay',
      delayInterval: { seconds: 4 },
    });
    if (fixed === undefined) throw new Error('No policy was made.');
    expect(when(await runsOf({ schedule, runSeconds: [-1, -1, 1], retry: fixed }))).toEqual([30, 35, 60]);
    const growing = planRetry('tick', {
      maxRetryCount: -1,
      retryStrategy: 'exponentialBackoff',
      minimumInterval: { seconds: 1 },
      maximumInterval: { seconds: 3 },
    });
    if (growing === undefined) throw new Error('No policy was made.');
    const failing = { schedule, runSeconds: [-1, -1, -1, -1, 1], retry: growing };
    expect(when(await runsOf(failing))).toEqual([30, 32, 35, 39, 43]);
  });
});

describe.concurrent('hosts on one storage account', () => {
  const envOf = (id: string, env: Readonly<Record<string, string>> = {}) => ({
    FIXTURE: 'timer',
    TICK: '*/1 * * * * *',
    AzureWebJobsStorage: azurite(),
    AzureFunctionsWebHost__hostid: `${id}${process.pid}`,
    ...env,
  });

  test('let one of them fire, and the other takes over after a kill', async () => {
    const env = envOf('kill');
    const first = await startHostProcess({ env });
    await first.until(() => first.told('tick')[0]);
    const second = await startHostProcess({ env });
    const before = first.told('tick').length;
    await first.until(() => first.told('tick')[before + 1]);
    expect(second.told('tick')).toEqual([]);
    await first.end('SIGKILL');
    await second.until(() => second.told('tick')[0]);
  });

  test('never run a timer beside itself, give it no status, and hand it over at a stop', async () => {
    const env = envOf('stop', { FIXTURE_TICK_MS: '1200' });
    const first = await startHostProcess({ env });
    await first.until(() => first.told('tick')[2]);
    const second = await startHostProcess({ env });
    expect(await first.end()).toBe(0);
    await second.until(() => second.told('tick')[0]);
    for (const told of [...first.told('tick'), ...second.told('tick')]) {
      expect(told).toMatchObject({ running: 1, isPastDue: false, scheduleStatus: null, retryCount: 0 });
    }
  });

  test('tell a run that was missed while none was there, and keep the status', async () => {
    const env = envOf('missed', { TICK: '0 0 0 1 * *' });
    const path = `timers/${env.AzureFunctionsWebHost__hostid}/tick/status`;
    const container = BlobServiceClient.fromConnectionString(azurite()).getContainerClient(
      'azure-webjobs-hosts',
    );
    await container.createIfNotExists();
    const blob = container.getBlockBlobClient(path);
    const stored = JSON.stringify(status('2020-01-01T00:00:00.000Z', '2020-02-01T00:00:00.000Z'));
    await blob.upload(stored, stored.length);
    const host = await startHostProcess({ env });
    const told = await host.until(() => host.told('tick')[0]);
    expect(told).toMatchObject({
      isPastDue: true,
      scheduleStatus: { last: '2020-01-01T00:00:00.000Z', next: '2020-02-01T00:00:00.000Z' },
    });
    await host.end();
    const now = JSON.parse((await blob.downloadToBuffer()).toString()) as ScheduleStatus;
    expect(Date.parse(now.Last)).toBeGreaterThan(Date.parse('2026-01-01'));
  });

  test('run a timer now when an admin asks', async () => {
    const env = envOf('admin', { TICK: '0 0 0 1 1 *' });
    const host = await startHostProcess({ env });
    const run = await fetch(`${host.url}/admin/functions/TICK`, { method: 'POST', body: '{"input":""}' });
    expect([run.status, await run.text()]).toEqual([202, '']);
    const told = await host.until(() => host.told('tick')[0]);
    expect(told).toMatchObject({ isPastDue: false, scheduleStatus: null });
  });

  test('repeat a failed run as its policy says', async () => {
    const host = await startHostProcess({
      env: envOf('retry', { TICK: '*/2 * * * * *', FIXTURE_RETRY: 'yes' }),
    });
    await host.until(() => host.told('tick')[3]);
    const counts = host.told('tick').map(({ retryCount }) => retryCount);
    expect(counts.slice(0, 4)).toEqual([0, 1, 2, 0]);
  });
});
