// The app in a folder of its own that the local host can run: as it is deployed, or with its crash points.
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import type { Plugin } from 'esbuild';
import { buildBundle, type TestBuild } from '../../../dev/build.ts';

export type BuiltApp = {
  /** For the host's `--app`. */
  readonly folder: string;
  readonly bundle: string;
  readonly remove: () => Promise<void>;
};

/** Dies where FAILPOINT says. */
export function buildMortalApp(): Promise<BuiltApp> {
  return buildApp({ plugins: [dieAtCrashPoints] });
}

/** Without a test build it is what is deployed. */
export async function buildApp(testBuild?: TestBuild): Promise<BuiltApp> {
  const root = process.cwd();
  const folder = await mkdtemp(join(tmpdir(), 'opwatch-app-'));
  const bundle = join(folder, 'functions.cjs');
  await buildBundle(root, relative(root, bundle), testBuild);
  await copyFile(join(root, 'host.json'), join(folder, 'host.json'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ main: 'functions.cjs' }));
  return { folder, bundle, remove: () => rm(folder, { recursive: true }) };
}

const dieAtCrashPoints: Plugin = {
  name: 'die-at-crash-points',
  setup({ onResolve }) {
    onResolve({ filter: /\/crash-point\.ts$/ }, () => ({ path: resolve('test/e2e/processes/die-at.ts') }));
  },
};
