// The grid of a healthy operation where durations are known: what holds for whatever was learned.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cadenceOf, steadyCadence } from '../../../src/domain/cadence.ts';
import { durationsOf } from '../../../src/domain/durations.ts';
import { keyOf } from '../../../src/domain/keys.ts';
import { kinds } from '../../../src/domain/kinds.ts';
import { gridPointBefore, nextGridPoint } from '../../../src/domain/poll-grid.ts';
import { anOperation, hour, minute, second, startMs } from '../../fixtures/builders.ts';

const operation = fc
  .record({
    number: fc.nat(),
    firstPollMs: fc.nat({ max: 600 }).map((seconds) => seconds * second),
    intervalMs: fc.integer({ min: 1, max: 300 }).map((seconds) => seconds * second),
  })
  .map(({ number, firstPollMs, intervalMs }) =>
    anOperation({
      key: keyOf(kinds.commsOperation, { cloud: 'global', tenantId: 't', identityPath: String(number) }),
      state: 'running',
      policy: { firstPollMs, intervalMs },
    }),
  );
/** Of ends around up to three ages, as they would be learned. */
const cadence = fc
  .array(fc.tuple(fc.nat({ max: 3 * hour }), fc.nat({ max: 5 * minute })), { minLength: 1, maxLength: 3 })
  .map((peaks) =>
    cadenceOf(
      durationsOf(
        Array.from({ length: 60 }, (_, index) => {
          const [fromMs, lengthMs] = peaks[index % peaks.length] ?? [0, 0];
          return { fromMs, toMs: fromMs + lengthMs };
        }),
      ),
    ),
  );
const after = fc.integer({ min: -minute, max: 6 * hour }).map((afterMs) => startMs + afterMs);

describe('the grid by what was learned', () => {
  test('is one grid, whenever it is asked for', () => {
    fc.assert(
      fc.property(
        operation,
        cadence,
        after,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (one, learned, afterMs, share) => {
          const atMs = nextGridPoint(one, afterMs, learned);
          expect(Number.isSafeInteger(atMs)).toBe(true);
          expect(atMs).toBeGreaterThan(afterMs);
          const between = afterMs + Math.floor(share * (atMs - afterMs));
          expect(nextGridPoint(one, between, learned)).toBe(atMs);
          expect(nextGridPoint(one, atMs - 1, learned)).toBe(atMs);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('knows the point before each', () => {
    fc.assert(
      fc.property(operation, cadence, after, (one, learned, afterMs) => {
        const atMs = nextGridPoint(one, afterMs, learned);
        const firstMs = startMs + one.policy.firstPollMs;
        const beforeMs = gridPointBefore(one, atMs, learned);
        expect(beforeMs === null).toBe(atMs === firstMs);
        // The point after the one before is the point itself; before the first there is nothing to begin at.
        expect(nextGridPoint(one, beforeMs ?? firstMs - 1, learned)).toBe(atMs);
      }),
      { numRuns: 1000 },
    );
  });

  test('begins at the first poll, and has two points at least a fifth of an interval apart', () => {
    fc.assert(
      fc.property(operation, cadence, (one, learned) => {
        const { firstPollMs, intervalMs } = one.policy;
        let atMs = nextGridPoint(one, 0, learned);
        expect(atMs).toBe(startMs + firstPollMs);
        for (let count = 0; count < 40; count += 1) {
          const nextMs = nextGridPoint(one, atMs, learned);
          expect(nextMs - atMs).toBeGreaterThanOrEqual(intervalMs / 5);
          atMs = nextMs;
        }
      }),
      { numRuns: 300 },
    );
  });

  test('leaves no operation alone for longer than eight intervals, also while it is learned anew at every look', () => {
    fc.assert(
      fc.property(operation, fc.array(cadence, { minLength: 1, maxLength: 5 }), (one, learned) => {
        const { intervalMs } = one.policy;
        let atMs = startMs + one.policy.firstPollMs;
        for (let count = 0; count < 40; count += 1) {
          const nextMs = nextGridPoint(one, atMs, learned[count % learned.length] ?? steadyCadence);
          expect(nextMs - atMs).toBeLessThanOrEqual(8.1 * intervalMs + 1);
          atMs = nextMs;
        }
      }),
      { numRuns: 500 },
    );
  });

  test('has the points of the steady one at the end of each eight intervals', () => {
    fc.assert(
      fc.property(operation, cadence, fc.nat({ max: 100 }), (one, learned, number) => {
        const { firstPollMs, intervalMs } = one.policy;
        const nearMs = startMs + firstPollMs + (8 * number + 7.5) * intervalMs;
        const steadyMs = nextGridPoint(one, nearMs, steadyCadence);
        expect(nextGridPoint(one, steadyMs - 1, learned)).toBe(steadyMs);
      }),
    );
  });

  test('is steady until the operation has been seen', () => {
    fc.assert(
      fc.property(operation, cadence, after, (one, learned, afterMs) => {
        const pending = { ...one, state: 'pending' } as const;
        expect(nextGridPoint(pending, afterMs, learned)).toBe(nextGridPoint(one, afterMs, steadyCadence));
      }),
    );
  });
});
