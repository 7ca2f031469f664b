// `npm run check:long`: what takes too long for every change. Each part is a command of its own that prints its seed, says
// what it found, and ends with 0 when all holds; one after another, because they load the machine.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

type Part = {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly env?: Readonly<Record<string, string>>;
};

const anySeed = String(1 + Math.floor(Math.random() * 1_000_000));

const simulation = 'test/simulation/main.ts';

const parts: readonly Part[] = [
  { name: 'build', command: ['node', 'dev/build.ts'] },
  { name: 'crash map', command: ['node', 'test/e2e/crash/main.ts'] },
  { name: 'soak', command: ['node', 'test/e2e/soak/main.ts', '--minutes', '3'] },
  { name: 'simulation', command: ['node', simulation, '--from', anySeed, '--seeds', '5000'] },
  {
    name: 'simulation of four sweepers',
    command: [
      'node',
      simulation,
      '--from',
      anySeed,
      '--seeds',
      '200',
      '--sweepers',
      '4',
      '--operations',
      '40',
    ],
  },
  {
    name: 'fuzzing and model',
    command: [
      'vitest',
      'run',
      'test/integration/api/fuzz.test.ts',
      'test/integration/notifications/model.test.ts',
    ],
    env: { FUZZ_RUNS: '100', MODEL_RUNS: '40' },
  },
];

async function runPart({ name, command: [program, ...args], env = {} }: Part): Promise<boolean> {
  console.log(`\n── ${name}: ${[program, ...args].join(' ')}`);
  const startedMs = performance.now();
  const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  const [code] = (await once(child, 'close')) as [number | null];
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name}, ${seconds} s`);
  return code === 0;
}

const passed: boolean[] = [];
for (const part of parts) passed.push(await runPart(part));
const good = passed.filter(Boolean).length;
console.log(`${good} passed, ${parts.length - good} failed, 0 skipped`);
process.exit(good === parts.length ? 0 : 1);
