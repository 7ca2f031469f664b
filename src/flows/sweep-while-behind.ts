// A sweep that Graph's limits kept from what is due is followed by the next as soon as they allow it, instead of at the
// next tick: so what Graph lets pass is used while there is something to ask for.
import type { SweepReport } from './sweep-report.ts';
import type { SweepLimits, SweepShard } from './sweep-shard.ts';

type Ports = { readonly sleep: (delayMs: number, signal: AbortSignal) => Promise<void> };

/** Fewer wait for the tick: one request holds as many. */
const leastUnread = 20;
/** A longer wait leaves the tick to other tenants. */
const longestWaitSeconds = 5;

/** @param onReport hears of each sweep. */
export function createSweepWhileBehind(ports: Ports, sweepShard: SweepShard) {
  return async function sweepWhileBehind(
    target: Parameters<SweepShard>[0],
    limits: SweepLimits,
    onReport: (report: SweepReport) => void,
  ): Promise<void> {
    for (let againInMs: number | null = 0; againInMs !== null && !limits.signal.aborted; ) {
      if (againInMs > 0) await ports.sleep(againInMs, limits.signal);
      const report = await sweepShard(target, limits);
      if (report === null) return;
      onReport(report);
      againInMs = againInMsAfter(report);
    }
  };
}

/** @returns null: at the next tick. */
function againInMsAfter({ read, unread, left, heldBackMs, throttledForSeconds }: SweepReport): number | null {
  if (read === 0 || unread < leastUnread || left > 0 || throttledForSeconds > longestWaitSeconds) return null;
  if (throttledForSeconds > 0) return throttledForSeconds * 1000;
  return heldBackMs > 0 ? 0 : null;
}
