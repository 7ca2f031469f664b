// One sweep of a shard at a time, and the next at once where a tick would come too late: when Graph's limits kept a sweep
// from what is due, so that what Graph lets pass is used, and when a sweep outlasted the tick, which else would be lost
// and double the time between two reads.
import type { Shard } from '../domain/stored.ts';
import type { Clock } from './ports.ts';
import type { SweepReport } from './sweep-report.ts';
import type { SweepLimits, SweepShard } from './sweep-shard.ts';

export type SweepWhileBehindPorts = {
  readonly sleep: (delayMs: number, signal: AbortSignal) => Promise<void>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
};

/** Fewer wait for the tick: one request holds as many. */
const leastUnread = 20;
/** A longer wait leaves the tick to other tenants. */
const longestWaitSeconds = 5;
/** What comes sooner after a sweep began is a copy of what began it: no two ticks are so close. */
const leastTickMs = 1000;

/** @param onReport hears of each sweep. */
export function createSweepWhileBehind(ports: SweepWhileBehindPorts, sweepShard: SweepShard) {
  /** Of the sweeps under way. */
  const beganMonotonicMs = new Map<Shard, number>();
  /** Shards whose next tick came while they were swept. */
  const missed = new Set<Shard>();

  return async function sweepWhileBehind(
    target: Parameters<SweepShard>[0],
    limits: SweepLimits,
    onReport: (report: SweepReport) => void,
  ): Promise<void> {
    for (let againInMs: number | null = 0; againInMs !== null && !limits.signal.aborted; ) {
      if (againInMs > 0) await ports.sleep(againInMs, limits.signal);
      const report = await sweepAlone(target, limits);
      if (report === null) return;
      onReport(report);
      const isMissed = missed.has(target.shard) && report.read > 0;
      againInMs = againInMsAfter(report) ?? (isMissed ? 0 : null);
    }
  };

  /** @returns null when this process sweeps the shard already. */
  async function sweepAlone(
    target: Parameters<SweepShard>[0],
    limits: SweepLimits,
  ): Promise<SweepReport | null> {
    const { shard } = target;
    const nowMs = ports.clock.monotonicMs();
    const beganMs = beganMonotonicMs.get(shard);
    if (beganMs !== undefined) {
      if (nowMs - beganMs >= leastTickMs) missed.add(shard);
      return null;
    }
    beganMonotonicMs.set(shard, nowMs);
    missed.delete(shard);
    return sweepShard(target, limits).finally(() => beganMonotonicMs.delete(shard));
  }
}

/** @returns null: at the next tick. */
function againInMsAfter({ read, unread, left, heldBackMs, throttledForSeconds }: SweepReport): number | null {
  if (read === 0 || unread < leastUnread || left > 0 || throttledForSeconds > longestWaitSeconds) return null;
  if (throttledForSeconds > 0) return throttledForSeconds * 1000;
  return heldBackMs > 0 ? 0 : null;
}
