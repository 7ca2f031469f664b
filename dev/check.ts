// `npm run check`: the whole gate, the same here and in .ci/run. Static checks run two at a time, then the tests, alone
// because they need both cores. The last line is the tests' own count.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { checkAzd } from './checks/azd.ts';
import { checkBicep } from './checks/bicep.ts';
import { checkBundle } from './checks/bundle.ts';
import { checkConfigurationDocument } from './checks/configuration-document.ts';
import { checkHostJson } from './checks/host-json.ts';
import { checkInfraHardening } from './checks/infra-hardening.ts';
import { checkInfraRoles } from './checks/infra-roles.ts';
import { checkInfraSettings } from './checks/infra-settings.ts';
import { checkLayers } from './checks/layers.ts';
import { checkOpenApi } from './checks/openapi.ts';
import type { Check } from './checks/outcome.ts';
import { checkPurity } from './checks/purity.ts';
import { checkQueries } from './checks/queries.ts';
import { checkSize } from './checks/size.ts';
import { checkSupplyChain } from './checks/supply-chain.ts';
import { checkTestNames } from './checks/test-names.ts';
import { checkDeadCode, checkFormat, checkLint, checkTypes } from './checks/tools.ts';

type Step = { readonly name: string; readonly run: Check };

const staticSteps: readonly Step[] = [
  { name: 'format', run: checkFormat },
  { name: 'typecheck', run: checkTypes },
  { name: 'lint', run: checkLint },
  { name: 'layers', run: checkLayers },
  { name: 'deadcode', run: checkDeadCode },
  { name: 'purity', run: checkPurity },
  { name: 'size', run: checkSize },
  { name: 'test names', run: checkTestNames },
  { name: 'openapi', run: checkOpenApi },
  { name: 'supply chain', run: checkSupplyChain },
  { name: 'bundle', run: checkBundle },
  { name: 'bicep', run: checkBicep },
  { name: 'roles', run: checkInfraRoles },
  { name: 'deployed settings', run: checkInfraSettings },
  { name: 'hardening', run: checkInfraHardening },
  { name: 'host.json', run: checkHostJson },
  { name: 'azd', run: checkAzd },
  { name: 'queries', run: checkQueries },
  { name: 'configuration.md', run: checkConfigurationDocument },
];
const stepsAtATime = 2;

/** @returns whether it passed. One line a step; what a failed one found stands below its line. */
async function runStep({ name, run }: Step, root: string): Promise<boolean> {
  const startedAtMs = performance.now();
  const { problems, seen } = await run(root).catch((error: unknown) => ({
    problems: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
    seen: 'nothing',
  }));
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  console.log(
    `${problems.length === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(17)} ${seconds.padStart(5)} s  ${seen}`,
  );
  for (const problem of problems) console.log(problem.replaceAll(/^/gm, '       '));
  return problems.length === 0;
}

async function runSteps(steps: readonly Step[], root: string): Promise<readonly boolean[]> {
  const waiting = [...steps];
  const passed: boolean[] = [];
  const worker = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift())
      passed.push(await runStep(step, root));
  };
  await Promise.all(Array.from({ length: stepsAtATime }, worker));
  return passed;
}

/** The bundle was built by its own step, so this is `npm test` without its build. */
async function runTests(root: string): Promise<boolean> {
  const tests = spawn('vitest', ['run'], { cwd: root, stdio: 'inherit' });
  const [code] = (await once(tests, 'close')) as [number | null];
  return code === 0;
}

const root = process.cwd();
const failed = (await runSteps(staticSteps, root)).filter((passed) => !passed).length;
if (failed > 0) console.log(`${failed} of ${staticSteps.length} checks failed; the tests run all the same`);
const testsPassed = await runTests(root);
process.exitCode = failed === 0 && testsPassed ? 0 : 1;
