// What a process must remember of its reads: no point of any operation's grid goes by without one, whatever was left
// unread and whoever died, and after a restart each operation is read early at most once.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cadenceOf } from '../../../src/domain/cadence.ts';
import { durationsOf } from '../../../src/domain/durations.ts';
import type { Operation } from '../../../src/domain/operation.ts';
import { noOutlook } from '../../../src/domain/outlook.ts';
import { nextPollAtMs } from '../../../src/domain/schedule.ts';
import { advanceMark, dueAtMs, noMark } from '../../../src/domain/sweep-mark.ts';
import { anOperation, hour, minute, second, startMs } from '../../fixtures/builders.ts';
import { createSweepWorld, keyNumber, type Step } from './sweep-world.ts';

type Sweep = Parameters<typeof advanceMark>[1];

describe('the mark', () => {
  const sweep = (changes: Partial<Sweep>): Sweep => ({
    startedAtMs: startMs + hour,
    read: [],
    pendingKeys: new Set(),
    earliestUnreadDueAtMs: null,
    ...changes,
  });
  const look = (operation: Operation, atMs = startMs + hour) => ({ operation, atMs });
  const running = anOperation({ state: 'running' });
  const pending = anOperation({ key: keyNumber(1) });
  const trouble = { status: 'unreadable', code: 'timeout' } as const;

  test('is the start of a sweep that read all that was due', () => {
    expect(advanceMark(noMark, sweep({ read: [look(running)] }))).toEqual({
      sweptAtMs: startMs + hour,
      lookedAtMs: new Map(),
    });
  });

  test('stays below what was not read, and remembers what was', () => {
    const earliestUnreadDueAtMs = startMs + minute;
    expect(advanceMark(noMark, sweep({ read: [look(running)], earliestUnreadDueAtMs }))).toEqual({
      sweptAtMs: startMs + minute - 1,
      lookedAtMs: new Map([[running.key, startMs + hour]]),
    });
  });

  test('remembers a read that came late in the sweep: what was due before it is not due again', () => {
    const read = [
      look(running, startMs + hour + minute),
      look({ ...running, key: 'soon' }, startMs + hour + second),
    ];
    const mark = advanceMark(noMark, sweep({ read }));
    expect(mark).toEqual({
      sweptAtMs: startMs + hour,
      lookedAtMs: new Map([[running.key, startMs + hour + minute]]),
    });
    expect(dueAtMs(running, mark)).toBe(nextPollAtMs(running, startMs + hour + minute));
  });

  test('never goes back', () => {
    const mark = { sweptAtMs: startMs + 2 * minute, lookedAtMs: new Map() };
    const unread = sweep({ earliestUnreadDueAtMs: startMs + minute });
    expect(advanceMark(mark, unread).sweptAtMs).toBe(startMs + 2 * minute);
    expect(advanceMark(mark, sweep({ startedAtMs: startMs })).sweptAtMs).toBe(startMs + 2 * minute);
  });

  test('says nothing of an operation that was never seen: its reads are remembered one by one', () => {
    const first = advanceMark(noMark, sweep({ read: [look(pending)], pendingKeys: new Set([pending.key]) }));
    expect(first.lookedAtMs).toEqual(new Map([[pending.key, startMs + hour]]));
    const later = { startedAtMs: startMs + 2 * hour, pendingKeys: new Set([pending.key]) };
    expect(advanceMark(first, sweep(later)).lookedAtMs).toEqual(first.lookedAtMs);
    expect(advanceMark(first, sweep({ ...later, pendingKeys: new Set() })).lookedAtMs).toEqual(new Map());
  });

  test('does not hide an operation that was committed after the sweep had read the shard', () => {
    const mark = { sweptAtMs: startMs + hour, lookedAtMs: new Map<string, number>() };
    expect(dueAtMs(pending, mark)).toBe(startMs + 5 * second);
    expect(dueAtMs(anOperation({ policy: { firstPollMs: 0, intervalMs: minute } }), mark)).toBe(startMs);
    for (const seen of [running, { ...pending, health: { ...trouble, sinceAtMs: startMs } }]) {
      expect(dueAtMs(seen, mark)).toBe(nextPollAtMs(seen, startMs + hour));
    }
  });
});

/** Mostly sweeps; in between operations begin, are pushed, and processes die. */
const step: fc.Arbitrary<Step> = fc.record({
  afterMs: fc.oneof(fc.nat({ max: 40 * second }), fc.nat({ max: 10 * minute })),
  action: fc.constantFrom('sweep', 'sweep', 'sweep', 'sweep', 'track', 'push', 'die', 'dieWhileSweeping'),
  which: fc.nat({ max: 11 }),
  bits: fc.nat(),
});
const steps = fc.array(step, { minLength: 20, maxLength: 80, size: 'max' });

const ends = Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? 10 * second : 7 * minute));
const learned = cadenceOf(durationsOf(ends.map((atMs) => ({ fromMs: atMs, toMs: atMs }))));

describe.each([
  { by: 'a fixed interval', outlook: noOutlook },
  { by: 'what was learned', outlook: { ...noOutlook, cadence: learned } },
])('by $by', ({ outlook }) => {
  test('one process reads every point that has come, and early at most once an operation after a restart', () => {
    let reads = 0;
    let earlyReads = 0;
    fc.assert(
      fc.property(steps, (all) => {
        const world = createSweepWorld(1, outlook);
        const seen = all.map(world.step);
        expect(seen.flatMap((one) => one.owedAndNotDue)).toEqual([]);
        expect(seen.flatMap((one) => one.earlyAgain)).toEqual([]);
        for (const { read, early } of seen) {
          reads += read;
          earlyReads += early;
        }
      }),
      { numRuns: 300 },
    );
    // The world is no desert: there were points to miss, and restarts to read early after.
    expect(reads).toBeGreaterThan(10_000);
    expect(earlyReads).toBeGreaterThan(100);
  });

  test('several processes that share the stored mark leave no point unread', () => {
    fc.assert(
      fc.property(steps, (all) => {
        expect(all.map(createSweepWorld(3, outlook).step).flatMap((one) => one.owedAndNotDue)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
