// How fast Graph is asked after it has refused.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  evidenceAfter,
  itemsPerSecondAt,
  noEvidence,
  type Rate,
  rateAfter,
  rateEndsAtMs,
} from '../../../src/domain/rate.ts';
import { minute, second, startMs } from '../../fixtures/builders.ts';

const pause = (waitMs = second) => ({ sinceMs: startMs, untilMs: startMs + waitMs });
const rate = (changes: Partial<Rate> = {}): Rate => ({
  itemsPerSecond: 100,
  sinceMs: startMs - minute,
  trustedMs: minute,
  ...changes,
});

describe('the rate after a refusal', () => {
  test('is what was let pass since the refusal before, the wait included', () => {
    expect(rateAfter({ items: 900, ms: 8 * second }, pause(), null)).toEqual({
      itemsPerSecond: 100,
      sinceMs: startMs + second,
      trustedMs: 27 * second,
    });
  });

  test('lies between what was let pass and what was asked for at last', () => {
    const after = rateAfter({ items: 900, ms: 8 * second }, pause(), rate({ itemsPerSecond: 110 }));
    expect(after?.itemsPerSecond).toBeCloseTo(105);
    const muchFaster = rateAfter({ items: 900, ms: 8 * second }, pause(), rate({ itemsPerSecond: 5000 }));
    expect(muchFaster?.itemsPerSecond).toBeCloseTo(110);
  });

  test('is unknown, or the one before, where next to nothing was let pass', () => {
    expect(rateAfter({ items: 199, ms: second }, pause(), null)).toBeNull();
    expect(rateAfter({ items: 0, ms: 0 }, pause(), rate())).toEqual({ ...rate(), sinceMs: startMs + second });
  });

  test.each([
    { what: 'three times as long as it was watched', ms: 9 * second, waitMs: second, trustedMs: 30 * second },
    { what: 'at most 120 of its waits', ms: 20 * minute, waitMs: second, trustedMs: 120 * second },
    { what: 'at most half an hour', ms: 100 * minute, waitMs: minute, trustedMs: 30 * minute },
  ])('is trusted for $what', ({ ms, waitMs, trustedMs }) => {
    expect(rateAfter({ items: 1000, ms }, pause(waitMs), null)?.trustedMs).toBe(trustedMs);
  });

  test('grows from just below what was let pass, slowly at first, and holds nobody back in the end', () => {
    const at = (ages: number) => itemsPerSecondAt(rate({ sinceMs: startMs }), startMs + ages * minute);
    expect([at(-1), at(0), at(1), at(2), at(4)].map((perSecond) => Math.round(perSecond * 10) / 10)).toEqual([
      99.7, 99.7, 100, 102.1, 118.9,
    ]);
    expect([at(8.99) < 400, at(9)]).toEqual([true, Number.POSITIVE_INFINITY]);
    expect(rateEndsAtMs(rate({ sinceMs: startMs }))).toBe(startMs + 9 * minute);
  });

  test('is never faster than a tenth above what was let pass, nor ever nothing', () => {
    const evidence = fc.record({
      items: fc.integer({ min: 200, max: 1e6 }),
      ms: fc.integer({ min: 0, max: 1e7 }),
    });
    const before = fc.option(
      fc.record({
        itemsPerSecond: fc.double({ min: 0.001, max: 1e5, noNaN: true }),
        sinceMs: fc.integer({ min: startMs - 1e7, max: startMs }),
        trustedMs: fc.integer({ min: 1, max: 1e7 }),
      }),
    );
    fc.assert(
      fc.property(evidence, before, fc.integer({ min: 1, max: 3_600_000 }), (seen, kept, waitMs) => {
        const after = rateAfter(seen, pause(waitMs), kept);
        const passed = (seen.items * 1000) / (seen.ms + waitMs);
        expect(after?.itemsPerSecond).toBeGreaterThan(0);
        expect(after?.itemsPerSecond).toBeLessThanOrEqual(passed * 1.1000001);
      }),
    );
  });
});

describe('the evidence after a wait', () => {
  test('begins anew, unless too little was let pass to say anything', () => {
    expect(evidenceAfter({ items: 200, ms: 50 }, second)).toEqual(noEvidence);
    expect(evidenceAfter({ items: 0, ms: 50 }, second)).toEqual(noEvidence);
    expect(evidenceAfter({ items: 5, ms: 50 }, second)).toEqual({ items: 5, ms: 50 + second });
  });
});
