// What each piece of news means, row by row; then what holds for any news in any order.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Observation } from '../../../src/domain/observation.ts';
import { observe } from '../../../src/domain/observe.ts';
import { isTerminal, type Kind, type Operation, type State } from '../../../src/domain/operation.ts';
import {
  aGone,
  anOperation,
  anUnreadable,
  aStatus,
  hour,
  minute,
  second,
  startMs,
} from '../../fixtures/builders.ts';

function after(observations: readonly Observation[], operation: Operation = anOperation()): Operation {
  return observations.reduce((current, observation) => observe(current, observation).operation, operation);
}

const words: readonly { kind: Kind; status: string | null; state: State; known: boolean }[] = [
  { kind: 'connectionOperation', status: 'unspecified', state: 'running', known: true },
  { kind: 'connectionOperation', status: 'inprogress', state: 'running', known: true },
  { kind: 'connectionOperation', status: 'InProgress', state: 'running', known: true },
  { kind: 'connectionOperation', status: 'completed', state: 'succeeded', known: true },
  { kind: 'connectionOperation', status: 'COMPLETED', state: 'succeeded', known: true },
  { kind: 'connectionOperation', status: 'failed', state: 'failed', known: true },
  { kind: 'connectionOperation', status: 'succeeded', state: 'running', known: false },
  { kind: 'connectionOperation', status: 'notStarted', state: 'running', known: false },
  { kind: 'connectionOperation', status: 'unknownFutureValue', state: 'running', known: false },
  { kind: 'connectionOperation', status: null, state: 'running', known: false },
  { kind: 'commsOperation', status: 'NotStarted', state: 'running', known: true },
  { kind: 'commsOperation', status: 'running', state: 'running', known: true },
  { kind: 'commsOperation', status: 'Completed', state: 'succeeded', known: true },
  { kind: 'commsOperation', status: 'failed', state: 'failed', known: true },
  { kind: 'commsOperation', status: 'inprogress', state: 'running', known: false },
  { kind: 'commsOperation', status: 'Idle', state: 'running', known: false },
  { kind: 'commsOperation', status: null, state: 'running', known: false },
  { kind: 'onenoteOperation', status: 'notStarted', state: 'running', known: true },
  { kind: 'onenoteOperation', status: 'Running', state: 'running', known: true },
  { kind: 'onenoteOperation', status: 'completed', state: 'succeeded', known: true },
  { kind: 'onenoteOperation', status: 'Failed', state: 'failed', known: true },
  { kind: 'onenoteOperation', status: 'complete', state: 'running', known: false },
];

describe('the first sight', () => {
  test.each(words)('of $kind "$status" is $state, known: $known', ({ kind, status, state, known }) => {
    const { operation, transitions } = observe(anOperation({ kind }), aStatus(status));
    expect(operation).toMatchObject({ state, status, statusKnown: known, sequence: 1 });
    expect(transitions).toHaveLength(1);
    expect(transitions[0]).toMatchObject({ previous: null, observedBy: 'poll', evidence: null });
    expect(transitions[0]?.operation).toEqual(operation);
  });
});

describe('a later word', () => {
  test.each([
    { was: 'inprogress', word: 'completed', sequence: 2 },
    { was: 'inprogress', word: 'INPROGRESS', sequence: 1 },
    { was: 'inprogress', word: 'unspecified', sequence: 1 },
    { was: 'unspecified', word: 'inprogress', sequence: 2 },
    { was: 'inprogress', word: 'finalizing', sequence: 2 },
    { was: 'finalizing', word: 'inprogress', sequence: 1 },
    { was: 'finalizing', word: 'cleaningUp', sequence: 2 },
    { was: 'finalizing', word: 'failed', sequence: 2 },
    { was: 'inprogress', word: null, sequence: 1 },
    { was: null, word: 'unspecified', sequence: 2 },
    { was: 'completed', word: 'inprogress', sequence: 1 },
    { was: 'completed', word: 'failed', sequence: 1 },
    { was: 'failed', word: 'completed', sequence: 1 },
  ])('"$word" after "$was" leaves the sequence at $sequence', ({ was, word, sequence }) => {
    const { sequence: left, status } = after([aStatus(was), aStatus(word, 70 * second)]);
    expect({ sequence: left, status }).toEqual({ sequence, status: sequence === 1 ? was : word });
  });

  test('of a rank that was left already is a lagging replica', () => {
    const seen = [aStatus('finalizing'), aStatus('cleaningUp', minute)];
    const before = after(seen);
    const decision = observe(before, aStatus('Finalizing', 2 * minute));
    expect(decision).toEqual({ operation: before, transitions: [], ignored: 'regression' });
  });

  test('carries what Graph says of the error and the result', () => {
    const details = {
      error: { code: 'x', message: 'y' },
      result: null,
      clientContext: 'mine',
      percentComplete: 50,
    };
    const operation = after([aStatus('failed', minute, { details })]);
    expect(operation).toMatchObject({ state: 'failed', ...details, endedAtMs: startMs + minute + 100 });
  });
});

