// The heart: what one piece of news means for one operation. Pure and total, so that whoever comes second (a slow
// poll after a push, a second sweeper, a retry after a lost answer) decides again and mostly finds nothing to say.
//
// A word moves an operation only forward: not started < running < unknown words < ended. A word of lower rank, or
// one of the same rank that was already left or was asked for before the last one came, is a lagging replica: ignored.
// `lost` needs evidence, `expired` a look at or after the deadline, `cancelled` a caller. Ended is final.
import { rankOfWord, wordOf } from './kinds.ts';
import {
  type DeletedObservation,
  type GoneObservation,
  type Observation,
  type RefusedObservation,
  type StatusObservation,
  throttledCode,
  type UnreadableObservation,
} from './observation.ts';
import { type EndState, type Evidence, type Health, isTerminal, type Operation } from './operation.ts';
import { evidenceSpacingMs, unreadablePastDeadlineMs } from './schedule.ts';
import type { Transition } from './transition.ts';

/** `ignored` says why news changed nothing: counted, never stored. */
export type Decision = {
  readonly operation: Operation;
  readonly transitions: readonly Transition[];
  readonly ignored: 'regression' | 'stale' | 'ended' | null;
};

/** How long 404s must last before they prove that an operation is gone. */
const evidenceSpanMs = 60_000;
const evidenceCount = 3;
/** Code of the health of an operation whose deletion was announced. */
const deletedCode = 'deleted';
/** No service has so many words; a row that held all that one could make up would be too long to be written. */
const maxLeftStatuses = 64;

/**
 * Applies an observation to an operation.
 * Nothing new returns the very same operation object, so that `decision.operation === operation` means: write nothing.
 */
export function observe(operation: Operation, observation: Observation): Decision {
  if (isTerminal(operation.state)) return unchanged(operation, 'ended');
  switch (observation.type) {
    case 'status':
      return observeStatus(operation, observation);
    case 'gone':
      return observeGone(operation, observation);
    case 'refused':
      return observeTrouble(operation, observation, 'blocked');
    case 'unreadable':
      return observeTrouble(operation, observation, 'unreadable');
    case 'deleted':
      return observeDeleted(operation, observation);
    case 'stop':
      return end(operation, 'cancelled', {
        observedBy: 'caller',
        atMs: observation.arrivedAtMs,
        evidence: null,
      });
  }
}

function observeStatus(operation: Operation, observation: StatusObservation): Decision {
  const seen = wordDecision(operation, observation);
  const recovered = withHealthOk(seen, observation);
  const pastDeadline = observation.observedBy !== 'push' && observation.sentAtMs >= operation.deadlineAtMs;
  if (!pastDeadline || isTerminal(recovered.operation.state)) return recovered;
  const expired = end(recovered.operation, 'expired', {
    observedBy: 'deadline',
    atMs: observation.arrivedAtMs,
    evidence: null,
  });
  return { ...expired, transitions: [...recovered.transitions, ...expired.transitions] };
}

/** What the word alone means. */
function wordDecision(operation: Operation, observation: StatusObservation): Decision {
  const word = fold(observation.status);
  const current = fold(operation.status);
  const isFirstSight = operation.state === 'pending';
  if (!isFirstSight && (word === current || word === null)) return unchanged(operation, null);
  if (!isFirstSight && isBehind(operation, word, observation)) return unchanged(operation, 'regression');
  const known = wordOf(operation.kind, word);
  const next: Operation = {
    ...operation,
    ...observation.details,
    sequence: operation.sequence + 1,
    state: known?.state ?? 'running',
    status: observation.status,
    statusKnown: known !== undefined,
    leftStatuses:
      isFirstSight || current === null
        ? operation.leftStatuses
        : [...operation.leftStatuses, current].slice(-maxLeftStatuses),
    changedAtMs: observation.arrivedAtMs,
    ...(known !== undefined && isTerminal(known.state)
      ? { endedAtMs: observation.arrivedAtMs, endedBy: observation.observedBy }
      : {}),
  };
  const transition = makeTransition(operation, next, {
    observedBy: observation.observedBy,
    atMs: observation.arrivedAtMs,
    evidence: null,
  });
  return { operation: next, transitions: [transition], ignored: null };
}

