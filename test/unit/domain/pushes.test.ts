// Where notifications come, polling is a proof; and what a shard remembers of them stays small.
import { describe, expect, test } from 'vitest';
import { noDurations } from '../../../src/domain/durations.ts';
import { observe } from '../../../src/domain/observe.ts';
import type { Operation } from '../../../src/domain/operation.ts';
import { noOutlook } from '../../../src/domain/outlook.ts';
import {
  addEnds,
  endSeen,
  endSeenAgain,
  joinPushTimes,
  noEnds,
  pushTrustedUntilMs,
} from '../../../src/domain/pushes.ts';
import { nextPollAtMs as nextAtMs } from '../../../src/domain/schedule.ts';
import { emptyMemory, withNews } from '../../../src/domain/shard-memory.ts';
import { anOperation, aStatus, minute, second, startMs } from '../../fixtures/builders.ts';

const running = observe(anOperation({ kind: 'commsOperation' }), aStatus('running')).operation;
const changedAtMs = running.changedAtMs;
const nextPollAtMs = (operation: Operation, afterMs: number, pushTrustedUntilMs: number | null = null) =>
  nextAtMs(operation, afterMs, { ...noOutlook, pushTrustedUntilMs });
const { parentId } = running.resource;

describe('the schedule of an operation whose call sends notifications', () => {
  const trustedUntilMs = startMs + 45 * minute;

  test('has one look when a notification is overdue, and then rare ones', () => {
    const overdueAtMs = changedAtMs + 4 * minute;
    const looks = [nextPollAtMs(running, changedAtMs, trustedUntilMs)];
    while (looks.length < 3) looks.push(nextPollAtMs(running, looks.at(-1) ?? 0, trustedUntilMs));
    expect(looks).toEqual([overdueAtMs, overdueAtMs + 20 * minute, overdueAtMs + 40 * minute]);
  });

  test('needs a twentieth of the reads over its life', () => {
    const count = (untilMs: number | null): number => {
      let looks = 0;
      for (let at = changedAtMs; at < startMs + 40 * minute; looks += 1)
        at = nextPollAtMs(running, at, untilMs);
      return looks;
    };
    expect(count(null)).toBeGreaterThanOrEqual(39);
    expect(count(trustedUntilMs)).toBeLessThanOrEqual(3);
  });

  test('is the usual one before the first sight, after trust has ended, and in trouble', () => {
    const pending = anOperation({ kind: 'commsOperation' });
    expect(nextPollAtMs(pending, startMs, trustedUntilMs)).toBe(nextPollAtMs(pending, startMs));
    const laterMs = trustedUntilMs + second;
    expect(nextPollAtMs(running, laterMs, trustedUntilMs)).toBe(nextPollAtMs(running, laterMs));
    const soonMs = changedAtMs + 2 * minute;
    expect(nextPollAtMs(running, changedAtMs, soonMs)).toBe(nextPollAtMs(running, soonMs));
  });
});

describe('trust in notifications', () => {
  test('lasts as long as the platform keeps a silent call', () => {
    const memory = { ...emptyMemory, pushedAtMs: { [parentId]: startMs } };
    expect(pushTrustedUntilMs(running, memory)).toBe(startMs + 45 * minute);
    expect(pushTrustedUntilMs(running, emptyMemory)).toBeNull();
  });

  test('is not for kinds that nobody notifies of', () => {
    const operation = anOperation();
    const memory = { ...emptyMemory, pushedAtMs: { [operation.resource.parentId]: startMs } };
    expect(pushTrustedUntilMs(operation, memory)).toBeNull();
  });
});

describe('the memory of notifications', () => {
  test('keeps the later time of each call, and forgets the silent ones', () => {
    const one = { a: startMs, b: startMs + 5, old: startMs - 46 * minute };
    expect(joinPushTimes(one, { a: startMs + 1, b: startMs }, startMs)).toEqual({
      a: startMs + 1,
      b: startMs + 5,
    });
  });

  test('keeps the latest two hundred calls', () => {
    const many = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`call${index}`, startMs + index]),
    );
    const kept = Object.values(joinPushTimes({}, many, startMs));
    expect(kept).toHaveLength(200);
    expect(Math.min(...kept)).toBe(startMs + 100);
  });

  test('counts ends by who saw them first, and by how late the other came', () => {
    const byPush = observe(running, aStatus('completed', minute, { observedBy: 'push' })).operation;
    const byPoll = observe(running, aStatus('completed', minute)).operation;
    expect(endSeen(running)).toBeNull();
    expect(endSeen(byPush)).toEqual({ ...noEnds, byPush: 1 });
    expect(endSeen(byPoll)).toEqual({ ...noEnds, byPoll: 1 });
    expect(endSeenAgain(byPush, startMs + 2 * minute)).toBeNull();
    const endedAtMs = byPoll.endedAtMs ?? 0;
    expect(endSeenAgain(byPoll, endedAtMs + 700)).toEqual({
      ...noEnds,
      byBoth: 1,
      pushLateMs: 700,
      maxPushLateMs: 700,
    });
  });

  test('adds counts and joins times', () => {
    const ends = { byPush: 1, byPoll: 2, byBoth: 3, pushLateMs: 10, maxPushLateMs: 8 };
    const once = withNews(emptyMemory, { sweptAtMs: 5, pushedAtMs: { a: startMs }, ends }, startMs);
    const twice = withNews(once, { sweptAtMs: 4, ends: { ...ends, maxPushLateMs: 9 } }, startMs);
    expect(twice).toEqual({
      sweptAtMs: 5,
      pauses: {},
      pushedAtMs: { a: startMs },
      ends: { byPush: 2, byPoll: 4, byBoth: 6, pushLateMs: 20, maxPushLateMs: 9 },
      durations: noDurations,
    });
    expect(addEnds(noEnds, ends)).toEqual(ends);
  });
});
