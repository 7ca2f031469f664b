// How closely polls follow each other by what is known: bounded whatever is known, and densest where ends are likely.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ageMsAt, cadenceOf, pacedMsAt, steadyCadence } from '../../../src/domain/cadence.ts';
import { binCount, binOf, durationsOf, noDurations } from '../../../src/domain/durations.ts';
import type { Durations } from '../../../src/domain/stored.ts';
import { hour, minute, second } from '../../fixtures/builders.ts';

const endsAt = (...agesMs: readonly number[]): Durations =>
  durationsOf(
    Array.from({ length: 100 }, (_, index) => agesMs[index % agesMs.length] ?? 0).map((ageMs) => ({
      fromMs: ageMs,
      toMs: ageMs,
    })),
  );
/** Whatever a row may hold. */
const stored: fc.Arbitrary<Durations> = fc.record({
  known: fc.oneof(fc.nat({ max: 200 }), fc.double({ min: 0, noNaN: true, noDefaultInfinity: true })),
  weights: fc.dictionary(
    fc.oneof(fc.nat({ max: 100 }).map(String), fc.string({ maxLength: 3 })),
    fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.constantFrom(0, 5e-324, 0.001, 1e6)),
  ),
});

describe('the cadence', () => {
  test('is steady while nothing is known, and where no operation lived', () => {
    expect(cadenceOf(noDurations)).toBe(steadyCadence);
    expect(new Set(steadyCadence.densities)).toEqual(new Set([1]));
    const { densities } = cadenceOf(endsAt(10 * minute));
    expect(new Set(densities.slice(binOf(hour)))).toEqual(new Set([1]));
  });

  test('has from a look in eight intervals to two looks an interval, whatever is stored', () => {
    fc.assert(
      fc.property(stored, (durations) => {
        const { densities, startsPacedMs } = cadenceOf(durations);
        expect(densities).toHaveLength(binCount);
        for (const density of densities) {
          expect(density).toBeGreaterThanOrEqual(1 / 8);
          expect(density).toBeLessThanOrEqual(2);
        }
        for (const paced of startsPacedMs) expect(Number.isFinite(paced)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('is the same for the same durations, also when they were stored and read in between', () => {
    fc.assert(
      fc.property(stored, (durations) => {
        const copy = JSON.parse(JSON.stringify(durations)) as Durations;
        expect(cadenceOf(copy)).toEqual(cadenceOf(durations));
      }),
      { numRuns: 100 },
    );
  });

  test('is sparsest before all ends and between two peaks, and densest where most of the living end', () => {
    const { densities } = cadenceOf(endsAt(10 * second, 10 * minute));
    const at = (ageMs: number): number => densities[binOf(ageMs)] ?? Number.NaN;
    expect(at(2 * minute)).toBe(1 / 8);
    expect(at(10 * second)).toBeGreaterThan(at(2 * second));
    expect(at(10 * second)).toBeGreaterThan(at(2 * minute));
    expect(at(10 * minute)).toBeGreaterThan(at(2 * minute));
  });

  test('follows the root of the hazard: where ends are four times as likely, looks are twice as close', () => {
    // Four bins in a row: of those that live, 6, 6, 25 and 25 of 100 end in each.
    const counts = { 550: 60, 690: 56, 820: 221, 950: 166, 3000: 497 };
    const spans = Object.entries(counts).flatMap(([age, count]) =>
      Array.from({ length: count }, () => ({ fromMs: Number(age) * second, toMs: Number(age) * second })),
    );
    // In an even mixture, for the latest weigh most.
    const mixed = spans.map((_, index) => spans[(index * 377) % spans.length] ?? { fromMs: 0, toMs: 0 });
    const { densities } = cadenceOf(durationsOf(mixed));
    const at = (ageMs: number): number => densities[binOf(ageMs)] ?? Number.NaN;
    expect(at(950 * second) / at(550 * second)).toBeGreaterThan(1.8);
    expect(at(950 * second) / at(550 * second)).toBeLessThan(2.3);
  });

  test('tells paced time and age back and forth', () => {
    const cadence = cadenceOf(endsAt(10 * second, 10 * minute));
    fc.assert(
      fc.property(fc.nat({ max: 100 * hour }), fc.nat({ max: hour }), (ageMs, earlierMs) => {
        const paced = pacedMsAt(cadence, ageMs);
        expect(ageMsAt(cadence, paced, Math.max(0, ageMs - earlierMs))).toBeCloseTo(ageMs, 3);
      }),
    );
  });
});