/** Rank decides, in whatever order news arrives; between words of one rank, the date does. */
function isBehind(operation: Operation, word: string | null, observation: StatusObservation): boolean {
  const rank = rankOfWord(operation.kind, word);
  const currentRank = rankOfWord(operation.kind, operation.status);
  if (rank !== currentRank) return rank < currentRank;
  return (word !== null && operation.leftStatuses.includes(word)) || isStale(operation, observation);
}

function observeGone(operation: Operation, observation: GoneObservation): Decision {
  if (isStale(operation, observation)) return unchanged(operation, 'stale');
  if (observation.httpStatus === 404 && observation.sentAtMs < operation.graceUntilMs) {
    return expireIfUnseen(operation, observation, operation);
  }
  const evidence = addEvidence(operation.health, observation);
  if (isProof(evidence)) {
    const missing = { ...operation, health: missingHealth(operation, observation, evidence) };
    return end(missing, 'lost', { observedBy: 'poll', atMs: observation.arrivedAtMs, evidence });
  }
  const next =
    evidence === evidenceOf(operation.health)
      ? operation
      : { ...operation, health: missingHealth(operation, observation, evidence) };
  return expireIfUnseen(operation, observation, next);
}

/** Adds a 404 to the evidence; one within 20 s of the last is the same answer asked twice. */
function addEvidence(health: Health, observation: GoneObservation): Evidence {
  const { httpStatus, sentAtMs } = observation;
  const before = evidenceOf(health);
  if (before?.httpStatus !== httpStatus) {
    const deletedAtMs = before?.deletedAtMs ?? null;
    return { httpStatus, count: 1, firstAtMs: sentAtMs, lastAtMs: sentAtMs, deletedAtMs };
  }
  if (sentAtMs - before.lastAtMs < evidenceSpacingMs) return before;
  return { ...before, count: before.count + 1, lastAtMs: sentAtMs };
}

function evidenceOf(health: Health): Evidence | null {
  return health.status === 'missing' ? health.evidence : null;
}

function isProof(evidence: Evidence): boolean {
  if (evidence.httpStatus === 410 || isLongDeleted(evidence, evidence.lastAtMs)) return true;
  return evidence.count >= evidenceCount && evidence.lastAtMs - evidence.firstAtMs >= evidenceSpanMs;
}

/** A minute after its deletion an operation that can't be read will never be: its last word was not heard. */
function isLongDeleted({ deletedAtMs }: Evidence, atMs: number): boolean {
  return deletedAtMs !== null && atMs - deletedAtMs >= evidenceSpanMs;
}

/** Nothing is concluded yet: the operation's own last word may be on its way. It is read at once, and then soon again. */
function observeDeleted(operation: Operation, observation: DeletedObservation): Decision {
  const { sentAtMs } = observation;
  const known = evidenceOf(operation.health);
  if (known !== null && known.deletedAtMs !== null) return unchanged(operation, null);
  const evidence: Evidence = {
    ...(known ?? { httpStatus: 404, count: 0, firstAtMs: sentAtMs, lastAtMs: sentAtMs }),
    deletedAtMs: sentAtMs,
  };
  const health: Health = {
    status: 'missing',
    code: deletedCode,
    sinceAtMs: observation.arrivedAtMs,
    evidence,
  };
  return { operation: { ...operation, health }, transitions: [], ignored: null };
}

function missingHealth(operation: Operation, observation: GoneObservation, evidence: Evidence): Health {
  const sinceAtMs =
    operation.health.status === 'missing' ? operation.health.sinceAtMs : observation.arrivedAtMs;
  return { status: 'missing', code: observation.code, sinceAtMs, evidence };
}

