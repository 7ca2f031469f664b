// What the announced deletion of an operation, or of its call, means: a reason to look, then evidence that it is lost.
import { describe, expect, test } from 'vitest';
import type { DeletedObservation, RefusedObservation } from '../../../src/domain/observation.ts';
import { observe } from '../../../src/domain/observe.ts';
import type { Operation } from '../../../src/domain/operation.ts';
import { nextPollAtMs } from '../../../src/domain/schedule.ts';
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

const endMs = 10 * minute;

function aDeletion(afterMs: number = endMs): DeletedObservation {
  return { type: 'deleted', sentAtMs: startMs + afterMs, arrivedAtMs: startMs + afterMs };
}

function aRefusal(afterMs: number): RefusedObservation {
  return { ...anUnreadable(afterMs), type: 'refused', code: 'Forbidden' };
}

function after(...observations: readonly Parameters<typeof observe>[1][]): Operation {
  return observations.reduce(
    (operation, one) => observe(operation, one).operation,
    anOperation({ kind: 'commsOperation' }),
  );
}

describe('a deletion', () => {
  test('concludes nothing by itself, and is a change of health alone', () => {
    const { operation, transitions } = observe(after(aStatus('running')), aDeletion());
    expect(transitions).toEqual([]);
    expect(operation).toMatchObject({
      state: 'running',
      sequence: 1,
      health: { status: 'missing', code: 'deleted', evidence: { count: 0, deletedAtMs: startMs + endMs } },
    });
  });

  test('is a reason to look at once, and every interval from then on', () => {
    const operation = after(aStatus('running'), aDeletion());
    const first = nextPollAtMs(operation, startMs + endMs - second);
    expect(first).toBe(startMs + endMs);
    expect(nextPollAtMs(operation, first)).toBe(first + minute);
  });

  test('that comes again says nothing new', () => {
    const operation = after(aStatus('running'), aDeletion());
    expect(observe(operation, aDeletion(endMs + minute)).operation).toBe(operation);
  });

  test('of something that ended is final news of nothing', () => {
    const operation = after(aStatus('completed'));
    expect(observe(operation, aDeletion())).toEqual({ operation, transitions: [], ignored: 'ended' });
  });
});

describe('lost after a deletion', () => {
  test.each([
    { name: 'one 404 a minute later', observations: [aGone(endMs + minute)] },
    { name: 'one refusal a minute later', observations: [aRefusal(endMs + minute)] },
    { name: 'a 410 at once', observations: [aGone(endMs + second, 410)] },
    {
      name: '404s before it, and one a minute later',
      observations: [aGone(endMs + 30 * second), aGone(endMs + minute)],
    },
  ])('is concluded from $name', ({ observations }) => {
    const operation = after(aStatus('running'), aDeletion(), ...observations);
    expect(operation).toMatchObject({ state: 'lost', status: 'running', sequence: 2, endedBy: 'poll' });
  });

  test.each([
    { name: 'a 404 within the minute', observations: [aGone(endMs + 59 * second)] },
    { name: 'a refusal within the minute', observations: [aRefusal(endMs + 59 * second)] },
    { name: 'a fault of transport', observations: [anUnreadable(endMs + 2 * minute)] },
    { name: 'throttling', observations: [anUnreadable(endMs + 2 * minute, 'throttled')] },
  ])('is not concluded from $name', ({ observations }) => {
    expect(after(aStatus('running'), aDeletion(), ...observations).state).toBe('running');
  });

  test('carries the deletion as evidence', () => {
    const { transitions } = observe(after(aStatus('running'), aDeletion()), aGone(endMs + minute));
    expect(transitions[0]?.evidence).toEqual({
      httpStatus: 404,
      count: 1,
      firstAtMs: startMs + endMs,
      lastAtMs: startMs + endMs + minute,
      deletedAtMs: startMs + endMs,
    });
  });

  test('is refuted by an answer, and by a late word', () => {
    expect(after(aStatus('running'), aDeletion(), aStatus('running', endMs + minute)).health.status).toBe(
      'ok',
    );
    expect(after(aStatus('running'), aDeletion(), aStatus('completed', endMs + minute)).state).toBe(
      'succeeded',
    );
    const push = aStatus('failed', endMs + second, { observedBy: 'push' });
    expect(after(aStatus('running'), aDeletion(), push)).toMatchObject({ state: 'failed', endedBy: 'push' });
  });

  test('comes before the deadline', () => {
    const operation = after(aDeletion(hour - minute), aGone(hour - second));
    expect(operation.state).toBe('pending');
    expect(after(aDeletion(hour - 2 * minute), aGone(hour - second)).state).toBe('lost');
  });
});
