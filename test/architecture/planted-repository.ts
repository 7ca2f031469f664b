// A small clean repository in a temporary folder, with this one's configuration, in which a test plants a violation.
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterFile } from '../after-file.ts';

export const repositoryRoot = join(import.meta.dirname, '../..');

const configuration = [
  'biome.json',
  'tsconfig.json',
  '.oxlintrc.json',
  '.dependency-cruiser.mjs',
  'knip.json',
  'redocly.yaml',
  '.npmrc',
];

type Manifest = { readonly devDependencies: Readonly<Record<string, string>> };
export type PlantedRepository = { readonly root: string };

/** One file in each layer, each used by the next. */
const cleanFiles: Readonly<Record<string, string>> = {
  'functions/main.ts': "import { start } from '../src/app.ts';\n\nawait start();\n",
  'src/app.ts': `import { loadPace } from './config.ts';
import { createDecide } from './flows/decide.ts';
import { readStatus } from './graph/read-status.ts';
import { answerOf } from './http/answer.ts';
import { keep } from './storage/keep.ts';

export async function start(): Promise<void> {
  const decide = createDecide({ readStatus, nowMs: Date.now });
  keep(answerOf(await decide(loadPace(process.argv.length))));
}
`,
  'src/config.ts': `export function loadPace(fallback: number): number {
  return Number(process.env['PACE'] ?? fallback);
}
`,
  'src/domain/pace.ts': `/** The time that a pace leads to, as text. */
export function paceText(atMs: number, pace: number): string {
  return new Date(atMs + pace).toISOString();
}
`,
  'src/flows/decide.ts': `import { paceText } from '../domain/pace.ts';

type Ports = { readonly readStatus: () => Promise<string>; readonly nowMs: () => number };

export function createDecide({ readStatus, nowMs }: Ports): (pace: number) => Promise<string> {
  return async (pace) => (await readStatus()) + paceText(nowMs(), pace);
}
`,
  'src/graph/read-status.ts': `import { paceText } from '../domain/pace.ts';

export function readStatus(): Promise<string> {
  return Promise.resolve(paceText(0, 1));
}
`,
  'src/storage/keep.ts': `import { paceText } from '../domain/pace.ts';

const kept: string[] = [];

export function keep(text: string): void {
  kept.push(text, paceText(0, 2));
}
`,
  'src/http/answer.ts': `import { paceText } from '../domain/pace.ts';

export function answerOf(text: string): string {
  return text + paceText(0, 3);
}
`,
  'dev/start.ts': "console.log('started');\n",
  'bench/main.ts': "console.log('measured');\n",
  'test/unit/pace.test.ts': `import { expect, test } from 'vitest';
import { paceText } from '../../src/domain/pace.ts';

test('says when', () => {
  expect(paceText(0, 1)).toBe('1970-01-01T00:00:00.001Z');
});
`,
};

/** What the planted tests run with: the real reporter, and no storage. */
const vitestConfig = `import { defineConfig } from 'vitest/config';
import { countingReporter } from ${JSON.stringify(join(repositoryRoot, 'test/reporter.ts'))};

export default defineConfig({ test: { include: ['test/**/*.test.ts'], reporters: ['default', countingReporter()] } });
`;

/**
 * The repository lives until the test file that asked for it has ended.
 * @param planted contents by path; they replace the clean ones.
 */
export async function plantRepository(
  planted: Readonly<Record<string, string>> = {},
): Promise<PlantedRepository> {
  const root = await mkdtemp(join(tmpdir(), 'opwatch-planted-'));
  afterFile(() => rm(root, { recursive: true }));
  await Promise.all(configuration.map((name) => cp(join(repositoryRoot, name), join(root, name))));
  await symlink(join(repositoryRoot, 'node_modules'), join(root, 'node_modules'));
  const files = {
    'package.json': await manifest(),
    'vitest.config.ts': vitestConfig,
    ...cleanFiles,
    ...planted,
  };
  await Promise.all(Object.entries(files).map(([path, content]) => writeBelow(root, path, content)));
  return { root };
}

async function writeBelow(root: string, path: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}

/** With the packages that the clean files, or the configuration of knip, speak of. */
async function manifest(): Promise<string> {
  const { devDependencies } = JSON.parse(
    await readFile(join(repositoryRoot, 'package.json'), 'utf8'),
  ) as Manifest;
  const { ignoreDependencies } = JSON.parse(await readFile(join(repositoryRoot, 'knip.json'), 'utf8')) as {
    readonly ignoreDependencies: readonly string[];
  };
  const wanted = ['vitest', '@types/node', ...ignoreDependencies];
  return `${JSON.stringify(
    {
      name: 'planted',
      private: true,
      type: 'module',
      scripts: { start: 'node dev/start.ts' },
      devDependencies: Object.fromEntries(wanted.map((name) => [name, devDependencies[name]])),
      allowScripts: {},
    },
    null,
    2,
  )}\n`;
}