function observeTrouble(
  operation: Operation,
  observation: RefusedObservation | UnreadableObservation,
  status: 'blocked' | 'unreadable',
): Decision {
  if (isStale(operation, observation)) return unchanged(operation, 'stale');
  const { health } = operation;
  const evidence = evidenceOf(health);
  if (status === 'blocked' && evidence !== null && isLongDeleted(evidence, observation.sentAtMs))
    return end(operation, 'lost', { observedBy: 'poll', atMs: observation.arrivedAtMs, evidence });
  // Evidence of absence outlives a transport fault between two 404s: only a 200 refutes it. Throttling is the
  // tenant's, not the operation's: the shard remembers it.
  const isSame =
    health.status === 'missing' ||
    observation.code === throttledCode ||
    (health.status === status && health.code === observation.code);
  const next: Operation = isSame
    ? operation
    : {
        ...operation,
        health: { status, code: observation.code, sinceAtMs: troubleSince(operation, observation) },
      };
  return expireIfUnseen(operation, observation, next);
}

/** A change of code within one trouble does not begin its back-off anew. */
function troubleSince(operation: Operation, observation: { readonly arrivedAtMs: number }): number {
  const { health } = operation;
  return health.status === 'ok' ? observation.arrivedAtMs : health.sinceAtMs;
}

/** Past its deadline an operation that nobody can read is given up after a minute more. */
function expireIfUnseen(
  operation: Operation,
  observation: { readonly sentAtMs: number; readonly arrivedAtMs: number },
  next: Operation,
): Decision {
  if (observation.sentAtMs < operation.deadlineAtMs + unreadablePastDeadlineMs) {
    return { operation: next, transitions: [], ignored: null };
  }
  return end(next, 'expired', { observedBy: 'deadline', atMs: observation.arrivedAtMs, evidence: null });
}

/** An answer to a request that left before the last news came may be older than that news. */
function isStale(operation: Operation, observation: { readonly sentAtMs: number }): boolean {
  return observation.sentAtMs < operation.changedAtMs && operation.state !== 'pending';
}

/** An answer ends any trouble, whatever it says; a push ends only the suspicion that the operation is gone. */
function withHealthOk(decision: Decision, observation: StatusObservation): Decision {
  const { operation } = decision;
  const { health } = operation;
  const isEnded = observation.observedBy !== 'push' || health.status === 'missing';
  // A 200 that was asked for after the first 404 refutes it, also while that was still on its way.
  const beganAtMs = health.status === 'missing' ? health.evidence.firstAtMs : health.sinceAtMs;
  if (health.status === 'ok' || !isEnded || observation.sentAtMs < beganAtMs) return decision;
  const healed: Operation = { ...operation, health: { status: 'ok', sinceAtMs: observation.arrivedAtMs } };
  // The last transition carries the operation as it is stored.
  const transitions = decision.transitions.map((transition) => ({ ...transition, operation: healed }));
  return { ...decision, operation: healed, transitions };
}

type Cause = Pick<Transition, 'observedBy' | 'evidence'> & { readonly atMs: number };

function end(operation: Operation, state: EndState, cause: Cause): Decision {
  const next: Operation = {
    ...operation,
    sequence: operation.sequence + 1,
    state,
    changedAtMs: cause.atMs,
    endedAtMs: cause.atMs,
    endedBy: cause.observedBy,
  };
  return { operation: next, transitions: [makeTransition(operation, next, cause)], ignored: null };
}

function makeTransition(before: Operation, after: Operation, cause: Cause): Transition {
  const previous = before.sequence === 0 ? null : { state: before.state, status: before.status };
  return {
    previous,
    operation: after,
    observedBy: cause.observedBy,
    observedAtMs: cause.atMs,
    evidence: cause.evidence,
  };
}

function unchanged(operation: Operation, ignored: Decision['ignored']): Decision {
  return { operation, transitions: [], ignored };
}

function fold(status: string | null): string | null {
  return status === null ? null : status.toLowerCase();
}
