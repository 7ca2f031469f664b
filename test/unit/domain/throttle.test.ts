// How refusals become pauses, and how the knowledge of several processes becomes one.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Pause } from '../../../src/domain/stored.ts';
import {
  holdingPause,
  joinPauses,
  nextPause,
  type PauseRequest,
  type Pauses,
  withoutOldPauses,
} from '../../../src/domain/throttle.ts';

import { hour, minute, second, startMs } from '../../fixtures/builders.ts';

const throttled = (retryAfterMs: number | null = null): PauseRequest => ({ retryAfterMs, code: 'http_429' });
const at = (afterMs: number, random = 1) => ({ nowMs: startMs + afterMs, random });

/** Refusals in a row, each as soon as the pause before has ended; how long each pause lasts. */
function waitsOf(count: number, random: number): readonly number[] {
  let pause: Pause | null = null;
  let nowMs = startMs;
  return Array.from({ length: count }, () => {
    pause = nextPause(pause, throttled(), { nowMs, random });
    const waitMs = pause.untilMs - nowMs;
    nowMs = pause.untilMs;
    return waitMs;
  });
}

describe('the pause after a refusal', () => {
  test.each([
    { what: 'whole seconds', retryAfterMs: 10 * second, waitMs: 10 * second },
    { what: 'a decimal', retryAfterMs: 2128, waitMs: 2128 },
    { what: 'a fraction of a millisecond, never too short', retryAfterMs: 2128.1, waitMs: 2129 },
    { what: 'the longest that was seen', retryAfterMs: 315 * second, waitMs: 315 * second },
    { what: 'an hour', retryAfterMs: hour, waitMs: hour },
    { what: 'a century, which is held to an hour', retryAfterMs: 100 * 365 * 24 * hour, waitMs: hour },
    { what: 'no wait at all, which is held to a second', retryAfterMs: 0, waitMs: second },
  ])('with $what is as announced', ({ retryAfterMs, waitMs }) => {
    expect(nextPause(null, throttled(retryAfterMs), at(0, 0))).toEqual({
      untilMs: startMs + waitMs,
      attempts: 1,
      code: 'http_429',
      sinceAtMs: startMs,
    });
  });

  test('without a time doubles from a second to five minutes', () => {
    expect(waitsOf(11, 1).map((waitMs) => waitMs / second)).toEqual([
      1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300,
    ]);
    expect(waitsOf(11, 0).map((waitMs) => waitMs / second)).toEqual([
      1, 1, 2, 4, 8, 16, 32, 64, 128, 150, 150,
    ]);
    expect(waitsOf(2000, 1).at(-1)).toBe(300 * second);
  });

  test('without a time begins anew when the last one ended five minutes ago', () => {
    const long: Pause = { untilMs: startMs, attempts: 9, code: 'http_429' };
    expect(nextPause(long, throttled(), at(5 * minute - 1))).toMatchObject({ attempts: 10 });
    expect(nextPause(long, throttled(), at(5 * minute))).toMatchObject({
      attempts: 1,
      untilMs: startMs + 5 * minute + second,
    });
  });

  const holding: Pause = {
    untilMs: startMs + 10 * second,
    attempts: 3,
    code: 'http_429',
    sinceAtMs: startMs - second,
  };

  test.each([
    { what: 'names no time', retryAfterMs: null },
    { what: 'names an earlier time', retryAfterMs: 2 * second },
    { what: 'names the same time', retryAfterMs: 5 * second },
  ])('is the very same while one holds and the refusal $what', ({ retryAfterMs }) => {
    expect(nextPause(holding, throttled(retryAfterMs), at(5 * second))).toBe(holding);
  });

  test('that holds is made longer by a later time, and stays one pause in the row', () => {
    const request = { retryAfterMs: minute, code: 'http_503' };
    expect(nextPause(holding, request, at(5 * second))).toEqual({
      untilMs: startMs + 65 * second,
      attempts: 3,
      code: 'http_503',
      sinceAtMs: startMs - second,
    });
  });

  test('of thirty requests that are refused together is one', () => {
    const pause = Array.from({ length: 30 }).reduce<Pause | null>(
      (previous, _, index) => nextPause(previous, throttled(5 * second), at(index)),
      null,
    );
    expect(pause).toMatchObject({ attempts: 1, untilMs: startMs + 29 + 5 * second, sinceAtMs: startMs });
  });
});

