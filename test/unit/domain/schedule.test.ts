// When an operation is read: what holds for every operation and every instant at which the question is asked.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyOf } from '../../../src/domain/keys.ts';
import { kinds } from '../../../src/domain/kinds.ts';
import type { Health, Operation } from '../../../src/domain/operation.ts';
import { nextPollAtMs } from '../../../src/domain/schedule.ts';
import { anOperation, hour, minute, second, startMs } from '../../fixtures/builders.ts';

const day = 24 * hour;
const year = 365 * day;
const never = startMs + 1000 * year;

/** All points after one instant up to another, found by asking for the next again and again. */
function pointsOf(operation: Operation, fromMs: number, untilMs: number): readonly number[] {
  const points: number[] = [];
  for (let atMs = nextPollAtMs(operation, fromMs); atMs <= untilMs; atMs = nextPollAtMs(operation, atMs))
    points.push(atMs);
  return points;
}

const gapsOf = (points: readonly number[]): readonly number[] =>
  points.slice(1).map((atMs, index) => atMs - (points[index] ?? Number.NaN));

function missing(sinceAtMs: number): Health {
  const evidence = {
    httpStatus: 404,
    count: 1,
    firstAtMs: sinceAtMs,
    lastAtMs: sinceAtMs,
    deletedAtMs: null,
  } as const;
  return { status: 'missing', code: 'itemNotFound', sinceAtMs, evidence };
}
const failing = (status: 'blocked' | 'unreadable', sinceAtMs: number): Health => ({
  status,
  code: 'x',
  sinceAtMs,
});

const key = fc
  .nat()
  .map((number) =>
    keyOf(kinds.commsOperation, { cloud: 'global', tenantId: 't', identityPath: String(number) }),
  );
const policy = fc.record({
  firstPollMs: fc.nat({ max: 3600 }).map((seconds) => seconds * second),
  intervalMs: fc
    .oneof(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 86_400 }))
    .map((one) => one * second),
});
const healthSince = (atMs: number): fc.Arbitrary<Health> =>
  fc.constantFrom(
    { status: 'ok', sinceAtMs: atMs } as const,
    failing('blocked', atMs),
    failing('unreadable', atMs),
    missing(atMs),
  );
const operation = fc
  .record({
    key,
    policy,
    deadlineMs: fc.integer({ min: 1, max: 2_592_000 }),
    sinceMs: fc.nat({ max: 2 * day }),
  })
  .chain(({ key, policy, deadlineMs, sinceMs }) =>
    healthSince(startMs + sinceMs).map((health) =>
      anOperation({ key, policy, health, deadlineAtMs: startMs + deadlineMs * second }),
    ),
  );
const healthy = fc.record({ key, policy }).map((one) => anOperation({ ...one, deadlineAtMs: never }));
const soon = fc.integer({ min: -day, max: 40 * day }).map((afterMs) => startMs + afterMs);

