// The simulation is no ornament: it catches every bug that is planted into the product.
import { expect, test } from 'vitest';
import { judge } from '../checker/judge.ts';
import { buildWithBug } from './build-with-bug.ts';
import { plantedBugs } from './planted-bugs.ts';

const seeds = 500;

test.each(plantedBugs)('a planted bug is caught: $name', { timeout: 180_000 }, async (bug) => {
  const simulation = await buildWithBug(process.cwd(), bug);
  // The seed that caught it last first; then all that it may take.
  const order = [bug.caughtBy, ...Array.from({ length: seeds }, (_, index) => index + 1)];
  for (const seed of order) {
    if (judge(await simulation.runSeed(seed)).violations.length > 0) return;
  }
  expect.fail(`${bug.name} was not caught by ${seeds} seeds`);
});
