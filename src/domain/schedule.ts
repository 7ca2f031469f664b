// When an operation is read: a pure function of stored facts. Nothing is written to remember a due time, so nothing
// can be forgotten, and a restart costs at most one early read an operation.
import type { Operation } from './operation.ts';
import { noOutlook, type Outlook } from './outlook.ts';
import { nextGridPoint } from './poll-grid.ts';

/** Longest wait that a failing operation can be stretched to, unless eight of its own intervals are longer. */
const longestStretchMs = 300_000;
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
 * A healthy operation is read on an absolute grid: first poll, then one point an interval, or as many as its age calls
 * for where durations are known, each moved by a jitter that the key and the point's number decide. The deadline and a
 * minute past it are points too. A failing one is read on a sparser grid that begins with the failure: waits double from
 * one interval up to the cap. One that was seen and whose parent's notifications come is read as a proof only: when one
 * is overdue, and rarely from then on.
 */
export function nextPollAtMs(operation: Operation, afterMs: number, outlook: Outlook = noOutlook): number {
  const regularMs =
    operation.health.status === 'ok'
      ? nextHealthyPoint(operation, afterMs, outlook)
      : nextRetryPoint(operation, afterMs);
  const lastLooksMs = [operation.deadlineAtMs, operation.deadlineAtMs + unreadablePastDeadlineMs];
  return Math.min(regularMs, ...lastLooksMs.filter((pointMs) => pointMs > afterMs));
}

function nextHealthyPoint(
  operation: Operation,
  afterMs: number,
  { pushTrustedUntilMs, cadence }: Outlook,
): number {
  const isProof =
    operation.state === 'running' && pushTrustedUntilMs !== null && afterMs < pushTrustedUntilMs;
  if (!isProof) return nextGridPoint(operation, afterMs, cadence);
  const proofMs = nextProofPoint(operation, afterMs);
  return proofMs <= pushTrustedUntilMs ? proofMs : nextGridPoint(operation, pushTrustedUntilMs, cadence);
}

function nextProofPoint({ changedAtMs, policy }: Operation, afterMs: number): number {
  const overdueAtMs = changedAtMs + overdueIntervals * policy.intervalMs;
  return overdueAtMs > afterMs
    ? overdueAtMs
    : nextEvenPoint(overdueAtMs, proofIntervals * policy.intervalMs, afterMs);
}

/**
 * Missing operations are read at an even cadence, because their absence must be proven soon; blocked and unreadable ones
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
