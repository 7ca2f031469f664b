// The verdict over a history: every invariant, and the story of the first operation that offends one.
import { type Facts, readFacts, type Violation } from './facts.ts';
import type { History, HistoryEvent } from './history.ts';
import {
  acknowledgedPushesCount,
  conclusionsHaveEvidence,
  durableFirst,
  everyTrackingEnds,
  expiredWasLookedAt,
  nothingInvented,
  nothingLost,
  shownEndsAreReported,
  stableIdentity,
  stopsMeanWhatTheySaw,
  unbrokenChains,
} from './invariants-of-events.ts';
import {
  copiesHaveReasons,
  endsAreCommittedPromptly,
  identitiesAreFollowedOnce,
  memoryIsJoined,
  nothingIsLeft,
  rowsGoForward,
  waitsAreKept,
  waitsAreShared,
  whatBeginsIsSeen,
} from './invariants-of-rows.ts';

export type { Violation } from './facts.ts';

export type Verdict = {
  readonly violations: readonly Violation[];
  /** Received beyond the first of their id: normal after mishaps, and counted. */
  readonly copies: number;
  readonly received: number;
};

const ofEvents = [
  stableIdentity,
  unbrokenChains,
  nothingLost,
  everyTrackingEnds,
  nothingInvented,
  conclusionsHaveEvidence,
  shownEndsAreReported,
  acknowledgedPushesCount,
  stopsMeanWhatTheySaw,
];

const ofRows = [
  durableFirst,
  expiredWasLookedAt,
  rowsGoForward,
  identitiesAreFollowedOnce,
  memoryIsJoined,
  waitsAreKept,
  waitsAreShared,
  nothingIsLeft,
  endsAreCommittedPromptly,
  whatBeginsIsSeen,
  copiesHaveReasons,
];

export function judge(history: History): Verdict {
  const facts = readFacts(history);
  const invariants = facts.hasCommits ? [...ofEvents, ...ofRows] : ofEvents;
  const violations = invariants.flatMap((invariant) => invariant(facts));
  return { violations, copies: copiesOf(facts), received: facts.received.length };
}

function copiesOf({ received }: Facts): number {
  return received.length - new Set(received.map(({ id }) => id)).size;
}

/** What a person needs to see: the violations, and truth, sights, commits and messages of the first operation in one order. */
export function explain(history: History, { violations }: Verdict): string {
  const [first] = violations;
  const list = violations
    .slice(0, 10)
    .map(({ invariant, key, message }) => `${invariant}  ${key ?? ''}  ${message}`);
  if (first?.key === null || first === undefined) return list.join('\n');
  const startMs = history[0]?.atMs ?? 0;
  const story = history.flatMap((event) => lineOf(event, { key: first.key ?? '', startMs }));
  return [...list, '', `The story of ${first.key}:`, ...story].join('\n');
}

function lineOf(event: HistoryEvent, { key, startMs }: { key: string; startMs: number }): readonly string[] {
  const text = textOf(event, key);
  if (text === null) return [];
  const seconds = ((event.atMs - startMs) / 1000).toFixed(3).padStart(9);
  return [`${seconds} s  ${event.by.padEnd(9)}  ${event.type.padEnd(10)}  ${text}`];
}

/** Null for what does not concern the key. */
function textOf(event: HistoryEvent, key: string): string | null {
  switch (event.type) {
    case 'truth':
      return event.key === key ? String(event.gone ?? event.word) : null;
    case 'observed':
      return event.key === key ? `${event.what} by ${event.how}` : null;
    case 'committed': {
      const own = event.rows.filter(({ rowKey }) => rowKey.includes(key));
      return own.length === 0
        ? null
        : own.map(({ action, rowKey }) => `${action} ${rowKey.replace(`!${key}`, '')}`).join(', ');
    }
    case 'enqueued':
    case 'received': {
      const { id, data } = JSON.parse(event.body);
      return data.key === key
        ? `${id.slice(key.length + 1)} ${data.current.state} ${data.current.status}`
        : null;
    }
    case 'tracked':
    case 'stopped':
    case 'stopAsked':
      return event.key === key ? String(event.generation) : null;
    case 'pushAcked':
      return event.key === key ? `${event.word}${event.parked ? ' (parked)' : ''}` : null;
    case 'crashed':
    case 'restarted':
    case 'paused':
    case 'calm':
      return '';
    case 'fault':
      return event.what;
    case 'called':
    case 'throttled':
    case 'kept':
    case 'ticked':
      return null;
  }
}
