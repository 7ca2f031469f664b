// Nothing is lost and nothing invented, in five hundred worlds in which everything goes wrong.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { explain, judge } from '../checker/judge.ts';
import { regressions } from './regressions.ts';
import { runSeed } from './run-seed.ts';

const seeds = 500;
const seedsATest = 100;

/** Empty, or the story of what went wrong and how to see it again. */
async function storyOf(seed: number): Promise<string> {
  const history = await runSeed(seed);
  const verdict = judge(history);
  if (verdict.violations.length === 0) return '';
  return `npm run simulate -- --from ${seed} --seeds 1\n${explain(history, verdict)}`;
}

describe('in a world in which everything goes wrong', () => {
  test.each(Array.from({ length: seeds / seedsATest }, (_, index) => 1 + index * seedsATest))(
    'nothing is lost and nothing invented, from seed %i',
    { timeout: 120_000 },
    async (from) => {
      for (let seed = from; seed < from + seedsATest; seed += 1) expect(await storyOf(seed)).toBe('');
    },
  );

  test.each(regressions)('$name does not come back (seed $seed)', async ({ seed }) => {
    expect(await storyOf(seed)).toBe('');
  });

  test.each([1, 7, 42])('seed %i is one history', async (seed) => {
    const hash = async (): Promise<string> =>
      createHash('sha256')
        .update(JSON.stringify(await runSeed(seed)))
        .digest('hex');
    expect(await hash()).toBe(await hash());
  });
});
