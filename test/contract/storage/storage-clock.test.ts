// The clock of stored times: follows the service's Date headers, never ahead of it, on the monotonic clock.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createStorageClock } from '../../../src/storage/storage-clock.ts';

const minute = 60_000;

/** A process whose wall clock is wrong by `skewMs`, beside a service whose time is right. */
function aProcess(skewMs: number) {
  const startMs = Date.parse('2026-11-22T06:00:00.000Z');
  const at = { monotonicMs: 5000 };
  const trueMs = () => startMs + at.monotonicMs;
  const clock = createStorageClock({ wallMs: () => trueMs() + skewMs, monotonicMs: () => at.monotonicMs });
  /** An answer that took `travelMs` since the service dated it, in whole seconds as the header has it. */
  const answer = (travelMs: number) => clock.learn(Math.floor((trueMs() - travelMs) / 1000) * 1000);
  return { clock, at, trueMs, answer };
}

test('the wall clock holds until the first answer', () => {
  const { clock, trueMs } = aProcess(-3000);
  expect(clock.nowMs()).toBe(trueMs() - 3000);
});

test.each([{ skewMs: -3_600_000 }, { skewMs: 0 }, { skewMs: 3_600_000 }])(
  'a wall clock that is $skewMs ms wrong is corrected within a second and the travel time',
  ({ skewMs }) => {
    const { clock, answer, trueMs } = aProcess(skewMs);
    answer(20);
    expect(trueMs() - clock.nowMs()).toBeGreaterThanOrEqual(20);
    expect(trueMs() - clock.nowMs()).toBeLessThan(1020);
  },
);

test('it is never ahead of the service and never goes back within a window', () => {
  const step = fc.record({ passMs: fc.nat(10_000), travelMs: fc.nat(3000) });
  fc.assert(
    fc.property(
      fc.integer({ min: -1e7, max: 1e7 }),
      fc.array(step, { minLength: 1, maxLength: 25 }),
      (skew, steps) => {
        const { clock, at, trueMs, answer } = aProcess(skew);
        answer(0);
        let previousMs = clock.nowMs();
        for (const { passMs, travelMs } of steps) {
          at.monotonicMs += passMs;
          answer(travelMs);
          expect(clock.nowMs()).toBeLessThanOrEqual(trueMs());
          expect(clock.nowMs()).toBeGreaterThanOrEqual(previousMs);
          previousMs = clock.nowMs();
        }
      },
    ),
  );
});

test('a bound is forgotten after two windows, so that a drifting clock can not run ahead for good', () => {
  const { clock, at, trueMs } = aProcess(0);
  clock.learn(trueMs() + minute);
  for (let passed = 0; passed < 11; passed += 1) {
    at.monotonicMs += minute;
    clock.learn(trueMs());
  }
  expect(clock.nowMs()).toBe(trueMs());
});

test('a header that is no date teaches nothing', () => {
  const { clock, trueMs } = aProcess(0);
  clock.learn(Number.NaN);
  expect(clock.nowMs()).toBe(trueMs());
});
