// The host's time, as a port: schedules and leases are tested without waiting for them.
import { setTimeout as delay } from 'node:timers/promises';

export type Clock = {
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  /** Resolves after the time, or at once when the signal aborts; it never rejects. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
};

/** Node fires a timer of more than 24.8 days at once, and a laptop that slept wakes up late: wait in slices. */
const longestSliceMs = 60_000;

export const systemClock: Clock = {
  nowMs: Date.now,
  sleep: async (ms, signal) => {
    try {
      await delay(Math.max(0, ms), undefined, { signal });
    } catch {
      // Aborted: the caller looks at its signal.
    }
  },
};

/** Resolves when the clock shows the instant or the signal aborts. */
export async function sleepUntil(clock: Clock, atMs: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    const leftMs = atMs - clock.nowMs();
    if (leftMs <= 0 || signal.aborted) return;
    await clock.sleep(Math.min(leftMs, longestSliceMs), signal);
  }
}
