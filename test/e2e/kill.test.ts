// The promise of the product over real processes: nothing is lost and nothing invented, whenever the host dies.
import { expect, test } from 'vitest';
import { runKillScenario } from './kill-scenario.ts';

test('receives every end once and invents none when the host is killed ten times', {
  timeout: 150_000,
}, async () => {
  const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);
  console.log(`KILL_SEED=${seed}`);
  const report = await runKillScenario({ seed, operations: 200, kills: 10 });
  expect(report).toEqual({
    kills: 10,
    operations: 200,
    copies: expect.any(Number),
    mutatedCopies: [],
    lost: [],
    wrong: [],
  });
});
