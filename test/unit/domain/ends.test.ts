// What an end teaches: how long the operation took, as well as anybody knows, and nothing where nobody does.
import { describe, expect, test } from 'vitest';
import { durationsOf } from '../../../src/domain/durations.ts';
import { type EndNews, polledEnds, pushedEnd } from '../../../src/domain/ends.ts';
import { observe } from '../../../src/domain/observe.ts';
import type { Operation } from '../../../src/domain/operation.ts';
import { nextPollAtMs } from '../../../src/domain/schedule.ts';
import { emptyMemory } from '../../../src/domain/shard-memory.ts';
import type { ShardMemory } from '../../../src/domain/stored.ts';
import { anOperation, anUnreadable, aStatus, minute, second, startMs } from '../../fixtures/builders.ts';

const pending = anOperation();
const running = observe(pending, aStatus('inprogress', 5 * second)).operation;
/** The first look after ten minutes, and the one before it. */
const lookAtMs = nextPollAtMs(running, startMs + 10 * minute);
const lookBeforeMs = nextPollAtMs(running, lookAtMs - 1.5 * minute);
const endAtLook = aStatus('completed', lookAtMs - startMs);

function learned(before: Operation, after: Operation, memory: ShardMemory = emptyMemory): EndNews | null {
  const due = [{ stored: { value: before, etag: 'any' }, dueAtMs: lookAtMs }];
  return polledEnds([after], { due, memory });
}

describe('an end that a poll shows', () => {
  test('came between that look and the one before', () => {
    const ended = observe(running, endAtLook).operation;
    const span = { fromMs: lookBeforeMs - startMs, toMs: (ended.endedAtMs ?? 0) - startMs };
    expect(span.toMs - span.fromMs).toBeGreaterThan(0.9 * minute);
    expect(learned(running, ended)?.durations).toEqual(durationsOf([span]));
  });

  test('came after the change before it', () => {
    const later = observe(running, aStatus('somethingNew', lookAtMs - startMs - 20 * second)).operation;
    const ended = observe(later, endAtLook).operation;
    const span = { fromMs: later.changedAtMs - startMs, toMs: (ended.endedAtMs ?? 0) - startMs };
    expect(learned(later, ended)?.durations).toEqual(durationsOf([span]));
  });

  test('counts the same when Graph says that the operation failed', () => {
    const failed = observe(running, aStatus('failed', lookAtMs - startMs)).operation;
    expect(learned(running, failed)?.durations.known).toBe(1);
  });

  const blurred = observe(running, anUnreadable(2 * minute)).operation;
  const call = anOperation({ kind: 'commsOperation' });
  const ofCall = observe(call, aStatus('running', 5 * second)).operation;
  const pushedTo: ShardMemory = { ...emptyMemory, pushedAtMs: { [call.resource.parentId]: startMs } };

  test.each([
    { what: 'at the first sight', before: pending, after: observe(pending, endAtLook).operation },
    { what: 'after trouble', before: blurred, after: observe(blurred, endAtLook).operation },
    {
      what: 'that a caller made',
      before: running,
      after: { ...observe(running, endAtLook).operation, state: 'cancelled', endedBy: 'caller' } as const,
    },
    {
      what: 'that is our own conclusion',
      before: running,
      after: { ...observe(running, endAtLook).operation, state: 'lost' } as const,
    },
    {
      what: 'of an operation that was read as a proof only',
      before: ofCall,
      after: observe(ofCall, endAtLook).operation,
      memory: pushedTo,
    },
  ])('teaches no duration when it is one $what', ({ before, after, memory }) => {
    expect(after.endedAtMs).not.toBeNull();
    expect(learned(before, after, memory)?.durations.known ?? 0).toBe(0);
  });

  test('is none while the operation runs', () => {
    expect(learned(pending, running)).toBeNull();
  });
});

describe('an end that a notification brings', () => {
  const call = observe(anOperation({ kind: 'commsOperation' }), aStatus('running', 5 * second)).operation;

  test('tells the instant', () => {
    const ended = observe(call, aStatus('completed', minute, { observedBy: 'push' })).operation;
    const ageMs = (ended.endedAtMs ?? 0) - startMs;
    expect(pushedEnd(ended, call)?.durations).toEqual(durationsOf([{ fromMs: ageMs, toMs: ageMs }]));
    expect(pushedEnd(ended, call)?.ends.byPush).toBe(1);
  });

  test('and the tracking too tells no duration', () => {
    const ended = observe(call, aStatus('completed', minute, { observedBy: 'push' })).operation;
    expect(pushedEnd(ended, null)).toMatchObject({ ends: { byPush: 1 }, durations: { known: 0 } });
  });

  test('is none while the operation runs on', () => {
    expect(pushedEnd(observe(call, aStatus('somethingNew', minute)).operation, call)).toBeNull();
  });
});
