// `npm run check:long`: the kill test five times in a row, each with a seed of its own.
import { buildBundle } from '../../dev/build.ts';
import { runKillScenario } from './kill-scenario.ts';

const rounds = 5;

await buildBundle(process.cwd());
let passed = 0;
for (let round = 0; round < rounds; round += 1) {
  const seed = Math.floor(Math.random() * 1_000_000);
  console.log(`KILL_SEED=${seed}`);
  const report = await runKillScenario({ seed, operations: 200, kills: 10 });
  console.log(JSON.stringify(report));
  if (report.lost.length + report.wrong.length + report.mutatedCopies.length === 0) passed += 1;
}
console.log(`${passed} passed, ${rounds - passed} failed, 0 skipped`);
process.exit(passed === rounds ? 0 : 1);
