// When an operation is read: a pure function of stored facts. Nothing is written to remember a due time, so nothing
// can be forgotten, and a restart costs at most one early read an operation.
import { fraction } from './keys.ts';
import type { Operation } from './operation.ts';

/** Longest wait that a failing operation can be stretched to, unless eight of its own intervals are longer. */
const longestStretchMs = 300_000;
/** Of the interval, to either side of a point: so the wait between two points is an interval ± 10 %. */
const jitterShare = 0.05;
const secondMs = 1000;
/**
 * Where notifications come, an operation that said nothing for four intervals (a minute for calls) is read once, for its
 * own may be lost; then every twenty (five minutes), which saves 95 % of the reads.
 */
const overdueIntervals = 4;
const proofIntervals = 20;
/** 404s closer together than this are one piece of evidence, so a missing operation is not read more often. */
export const evidenceSpacingMs = 20 * secondMs;
/** An operation that stays unreadable this long past its deadline expires without having been seen again. */
export const unreadablePastDeadlineMs = 60 * secondMs;

/**
 * The next instant after `afterMs` at which the operation is to be read.
 *
 * A healthy operation is read on an absolute grid: first poll, then one point an interval, each moved by a jitter that
 * the key and the point's number decide. The deadline and a minute past it are points too. A failing one is read on a
 * sparser grid that begins with the failure: waits double from one interval up to the cap. One that was seen and whose
 * parent's notifications come is read as a proof only: when one is overdue, and rarely from then on.
 * @param pushTrustedUntilMs until when notifications count as coming; null: they do not.
 */
export function nextPollAtMs(
  operation: Operation,
  afterMs: number,
  pushTrustedUntilMs: number | null = null,
): number {
  const regularMs =
    operation.health.status === 'ok'
      ? nextHealthyPoint(operation, afterMs, pushTrustedUntilMs)
      : nextRetryPoint(operation, afterMs);
  const lastLooksMs = [operation.deadlineAtMs, operation.deadlineAtMs + unreadablePastDeadlineMs];
  return Math.min(regularMs, ...lastLooksMs.filter((pointMs) => pointMs > afterMs));
}

function nextHealthyPoint(operation: Operation, afterMs: number, pushTrustedUntilMs: number | null): number {
  const isProof =
    operation.state === 'running' && pushTrustedUntilMs !== null && afterMs < pushTrustedUntilMs;
  if (!isProof) return nextGridPoint(operation, afterMs);
  const proofMs = nextProofPoint(operation, afterMs);
  return proofMs <= pushTrustedUntilMs ? proofMs : nextGridPoint(operation, pushTrustedUntilMs);
}

function nextProofPoint({ changedAtMs, policy }: Operation, afterMs: number): number {
  const overdueAtMs = changedAtMs + overdueIntervals * policy.intervalMs;
  return overdueAtMs > afterMs
    ? overdueAtMs
    : nextEvenPoint(overdueAtMs, proofIntervals * policy.intervalMs, afterMs);
}

function nextGridPoint(operation: Operation, afterMs: number): number {
  const { firstPollMs, intervalMs } = operation.policy;
  const startMs = operation.trackedAtMs + firstPollMs;
  const estimate = Math.floor((afterMs - startMs) / intervalMs);
  // Jitter moves a point by a fraction of an interval, so the next one is within a step of the estimate.
  for (let index = Math.max(0, estimate - 1); ; index += 1) {
    const pointMs = gridPointMs(operation, index);
    if (pointMs > afterMs) return pointMs;
  }
}

function gridPointMs(operation: Operation, index: number): number {
  const { firstPollMs, intervalMs } = operation.policy;
  const jitterMs = index === 0 ? 0 : Math.round(jitter(operation.key, index) * jitterShare * intervalMs);
  return operation.trackedAtMs + firstPollMs + index * intervalMs + jitterMs;
}

/** From −1 to 1, decided by key and index (a multiplicative hash: neighbours in either are far apart). */
function jitter(key: string, index: number): number {
  const mixed = Math.imul(fraction(key, 'phase') ^ Math.imul(index, 0x9e37_79b1), 0x85eb_ca6b) >>> 0;
  return (mixed / 0xffff_ffff) * 2 - 1;
}

/**
 * Missing operations are read at an even pace, because their absence must be proven soon; blocked and unreadable ones
 * back off: the wait doubles from one interval to the cap and stays there.
 */
function nextRetryPoint(operation: Operation, afterMs: number): number {
  const { health } = operation;
  const { intervalMs } = operation.policy;
  if (health.status === 'missing') {
    // A deletion is a reason to look at once: the operation's own last word may have been lost.
    if (health.evidence.deletedAtMs !== null && afterMs < health.sinceAtMs) return health.sinceAtMs;
    return nextEvenPoint(health.sinceAtMs, Math.max(intervalMs, evidenceSpacingMs), afterMs);
  }
  const capMs = Math.max(8 * intervalMs, longestStretchMs);
  let pointMs = health.sinceAtMs;
  for (let waitMs = intervalMs; waitMs < capMs; waitMs *= 2) {
    pointMs += waitMs;
    if (pointMs > afterMs) return pointMs;
  }
  return nextEvenPoint(pointMs, capMs, afterMs);
}

function nextEvenPoint(startMs: number, stepMs: number, afterMs: number): number {
  return startMs + Math.max(1, Math.floor((afterMs - startMs) / stepMs) + 1) * stepMs;
}
