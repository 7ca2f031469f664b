// How fast this process asks for one tenant: gathers what Graph lets pass between two refusals, and holds requests back
// as far as the pace that follows from it says.
import { type Evidence, evidenceAfter, itemsPerSecondAt, noEvidence, type Pace } from '../domain/pace.ts';
import type { Clock } from './ports.ts';

export type TenantPace = {
  /** Waits until some of so many items may be asked for. @returns how many of them, and for how long it waited. */
  readonly admit: (items: number, pace: Pace | null, sleep: Sleep) => Promise<Admitted>;
  /** Graph answered so many items; refused: others it did not. @returns the evidence since the refusal before. */
  readonly settle: (answered: number, isRefused: boolean) => Evidence;
};

export type Admitted = { readonly items: number; readonly waitedMs: number };
export type Sleep = (ms: number) => Promise<void>;

/** A silence counts as asking for so long at most, and who was silent may catch up with as much. */
const silenceMs = 1000;

export function createTenantPace(clock: Clock): TenantPace {
  let evidence = noEvidence;
  /** What is answered after a refusal was asked for before it: the evidence ends when asking begins again. */
  let refusedAtMs: number | null = null;
  let countedMs = clock.monotonicMs();
  let paidMs = countedMs;
  return { admit, settle };

  async function admit(items: number, pace: Pace | null, sleep: Sleep): Promise<Admitted> {
    if (refusedAtMs !== null) beginAgain(refusedAtMs);
    count(silenceMs);
    if (pace === null) return { items, waitedMs: 0 };
    const perSecond = itemsPerSecondAt(pace, clock.nowMs());
    const admitted = Math.max(1, Math.min(items, Math.floor(perSecond)));
    const startMs = Math.max(paidMs, clock.monotonicMs() - silenceMs);
    paidMs = startMs + (admitted * 1000) / perSecond;
    const waitedMs = Math.max(0, startMs - clock.monotonicMs());
    if (waitedMs > 0) await sleep(waitedMs);
    count(waitedMs);
    return { items: admitted, waitedMs };
  }

  function settle(answered: number, isRefused: boolean): Evidence {
    if (isRefused && refusedAtMs === null) {
      count(silenceMs);
      refusedAtMs = countedMs;
    }
    evidence = { ...evidence, items: evidence.items + answered };
    return evidence;
  }

  /** After a wait nothing is caught up with: the bucket has been filled for no more than that. */
  function beginAgain(sinceMs: number): void {
    countedMs = clock.monotonicMs();
    paidMs = countedMs;
    evidence = evidenceAfter(evidence, countedMs - sinceMs);
    refusedAtMs = null;
  }

  function count(atMostMs: number): void {
    const nowMs = clock.monotonicMs();
    evidence = { ...evidence, ms: evidence.ms + Math.min(nowMs - countedMs, atMostMs) };
    countedMs = nowMs;
  }
}
