// A timer's loop. Runs are serial: one that outlasts the next occurrence is followed by exactly one catch-up run, at once
// and not flagged. isPastDue is told once, when a listener starts and the stored next time has passed.
// Dying in mid-run: the status still shows the old next time, so the next host runs once, past due (or, for a frequent
// schedule, which has no status, simply at the next occurrence).
import type { BlobServiceClient } from '@azure/storage-blob';
import { whileLocked } from './blob-lock.ts';
import { type Clock, sleepUntil } from './clock.ts';
import type { PlannedFunction, TimerTrigger } from './function-plan.ts';
import type { SingletonSettings } from './host-json.ts';
import { type Invoker, newInvocationId } from './invoke.ts';
import { type HostLog, messageOf } from './log.ts';
import type { Schedule } from './schedule.ts';
import { type ScheduleStatus, timerInput } from './timer-input.ts';
import { createTimerStatusStore, resumeStatus, type TimerStatusStore } from './timer-status.ts';

export type TimerListener = {
  readonly invoker: Invoker;
  readonly clock: Clock;
  readonly log: HostLog;
  readonly signal: AbortSignal;
  readonly hostId: string;
  readonly singleton: SingletonSettings;
  readonly blobs: BlobServiceClient;
};

/** Resolves after the signal aborted and the last run ended. */
export async function listenToTimer(
  fn: PlannedFunction<TimerTrigger>,
  listener: TimerListener,
): Promise<void> {
  const { hostId, blobs } = listener;
  const path = `locks/${hostId}/Host.Functions.${fn.name}.Listener`;
  const store = fn.trigger.useMonitor ? createTimerStatusStore(blobs, hostId, fn.name) : undefined;
  await whileLocked({ ...listener, path }, (signal) => runTimer(fn, { ...listener, store, signal }));
}

export type TimerLoop = {
  readonly invoker: Pick<Invoker, 'invoke'>;
  readonly clock: Clock;
  readonly log: HostLog;
  readonly signal: AbortSignal;
  /** Undefined for a schedule that is too frequent for a status, or when the function wants none. */
  readonly store: TimerStatusStore | undefined;
};

/** The loop of a listener that holds the lock. */
export async function runTimer(fn: PlannedFunction<TimerTrigger>, loop: TimerLoop): Promise<void> {
  const { clock, log, signal, store } = loop;
  const { schedule, runOnStartup } = fn.trigger;
  const startedMs = clock.nowMs();
  let { status, isPastDue } = await resume(store, schedule, startedMs);
  let dueMs = isPastDue || runOnStartup ? startedMs : schedule.next(startedMs);
  for (;;) {
    await sleepUntil(clock, dueMs, signal);
    if (signal.aborted) return;
    await runWithRetries(fn, { ...loop, status, isPastDue });
    isPastDue = false;
    const nextMs = schedule.next(dueMs);
    if (store !== undefined) {
      status = statusAfter(dueMs, nextMs, clock.nowMs());
      await bestEffort(log, fn.name, store.write(status));
    }
    dueMs = Math.max(nextMs, clock.nowMs());
  }
}

async function resume(
  store: TimerStatusStore | undefined,
  schedule: Schedule,
  nowMs: number,
): Promise<{ status: ScheduleStatus | null; isPastDue: boolean }> {
  if (store === undefined) return { status: null, isPastDue: false };
  const stored = await store.read();
  const resumed = resumeStatus(stored, schedule, nowMs);
  if (resumed.status !== stored) await store.write(resumed.status);
  return resumed;
}

type Run = Omit<TimerLoop, 'store' | 'log'> & {
  readonly status: ScheduleStatus | null;
  readonly isPastDue: boolean;
};

/** A failed run waits for the next occurrence, unless the function has a retry policy. */
async function runWithRetries(fn: PlannedFunction<TimerTrigger>, run: Run): Promise<void> {
  const { invoker, clock, signal, status, isPastDue } = run;
  const maxRetryCount = fn.retry?.maxRetryCount ?? 0;
  for (let retryCount = 0; ; retryCount += 1) {
    try {
      await invoker.invoke(fn, {
        invocationId: newInvocationId(),
        input: timerInput(status, isPastDue),
        triggerMetadata: {},
        ...(retryCount === 0 ? {} : { retryContext: { retryCount, maxRetryCount } }),
      });
      return;
    } catch {
      // Logged by the invoker.
      if (fn.retry === undefined || (maxRetryCount !== -1 && retryCount >= maxRetryCount)) return;
      await sleepUntil(clock, clock.nowMs() + fn.retry.delayMs(retryCount + 1), signal);
      if (signal.aborted) return;
    }
  }
}

function statusAfter(lastMs: number, nextMs: number, nowMs: number): ScheduleStatus {
  return {
    Last: new Date(lastMs).toISOString(),
    Next: new Date(nextMs).toISOString(),
    LastUpdated: new Date(nowMs).toISOString(),
  };
}

async function bestEffort(log: HostLog, name: string, write: Promise<void>): Promise<void> {
  try {
    await write;
  } catch (error) {
    // As in the real host: without it the worst is one run more after a restart.
    log(
      'warning',
      { category: `Function.${name}`, error: messageOf(error) },
      'the timer status was not written',
    );
  }
}