describe('lost', () => {
  const past = 3 * minute;

  test('needs three 404s over a minute', () => {
    const { operation, transitions } = [aGone(past), aGone(past + 30 * second), aGone(past + minute)].reduce(
      (decision, observation) => observe(decision.operation, observation),
      observe(anOperation(), aStatus('inprogress')),
    );
    expect(operation).toMatchObject({ state: 'lost', status: 'inprogress', sequence: 2 });
    expect(transitions[0]?.evidence).toEqual({
      httpStatus: 404,
      count: 3,
      firstAtMs: startMs + past,
      lastAtMs: startMs + past + minute,
      deletedAtMs: null,
    });
  });

  test.each([
    { name: 'two 404s over a minute', ats: [past, past + minute] },
    { name: 'three within 59 seconds', ats: [past, past + 25 * second, past + 59 * second] },
    { name: 'many within the same twenty seconds', ats: [past, past + 5000, past + 10_000, past + 19_999] },
    { name: 'any number inside the grace', ats: [5000, 30_000, 60_000, 90_000, 119_999] },
  ])('is not concluded from $name', ({ ats }) => {
    const operation = after(ats.map((at) => aGone(at)));
    expect(operation.state).toBe('pending');
    expect(operation.endedAtMs).toBeNull();
  });

  test('begins anew after an answer in between', () => {
    const operation = after([
      aStatus('inprogress'),
      aGone(past),
      aGone(past + 30 * second),
      aStatus('inprogress', past + 40 * second),
      aGone(past + minute),
    ]);
    expect(operation.state).toBe('running');
    expect(operation.health).toMatchObject({ status: 'missing', evidence: { count: 1 } });
  });

  test('keeps its evidence over a transport fault in between', () => {
    const operation = after([
      aGone(past),
      anUnreadable(past + 20 * second),
      aGone(past + 30 * second),
      aGone(past + minute),
    ]);
    expect(operation.state).toBe('lost');
  });

  test('is concluded from one 410, also inside the grace', () => {
    expect(after([aGone(second, 410)])).toMatchObject({ state: 'lost', sequence: 1 });
  });

  test('is concluded from one 410 after 404s, which then is all the evidence', () => {
    const suspected = after([aStatus('inprogress'), aGone(past)]);
    const { operation, transitions } = observe(suspected, aGone(past + second, 410));
    const atMs = startMs + past + second;
    expect(operation.state).toBe('lost');
    expect(transitions[0]?.evidence).toEqual({
      httpStatus: 410,
      count: 1,
      firstAtMs: atMs,
      lastAtMs: atMs,
      deletedAtMs: null,
    });
  });

  test('does not wait for a clock that is behind the one which began the tracking', () => {
    expect(after([aGone(-second, 410)]).state).toBe('lost');
  });

  test('does not believe a 404 that was asked for before the last news', () => {
    const seen = after([aStatus('inprogress', 5 * minute)]);
    expect(observe(seen, aGone(4 * minute, 410))).toEqual({
      operation: seen,
      transitions: [],
      ignored: 'stale',
    });
  });
});

