// What a shard remembers of durations: small whatever happens, and of the latest ends most.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addDurations,
  binCount,
  binOf,
  binStartsMs,
  durationsOf,
  noDurations,
  type Span,
} from '../../../src/domain/durations.ts';
import type { Durations } from '../../../src/domain/stored.ts';

const day = 86_400_000;
const age = fc.oneof(fc.nat({ max: 10_000 }), fc.nat({ max: 40 * day }), fc.constantFrom(0, 1e15));
const span: fc.Arbitrary<Span> = fc
  .tuple(age, fc.nat({ max: 3 * day }))
  .map(([fromMs, lengthMs]) => ({ fromMs, toMs: fromMs + lengthMs }));
const totalOf = ({ weights }: Durations): number => Object.values(weights).reduce((sum, one) => sum + one, 0);

describe('the bins of age', () => {
  test('follow each other from 0, and each is a quarter of its beginning or less', () => {
    expect(binStartsMs).toHaveLength(binCount);
    expect(binStartsMs[0]).toBe(0);
    for (const [bin, startMs] of binStartsMs.entries()) {
      const endMs = binStartsMs[bin + 1];
      if (bin === 0 || endMs === undefined) continue;
      expect(endMs).toBeGreaterThan(startMs);
      expect(endMs - startMs).toBeLessThanOrEqual(startMs / 4);
    }
  });

  test('hold every age up to the 30 days of the longest deadline, and the last holds all beyond', () => {
    expect(binStartsMs.at(-1)).toBeGreaterThan(30 * day);
    fc.assert(
      fc.property(age, (ageMs) => {
        const bin = binOf(ageMs);
        expect(binStartsMs[bin]).toBeLessThanOrEqual(ageMs);
        expect(binStartsMs[bin + 1] ?? Number.POSITIVE_INFINITY).toBeGreaterThan(ageMs);
      }),
    );
  });
});

describe('the memory of durations', () => {
  test.each([
    { what: 'an instant', fromMs: 5000, toMs: 5000, weights: { 8: 1 } },
    { what: 'a wait inside a bin', fromMs: 4200, toMs: 5000, weights: { 8: 1 } },
    { what: 'a wait over three bins', fromMs: 4608, toMs: 6656, weights: { 8: 0.25, 9: 0.5, 10: 0.25 } },
  ])('spreads an end over $what', ({ fromMs, toMs, weights }) => {
    expect(durationsOf([{ fromMs, toMs }])).toEqual({ known: 1, weights });
  });

  test('counts an end once, wherever it may have come', () => {
    fc.assert(
      fc.property(span, (one) => {
        expect(totalOf(durationsOf([one]))).toBeCloseTo(1, 1);
      }),
    );
  });

  test('takes less than 1,300 bytes, whatever it is told and however often', () => {
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 400 }), (spans) => {
        let durations = noDurations;
        for (let round = 0; round < 5; round += 1) durations = addDurations(durations, durationsOf(spans));
        expect(JSON.stringify(durations).length).toBeLessThan(1300);
        expect(durations.known).toBe(5 * spans.length);
        expect(totalOf(durations)).toBeLessThan(1 / 0.005 + 1);
      }),
      { numRuns: 30 },
    );
    const everywhere = binStartsMs.map((fromMs) => ({ fromMs, toMs: fromMs }));
    const full = Array.from({ length: 100 }, () => everywhere).flat();
    expect(Object.keys(durationsOf(full).weights)).toHaveLength(binCount);
    expect(JSON.stringify(durationsOf(full)).length).toBeLessThan(1300);
  });

  test('lets an end weigh half after 140 others, and nothing in the end', () => {
    const old = durationsOf([{ fromMs: 5000, toMs: 5000 }]);
    const others = (count: number) =>
      durationsOf(Array.from({ length: count }, () => ({ fromMs: 600_000, toMs: 600_000 })));
    expect(addDurations(old, others(140)).weights[8]).toBeCloseTo(0.5, 1);
    expect(addDurations(old, others(1600)).weights[8]).toBeUndefined();
  });

  test('is the same whether ends are told one by one or together', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 20 }), fc.nat({ max: 20 }), (spans, cut) => {
        const parts = addDurations(durationsOf(spans.slice(0, cut)), durationsOf(spans.slice(cut)));
        const whole = durationsOf(spans);
        expect(parts.known).toBe(whole.known);
        for (let bin = 0; bin < binCount; bin += 1)
          expect(parts.weights[bin] ?? 0).toBeCloseTo(whole.weights[bin] ?? 0, 1);
      }),
    );
  });

  test('is not touched where nothing new is told', () => {
    const known = durationsOf([{ fromMs: 5000, toMs: 5000 }]);
    expect(addDurations(known, noDurations)).toBe(known);
  });
});