const pause: fc.Arbitrary<Pause> = fc.record(
  {
    untilMs: fc.nat({ max: 3 }).map((minutes) => startMs + minutes * minute),
    attempts: fc.integer({ min: 1, max: 3 }),
    code: fc.constantFrom('http_429', 'http_503', 'identity_refused'),
    sinceAtMs: fc.nat({ max: 2 }).map((minutes) => startMs - minutes * minute),
  },
  { requiredKeys: ['untilMs', 'attempts', 'code'] },
);
const pauses: fc.Arbitrary<Pauses> = fc.dictionary(
  fc.constantFrom('tenant-a', 'tenant-b', 'tenant-c'),
  pause,
  { noNullPrototype: true },
);

test('any refusal makes a pause of a second to an hour that no earlier knowledge shortens', () => {
  const waits = fc.option(fc.oneof(fc.nat({ max: 2 * hour }), fc.double({ min: 0, max: 1e18, noNaN: true })));
  const random = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.option(pause),
      waits,
      random,
      fc.nat({ max: 20 * minute }),
      (previous, wait, chance, afterMs) => {
        const { nowMs } = at(afterMs);
        const next = nextPause(previous, throttled(wait), { nowMs, random: chance });
        expect(Number.isSafeInteger(next.untilMs)).toBe(true);
        expect(next.untilMs).toBeGreaterThanOrEqual(previous?.untilMs ?? 0);
        expect(next.untilMs).toBeLessThanOrEqual(Math.max(previous?.untilMs ?? 0, nowMs + hour));
        expect(next.untilMs - nowMs).toBeGreaterThanOrEqual(next === previous ? 1 : second);
        expect(next.untilMs - nowMs).toBeGreaterThanOrEqual(Math.min(wait ?? 0, hour));
        expect(next.attempts - (previous?.attempts ?? 0)).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: 2000 },
  );
});

describe('joined knowledge', () => {
  test('is the later pause of each tenant', () => {
    const early: Pause = { untilMs: startMs, attempts: 5, code: 'http_503' };
    const late: Pause = { untilMs: startMs + 1, attempts: 1, code: 'http_429' };
    expect(joinPauses({ a: early, b: late }, { a: late, c: early })).toEqual({ a: late, b: late, c: early });
    expect(joinPauses({}, {})).toEqual({});
  });

  test('does not depend on the order in which, or how often, it is joined', () => {
    fc.assert(
      fc.property(pauses, pauses, pauses, (one, other, third) => {
        const joined = joinPauses(one, other);
        expect(joinPauses(other, one)).toEqual(joined);
        expect(joinPauses(joined, third)).toEqual(joinPauses(one, joinPauses(other, third)));
        expect(joinPauses(one, one)).toEqual(one);
        expect(joinPauses(joined, other)).toEqual(joined);
        expect(joinPauses(one, {})).toEqual(one);
      }),
      { numRuns: 2000 },
    );
  });

  test('lets nobody call earlier than either knew, and changes neither', () => {
    fc.assert(
      fc.property(pauses, pauses, fc.nat({ max: 4 * minute }), (one, other, afterMs) => {
        const before = JSON.stringify([one, other]);
        const joined = joinPauses(one, other);
        const { nowMs } = at(afterMs);
        for (const tenant of ['tenant-a', 'tenant-b', 'tenant-c']) {
          const known = [one, other].map((each) => holdingPause(each, tenant, nowMs)?.untilMs ?? 0);
          expect(holdingPause(joined, tenant, nowMs)?.untilMs ?? 0).toBe(Math.max(...known));
        }
        expect(JSON.stringify([one, other])).toBe(before);
      }),
    );
  });
});

describe('a pause', () => {
  const held: Pauses = { a: { untilMs: startMs, attempts: 1, code: 'http_429' } };

  test('holds to the last millisecond, and for its own tenant', () => {
    expect(holdingPause(held, 'a', startMs - 1)).toBe(held['a']);
    expect(holdingPause(held, 'a', startMs)).toBeNull();
    expect(holdingPause(held, 'b', startMs - 1)).toBeNull();
  });

  test('is forgotten five minutes after it ended', () => {
    expect(withoutOldPauses(held, startMs + 5 * minute - 1)).toEqual(held);
    expect(withoutOldPauses(held, startMs + 5 * minute)).toEqual({});
  });

  test('that is forgotten neither held any more nor made a later one longer', () => {
    fc.assert(
      fc.property(pauses, fc.nat({ max: 10 * minute }), (whole, afterMs) => {
        const now = at(afterMs);
        const kept = withoutOldPauses(whole, now.nowMs);
        expect(withoutOldPauses(kept, now.nowMs)).toEqual(kept);
        for (const tenant of Object.keys(whole)) {
          expect(holdingPause(kept, tenant, now.nowMs)).toEqual(holdingPause(whole, tenant, now.nowMs));
          const next = nextPause(whole[tenant] ?? null, throttled(), now);
          expect(nextPause(kept[tenant] ?? null, throttled(), now)).toEqual(next);
        }
      }),
    );
  });
});