describe('the next poll of any operation', () => {
  test('lies after the instant that it is asked for, in whole milliseconds', () => {
    const any = fc.oneof(
      soon,
      fc.integer({ min: -8.64e15, max: 8.64e15 }),
      fc.constantFrom(0, -1, startMs, never),
    );
    fc.assert(
      fc.property(operation, any, (one, afterMs) => {
        const atMs = nextPollAtMs(one, afterMs);
        expect(Number.isSafeInteger(atMs)).toBe(true);
        expect(atMs).toBeGreaterThan(afterMs);
      }),
      { numRuns: 3000 },
    );
  });

  test('is a point of one grid, whenever it is asked for', () => {
    fc.assert(
      fc.property(
        operation,
        soon,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (one, afterMs, share) => {
          const atMs = nextPollAtMs(one, afterMs);
          const between = afterMs + Math.floor(share * (atMs - afterMs));
          expect(nextPollAtMs(one, between)).toBe(atMs);
          expect(nextPollAtMs(one, atMs - 1)).toBe(atMs);
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('is decided by key, times, policy and health, and by nothing else', () => {
    fc.assert(
      fc.property(operation, soon, (one, afterMs) => {
        const seen = {
          state: 'running',
          status: 'inprogress',
          sequence: 7,
          generation: one.generation + 1,
          changedAtMs: afterMs,
          label: 'x',
        } as const;
        const copy = structuredClone({ ...one, ...seen });
        expect(nextPollAtMs(copy, afterMs)).toBe(nextPollAtMs(one, afterMs));
      }),
    );
  });

  test('is at the deadline and a minute past it, whatever its health', () => {
    fc.assert(
      fc.property(operation, soon, (one, afterMs) => {
        const atMs = nextPollAtMs(one, afterMs);
        for (const pointMs of [one.deadlineAtMs, one.deadlineAtMs + minute]) {
          expect(pointMs <= afterMs || atMs <= pointMs).toBe(true);
          expect(nextPollAtMs(one, pointMs - 1)).toBe(pointMs);
        }
      }),
    );
  });
});

describe('a healthy operation', () => {
  test('is read first at the age that its policy says', () => {
    fc.assert(
      fc.property(healthy, fc.nat({ max: 3600 * second }), (one, earlierMs) => {
        const firstAtMs = one.trackedAtMs + one.policy.firstPollMs;
        expect(nextPollAtMs(one, firstAtMs - 1 - earlierMs)).toBe(firstAtMs);
        expect(nextPollAtMs(one, 0)).toBe(firstAtMs);
      }),
    );
  });

  test('waits an interval ± 10 % between two polls, from whatever instant on', () => {
    fc.assert(
      fc.property(healthy, fc.nat({ max: 40 * day }), (one, afterMs) => {
        const { intervalMs, firstPollMs } = one.policy;
        const fromMs = one.trackedAtMs + firstPollMs + afterMs;
        expect(nextPollAtMs(one, fromMs) - fromMs).toBeLessThanOrEqual(1.1 * intervalMs);
        for (const gapMs of gapsOf(pointsOf(one, fromMs, fromMs + 8 * intervalMs))) {
          expect(gapMs).toBeGreaterThanOrEqual(0.9 * intervalMs);
          expect(gapMs).toBeLessThanOrEqual(1.1 * intervalMs);
        }
      }),
    );
  });

  test('keeps the pace for years: its points do not drift', () => {
    fc.assert(
      fc.property(healthy, fc.nat({ max: 1_000_000 }), (one, index) => {
        const { intervalMs, firstPollMs } = one.policy;
        const idealMs = one.trackedAtMs + firstPollMs + index * intervalMs;
        const points = pointsOf(one, idealMs - intervalMs / 2, idealMs + intervalMs / 2);
        expect(points).toHaveLength(1);
        expect(Math.abs((points[0] ?? Number.NaN) - idealMs)).toBeLessThanOrEqual(intervalMs / 10);
      }),
    );
  });

  test('is not read together with others that were tracked in the same instant', () => {
    const operations = fc
      .sample(key, { numRuns: 400, seed: 1 })
      .map((one) => anOperation({ key: one, deadlineAtMs: never }));
    for (const index of [1, 2, 100]) {
      const idealMs = startMs + 5 * second + index * minute;
      const offsets = operations.map((one) => nextPollAtMs(one, idealMs - minute / 2) - idealMs);
      const sixths = Array.from({ length: 6 }, (_, sixth) =>
        offsets.filter((offset) => Math.floor((offset + 3 * second) / second) === sixth),
      );
      for (const each of sixths) expect(each.length).toBeGreaterThan(400 / 6 / 2);
    }
  });

  test('is not moved to the same side at every point', () => {
    const points = pointsOf(anOperation({ deadlineAtMs: never }), startMs + minute, startMs + 400 * minute);
    const offsets = points.map((atMs, index) => atMs - startMs - 5 * second - (index + 1) * minute);
    expect(offsets.filter((offset) => offset > 0).length).toBeGreaterThan(150);
    expect(offsets.filter((offset) => offset < 0).length).toBeGreaterThan(150);
    expect(Math.max(...offsets)).toBeGreaterThan(2 * second);
    expect(Math.min(...offsets)).toBeLessThan(-2 * second);
  });
});

describe('a failing operation', () => {
  const since = startMs + 10 * minute;
  const at = (health: Health, intervalMs: number): Operation =>
    anOperation({ health, policy: { firstPollMs: 0, intervalMs }, deadlineAtMs: never });

  test.each([
    { interval: 60, waits: [60, 120, 240, 480, 480, 480] },
    { interval: 15, waits: [15, 30, 60, 120, 240, 300, 300] },
    { interval: 1, waits: [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] },
    { interval: 40, waits: [40, 80, 160, 320, 320] },
    { interval: 3600, waits: [3600, 7200, 14_400, 28_800, 28_800] },
  ])('of an interval of $interval s waits $waits s', ({ interval, waits }) => {
    const untilMs = since + waits.reduce((sum, wait) => sum + wait) * second;
    for (const status of ['blocked', 'unreadable'] as const) {
      const points = pointsOf(at(failing(status, since), interval * second), since, untilMs);
      expect(gapsOf([since, ...points]).map((gapMs) => gapMs / second)).toEqual(waits);
    }
  });

  test('waits longer each time, and never longer than eight intervals or five minutes', () => {
    fc.assert(
      fc.property(policy, fc.constantFrom('blocked', 'unreadable'), ({ intervalMs }, status) => {
        const one = at(failing(status, since), intervalMs);
        const capMs = Math.max(8 * intervalMs, 5 * minute);
        const gaps = gapsOf([since, ...pointsOf(one, since, since + 4 * capMs)]);
        expect(gaps[0]).toBe(intervalMs);
        expect(gaps.toSorted((one, other) => one - other)).toEqual(gaps);
        expect(gaps.at(-1)).toBe(capMs);
      }),
    );
  });

  test('that is missing is read evenly, each 404 far enough from the last to be evidence', () => {
    fc.assert(
      fc.property(policy, fc.nat({ max: 30 * day }), ({ intervalMs }, afterMs) => {
        const spacingMs = Math.max(intervalMs, 20 * second);
        const one = at(missing(since), intervalMs);
        expect(nextPollAtMs(one, since)).toBe(since + spacingMs);
        const fromMs = since + afterMs;
        const gaps = gapsOf(pointsOf(one, fromMs, fromMs + 5 * spacingMs));
        expect(gaps.length).toBeGreaterThanOrEqual(4);
        expect(new Set(gaps)).toEqual(new Set([spacingMs]));
      }),
    );
  });

  test('is not read because of instants before its failure', () => {
    for (const health of [failing('blocked', since), failing('unreadable', since), missing(since)]) {
      const one = at(health, minute);
      for (const afterMs of [0, startMs, since - hour, since - 1, since])
        expect(nextPollAtMs(one, afterMs)).toBe(since + minute);
    }
  });
});