describe('expired', () => {
  test('is concluded by a read at the deadline that shows no end', () => {
    const { operation, transitions } = observe(after([aStatus('inprogress')]), aStatus('inprogress', hour));
    expect(operation).toMatchObject({ state: 'expired', status: 'inprogress', sequence: 2 });
    expect(transitions.map(({ observedBy }) => observedBy)).toEqual(['deadline']);
  });

  test('comes after the new word that the same read shows', () => {
    const { transitions } = observe(after([aStatus('inprogress')]), aStatus('finalizing', hour));
    expect(transitions.map(({ operation }) => [operation.sequence, operation.state])).toEqual([
      [2, 'running'],
      [3, 'expired'],
    ]);
  });

  test('loses against an end that the read at the deadline shows', () => {
    expect(after([aStatus('inprogress'), aStatus('completed', hour)]).state).toBe('succeeded');
  });

  test.each([
    { name: 'a read sent before the deadline', observation: aStatus('inprogress', hour - 1) },
    { name: 'a push', observation: aStatus('inprogress', 2 * hour, { observedBy: 'push' }) },
    { name: 'a fault within the minute after it', observation: anUnreadable(hour + minute - 1) },
  ])('is not concluded by $name', ({ observation }) => {
    expect(after([aStatus('inprogress'), observation]).state).toBe('running');
  });

  test.each([
    { name: 'unreadable', observation: anUnreadable(hour + minute) },
    { name: 'throttled', observation: anUnreadable(hour + minute, 'throttled') },
    { name: 'missing', observation: aGone(hour + minute) },
  ])('is concluded when it is $name a minute past the deadline', ({ observation }) => {
    expect(after([aStatus('inprogress'), observation]).state).toBe('expired');
  });
});

test('a stop ends as cancelled, seen by the caller, and ended is final', () => {
  const stop: Observation = { type: 'stop', sentAtMs: startMs + 1, arrivedAtMs: startMs + 1 };
  const { operation, transitions } = observe(anOperation(), stop);
  expect(operation).toMatchObject({ state: 'cancelled', sequence: 1 });
  expect(transitions[0]).toMatchObject({ observedBy: 'caller', previous: null });
  for (const late of [aStatus('completed'), aGone(hour, 410), stop, anUnreadable(2 * hour)]) {
    expect(observe(operation, late)).toEqual({ operation, transitions: [], ignored: 'ended' });
  }
});

const observation: fc.Arbitrary<Observation> = fc
  .record({ at: fc.nat({ max: 2 * 3600 }), which: fc.nat({ max: 13 }) })
  .map(({ at, which }) => {
    const atMs = at * second;
    const spoken = [
      'unspecified',
      'inprogress',
      'finalizing',
      'cleaningUp',
      null,
      'completed',
      'failed',
      'InProgress',
    ];
    if (which < spoken.length) return aStatus(spoken[which] ?? null, atMs);
    if (which === 8) return aStatus('completed', atMs, { observedBy: 'push' });
    if (which === 9) return aGone(atMs, 410);
    if (which < 12) return aGone(atMs);
    return which === 12 ? anUnreadable(atMs) : anUnreadable(atMs, 'throttled');
  });

test('whatever comes in whatever order, sequences have no gaps, the chain holds, and one end is final', () => {
  fc.assert(
    fc.property(fc.array(observation, { maxLength: 40 }), (observations) => {
      let operation = anOperation();
      const seen: { state: State; status: string | null }[] = [];
      for (const one of observations) {
        const decision = observe(operation, one);
        for (const transition of decision.transitions) {
          const before = seen.at(-1) ?? null;
          expect(transition.previous).toEqual(before);
          expect(transition.operation.sequence).toBe(seen.length + 1);
          expect(before !== null && isTerminal(before.state)).toBe(false);
          seen.push({ state: transition.operation.state, status: transition.operation.status });
        }
        const last = decision.transitions.at(-1)?.operation ?? decision.operation;
        expect(decision.operation).toEqual(last);
        operation = decision.operation;
        // A retry after a lost answer applies the same news again: mostly nothing is left to say.
        const again = observe(operation, one);
        expect(again.transitions).toEqual([]);
      }
      expect(operation.sequence).toBe(seen.length);
    }),
    { numRuns: 500 },
  );
});
