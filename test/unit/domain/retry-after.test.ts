// What Graph may write into Retry-After, and what is read from it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRetryAfterMs } from '../../../src/domain/retry-after.ts';
import { hour, minute, second, startMs } from '../../fixtures/builders.ts';

describe('a wait', () => {
  test.each([
    { what: 'whole seconds', value: '10', waitMs: 10 * second },
    { what: 'zero', value: '0', waitMs: 0 },
    { what: 'a decimal of the documentation', value: '2.128', waitMs: 2128 },
    { what: 'a decimal below a second', value: '0.249', waitMs: 249 },
    { what: 'a decimal finer than milliseconds, never too short', value: '0.0001', waitMs: 1 },
    { what: 'the longest that was seen', value: '315', waitMs: 315 * second },
    { what: 'more than an hour, as it was announced', value: '7200', waitMs: 2 * hour },
    { what: 'seconds with spaces around', value: ' 5\t', waitMs: 5 * second },
    { what: 'leading zeros', value: '007', waitMs: 7 * second },
    { what: 'a date to come', value: 'Sun, 22 Nov 2026 06:01:30 GMT', waitMs: 90 * second },
    { what: 'the present', value: 'Sun, 22 Nov 2026 06:00:00 GMT', waitMs: 0 },
    { what: 'a date that has passed', value: 'Sun, 22 Nov 2026 05:59:00 GMT', waitMs: 0 },
    { what: 'a date of long ago', value: 'Thu, 01 Jan 1970 00:00:00 GMT', waitMs: 0 },
    { what: 'a date with its weekday in full', value: 'Sunday, 22-Nov-26 06:01:00 GMT', waitMs: minute },
    { what: 'a date of the C library', value: 'Sun Nov 22 06:01:00 2026', waitMs: minute },
    { what: 'such a date with a day of one digit', value: 'Tue Dec  1 06:00:00 2026', waitMs: 9 * 24 * hour },
  ])('is read from $what', ({ value, waitMs }) => {
    expect(parseRetryAfterMs(value, startMs)).toBe(waitMs);
  });

  test.each([
    undefined,
    null,
    '',
    ' ',
    '-5',
    '+5',
    'abc',
    'soon',
    '1e9',
    '0x10',
    '5,10',
    '5 seconds',
    '5.',
    '.5',
    '1.2.3',
    '٥',
    'NaN',
    'Infinity',
    '9'.repeat(400),
    'try again in 5',
    '2026-11-22T06:01:00Z',
    '22 Nov 2026 06:01:00 GMT',
    'Sun, 22 Nov 2026 06:01:00',
    'Sun, 22 Nov 2026 06:01:00 +0100',
    'Sun, 22 Nov 2026 29:99:99 GMT',
    'Sun, 22 Non 2026 06:01:00 GMT',
    'Sun, 22 Nov 2026 06:01:00 GMT, 5',
    '[object Object]',
  ])('is not read from "%s"', (value) => {
    expect(parseRetryAfterMs(value, startMs)).toBeNull();
  });
});

const instant = fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true });

test('of any date lasts until that date, to the second in which it lies', () => {
  fc.assert(
    fc.property(instant, instant, (date, now) => {
      const waitMs = parseRetryAfterMs(date.toUTCString(), now.getTime());
      const atMs = Math.floor(date.getTime() / second) * second;
      expect(waitMs).toBe(Math.max(0, atMs - now.getTime()));
    }),
  );
});

test('of any number of seconds is never too short and at most a millisecond too long', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1_000_000_000 }), fc.nat({ max: 999_999 }), (whole, micro) => {
      const value = `${whole}.${String(micro).padStart(6, '0')}`;
      const exactMs = whole * second + micro / second;
      const waitMs = parseRetryAfterMs(value, startMs) ?? Number.NaN;
      expect(waitMs).toBeGreaterThanOrEqual(exactMs);
      expect(waitMs).toBeLessThanOrEqual(Math.ceil(exactMs) + 1);
    }),
  );
});

test('whatever is written there, the wait is a whole number of milliseconds from zero, or nothing', () => {
  const digits = fc.string({
    unit: fc.constantFrom(...'0123456789.-+eE: ,GMTSunNov'.split('')),
    maxLength: 32,
  });
  fc.assert(
    fc.property(fc.oneof(fc.string(), digits), fc.maxSafeNat(), (value, nowMs) => {
      const waitMs = parseRetryAfterMs(value, nowMs);
      if (waitMs === null) return;
      expect(Number.isSafeInteger(waitMs)).toBe(true);
      expect(waitMs).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 2000 },
  );
});
