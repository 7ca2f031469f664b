// How fast this process asks for one tenant: gathers what Graph lets pass between two refusals, and holds requests back
// as far as the rate that follows from it says.
import { evidenceAfter, itemsPerSecondAt, noEvidence, type Rate, rateAfter } from '../domain/rate.ts';
import type { Clock } from './ports.ts';

export type RateGate = {
  /** How long nothing more may be asked for; 0: something may be now. */
  readonly waitMs: (rate: Rate | null) => number;
  /** Counts what is asked for now. @returns how many of so many items it may be. */
  readonly take: (items: number, rate: Rate | null) => number;
  /** Graph answered so many items, and refused others if `isRefused`, while this rate was kept to. */
  readonly settle: (answered: number, isRefused: boolean, rate: Rate | null) => void;
  /** The rate after the refusal that was settled last, as far as its answers are in. */
  readonly rateAfter: (pause: { readonly sinceMs: number; readonly untilMs: number }) => Rate | null;
};

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
  /** Until when what was asked for keeps to the rate. */
  let paidMs = countedMs;
  return { waitMs, take, settle, rateAfter: (pause) => rateAfter(evidence, pause, refusal?.rate ?? null) };

  function waitMs(rate: Rate | null): number {
    return rate === null || refusal !== null ? 0 : Math.max(0, paidMs - clock.monotonicMs());
  }

  function take(items: number, rate: Rate | null): number {
    if (refusal !== null) beginAgain(refusal.atMs);
    count();
    if (rate === null) return items;
    const perSecond = itemsPerSecondAt(rate, clock.nowMs());
    const taken = Math.max(1, Math.min(items, Math.floor(perSecond)));
    paidMs = Math.max(paidMs, countedMs - caughtUpMs) + (taken * 1000) / perSecond;
    return taken;
  }

  function settle(answered: number, isRefused: boolean, rate: Rate | null): void {
    if (isRefused && refusal === null) {
      count();
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

  /** Who is held back is not silent. */
  function count(): void {
    const nowMs = clock.monotonicMs();
    const mostMs = Math.max(silenceMs, paidMs - countedMs);
    evidence = { ...evidence, ms: evidence.ms + Math.min(nowMs - countedMs, mostMs) };
    countedMs = nowMs;
  }
}
