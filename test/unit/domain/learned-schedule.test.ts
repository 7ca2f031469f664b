// What the learned schedule saves, by the real schedule in virtual time over seeded families of durations. The counts
// are exact: whoever changes the schedule sees here what that costs or saves.
import { describe, expect, test } from 'vitest';
import type { ShardMemory } from '../../../src/domain/stored.ts';
import { second } from '../../fixtures/builders.ts';
import {
  type Cost,
  chanceOf,
  costOf,
  type Family,
  families,
  type Load,
  learn,
} from '../../fixtures/duration-families.ts';

const rounds = [1, 2, 3];
const learnedFrom = 1000;
const watched = 600;

function load(family: Family, intervalMs: number, { seed, count }: { seed: number; count: number }): Load {
  return { family, count, chance: chanceOf(seed), policy: { firstPollMs: 5 * second, intervalMs } };
}

function sumOf(costs: readonly Cost[]): Cost {
  return {
    polls: costs.reduce((sum, { polls }) => sum + polls, 0),
    meanDelayMs: costs.reduce((sum, { meanDelayMs }) => sum + meanDelayMs, 0) / costs.length,
    p99DelayMs: Math.max(...costs.map(({ p99DelayMs }) => p99DelayMs)),
  };
}

/** Learned from some, then what others cost; and the same others at the fixed interval that has the same mean delay. */
function compare(family: Family, intervalMs: number): { readonly learned: Cost; readonly fixed: Cost } {
  const costs = (ofMs: number, memoryOf: (seed: number) => ShardMemory | undefined) =>
    rounds.map((seed) => costOf(load(family, ofMs, { seed: seed + 100, count: watched }), memoryOf(seed)));
  const learned = sumOf(
    costs(intervalMs, (seed) => learn(load(family, intervalMs, { seed, count: learnedFrom }))),
  );
  const usual = sumOf(costs(intervalMs, () => undefined));
  const sameMs = (intervalMs * learned.meanDelayMs) / usual.meanDelayMs;
  return { learned, fixed: sumOf(costs(sameMs, () => undefined)) };
}

test.each([
  { name: 'narrow', interval: 10, polls: 57_156, fixed: 112_700, atMost: 0.6 },
  { name: 'twoPeaks', interval: 10, polls: 9276, fixed: 22_742, atMost: 0.6 },
  { name: 'wide', interval: 10, polls: 104_300, fixed: 126_551, atMost: 0.9 },
  { name: 'exponential', interval: 10, polls: 105_672, fixed: 104_811, atMost: 1.03 },
  { name: 'narrow', interval: 30, polls: 21_211, fixed: 40_597, atMost: 0.6 },
  { name: 'twoPeaks', interval: 30, polls: 5513, fixed: 9234, atMost: 0.6 },
  { name: 'wide', interval: 30, polls: 36_776, fixed: 46_336, atMost: 0.9 },
  { name: 'exponential', interval: 30, polls: 37_201, fixed: 36_470, atMost: 1.03 },
] as const)(
  '$name durations at $interval s need $polls polls where a fixed interval of the same mean delay needs $fixed',
  ({ name, interval, polls, fixed, atMost }) => {
    const intervalMs = interval * second;
    const costs = compare(families[name], intervalMs);
    expect({ polls: costs.learned.polls, fixed: costs.fixed.polls }).toEqual({ polls, fixed });
    expect(polls / fixed).toBeLessThanOrEqual(atMost);
    expect(costs.learned.p99DelayMs).toBeLessThanOrEqual(2.5 * intervalMs);
  },
);

describe('a shard', () => {
  const intervalMs = 10 * second;
  const ofNarrow = (memory?: ShardMemory) =>
    costOf(load(families.narrow, intervalMs, { seed: 3, count: 200 }), memory);

  test('polls at the fixed interval until fifty durations are known', () => {
    const before = learn(load(families.narrow, intervalMs, { seed: 1, count: 49 }));
    expect(before.durations.known).toBe(49);
    expect(ofNarrow(before)).toEqual(ofNarrow());
    const after = learn(load(families.narrow, intervalMs, { seed: 4, count: 1 }), before);
    expect(after.durations.known).toBe(50);
    expect(ofNarrow(after).polls).toBeLessThan(0.7 * ofNarrow().polls);
  });

  test.each([
    { world: 'a third as long', changed: (chance) => families.narrow(chance) / 3 },
    { world: 'three times as long', changed: (chance) => families.narrow(chance) * 3 },
    { world: 'of no shape at all', changed: families.exponential },
  ] as const satisfies readonly { world: string; changed: Family }[])(
    'unlearns within a hundred ends when durations become $world',
    ({ changed }) => {
      const chance = chanceOf(5);
      const fixed = costOf(load(changed, intervalMs, { seed: 6, count: 400 }));
      let memory = learn(load(families.narrow, intervalMs, { seed: 1, count: 1000 }));
      const delays = [0, 10, 90].map((count) => {
        memory = learn({ ...load(changed, intervalMs, { seed: 0, count }), chance }, memory);
        const cost = costOf(load(changed, intervalMs, { seed: 6, count: 400 }), memory);
        expect(cost.p99DelayMs).toBeLessThanOrEqual(8.1 * intervalMs);
        return cost.meanDelayMs / fixed.meanDelayMs;
      });
      expect(delays[1]).toBeLessThan(3);
      expect(delays[2]).toBeLessThan(1.3);
    },
  );
});
