// How fast Graph is asked once it has refused: as fast as it let us be, then ever faster until it refuses again. A rate
// is a fact like a pause: what it says at a time depends on nothing but itself, so it outlives a restart.

export type Rate = {
  /** What Graph let pass. */
  readonly itemsPerSecond: number;
  /** It holds from the end of a pause on. */
  readonly sinceMs: number;
  /** After so long Graph is asked as fast as it let us be, after four times as long a third faster. */
  readonly trustedMs: number;
};

/** What was answered, and the time in which it was asked for. */
export type Evidence = { readonly items: number; readonly ms: number };

export const noEvidence: Evidence = { items: 0, ms: 0 };

/** Ten requests' worth. Fewer say nothing: a refusal may be a hiccup. */
const leastItems = 200;
/** A rate is trusted for three times as long as it was watched, … */
const trustedTimes = 3;
/** … at most so long that the waits which its trials bring stay below a hundredth of the time, … */
const trustedPauses = 120;
/** … and never so long that a better world is noticed too late. */
const longestTrustMs = 30 * 60_000;
/** The first share is held back, the cube of the age brings it back: slow around what Graph let pass, then fast. */
const heldBack = 0.003;
/** From here on a rate holds nobody back. */
const forgottenAtAge = 9;

/** Beyond this multiple of what was let pass, what was asked for at last says nothing. */
const mostAhead = 1.2;

/**
 * The rate after a refusal. A bucket that leaks is empty at each refusal, so between two of them what it leaks was let
 * pass, the wait included. Where it ran over while it was asked too slowly it could have let pass more, and less than
 * what was asked for at last: the truth is taken to be in the middle.
 * @param evidence since the refusal before this one.
 * @param pause the wait that was announced.
 * @param before the rate that was kept to until now; it holds on where the evidence says nothing.
 */
export function rateAfter(
  evidence: Evidence,
  pause: { readonly sinceMs: number; readonly untilMs: number },
  before: Rate | null,
): Rate | null {
  const pauseMs = pause.untilMs - pause.sinceMs;
  if (pauseMs <= 0 || evidence.items < leastItems) return before && { ...before, sinceMs: pause.untilMs };
  const ms = evidence.ms + pauseMs;
  const passed = (evidence.items * 1000) / ms;
  const asked = before === null ? 0 : itemsPerSecondAt(before, pause.sinceMs);
  return {
    itemsPerSecond: before === null ? passed : (passed + Math.min(asked, mostAhead * passed)) / 2,
    sinceMs: pause.untilMs,
    trustedMs: Math.min(trustedTimes * ms, trustedPauses * pauseMs, longestTrustMs),
  };
}

/** What is kept of the evidence once the wait is over: too little goes on, and nothing before a refusal is an outage. */
export function evidenceAfter({ items, ms }: Evidence, pauseMs: number): Evidence {
  return items === 0 || items >= leastItems ? noEvidence : { items, ms: ms + pauseMs };
}

/** How many items may be asked for in a second at this time; any number when infinite. */
export function itemsPerSecondAt({ itemsPerSecond, sinceMs, trustedMs }: Rate, nowMs: number): number {
  const age = Math.max(0, nowMs - sinceMs) / trustedMs;
  if (age >= forgottenAtAge) return Number.POSITIVE_INFINITY;
  return itemsPerSecond * (1 - heldBack + heldBack * age ** 3);
}

/** The end of its influence. */
export function rateEndsAtMs({ sinceMs, trustedMs }: Rate): number {
  return sinceMs + forgottenAtAge * trustedMs;
}
