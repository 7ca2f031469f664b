// How fast this process asks for one tenant: gathers what Graph lets pass between two refusals, and holds requests back
// as far as the rate that follows from it says.
import { evidenceAfter, itemsPerSecondAt, noEvidence, type Rate, rateAfter } from '../domain/rate.ts';
import type { Clock } from './ports.ts';

export type RateGate = {
  /** Waits until some of so many items may be asked for. @returns how many of them, and for how long it waited. */
  readonly admit: (items: number, rate: Rate | null, sleep: Sleep) => Promise<Admitted>;
  /** Graph answered so many items, and refused others if `isRefused`, while this rate was kept to. */
  readonly settle: (answered: number, isRefused: boolean, rate: Rate | null) => void;
  /** The rate after the refusal that was settled last, as far as its answers are in. */
  readonly rateAfter: (pause: { readonly sinceMs: number; readonly untilMs: number }) => Rate | null;
};

export type Admitted = { readonly items: number; readonly waitedMs: number };
export type Sleep = (ms: number) => Promise<void>;

/** A silence counts as asking for so long at most. */
const silenceMs = 1000;
/** Who was silent may catch up with so much: the time between two sweeps. */
const caughtUpMs = 300;

type Refusal = { readonly atMs: number; readonly rate: Rate | null };

export function createRateGate(clock: Clock): RateGate {
  let evidence = noEvidence;
  /** What is answered after a refusal was asked for before it: the evidence ends when asking begins again. */
  let refusal: Refusal | null = null;
  let countedMs = clock.monotonicMs();
  let paidMs = countedMs;
  return { admit, settle, rateAfter: (pause) => rateAfter(evidence, pause, refusal?.rate ?? null) };

  async function admit(items: number, rate: Rate | null, sleep: Sleep): Promise<Admitted> {
    if (refusal !== null) beginAgain(refusal.atMs);
    count(silenceMs);
    if (rate === null) return { items, waitedMs: 0 };
    const perSecond = itemsPerSecondAt(rate, clock.nowMs());
    const admitted = Math.max(1, Math.min(items, Math.floor(perSecond)));
    const startMs = Math.max(paidMs, clock.monotonicMs() - caughtUpMs);
    paidMs = startMs + (admitted * 1000) / perSecond;
    const waitedMs = Math.max(0, startMs - clock.monotonicMs());
    if (waitedMs > 0) await sleep(waitedMs);
    count(waitedMs);
    return { items: admitted, waitedMs };
  }

  function settle(answered: number, isRefused: boolean, rate: Rate | null): void {
    if (isRefused && refusal === null) {
      count(silenceMs);
      refusal = { atMs: countedMs, rate };
    }
    evidence = { ...evidence, items: evidence.items + answered };
  }

  function beginAgain(refusedAtMs: number): void {
    countedMs = clock.monotonicMs();
    paidMs = countedMs;
    evidence = evidenceAfter(evidence, countedMs - refusedAtMs);
    refusal = null;
  }

  function count(atMostMs: number): void {
    const nowMs = clock.monotonicMs();
    evidence = { ...evidence, ms: evidence.ms + Math.min(nowMs - countedMs, atMostMs) };
    countedMs = nowMs;
  }
}
