// The simulation with a bug in it: bundled from the source with the bug's changes applied in memory, and loaded.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type { PlantedBug } from './planted-bugs.ts';
import type { runSeed } from './run-seed.ts';

export type Simulation = { readonly runSeed: typeof runSeed };

/** @throws Error when a change does not fit exactly one place of its file. */
export async function buildWithBug(root: string, bug: PlantedBug): Promise<Simulation> {
  // Where the packages are found from, which stay as they are.
  const cache = join(root, 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'planted-'));
  try {
    const outfile = join(folder, 'simulation.mjs');
    const applied = new Set<string>();
    await build({
      absWorkingDir: root,
      entryPoints: ['test/simulation/run-seed.ts'],
      outfile,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
      plugins: [plant(root, bug, applied)],
    });
    const missed = bug.changes.filter(({ file }) => !applied.has(file));
    if (missed.length > 0) throw new Error(`"${bug.name}" changes a file that the simulation does not use.`);
    return (await import(pathToFileURL(outfile).href)) as Simulation;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function plant(root: string, bug: PlantedBug, applied: Set<string>): Plugin {
  return {
    name: 'planted-bug',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const file = relative(root, path);
        const changes = bug.changes.filter((change) => change.file === file);
        if (changes.length === 0) return undefined;
        applied.add(file);
        const source = await readFile(path, 'utf8');
        const contents = changes.reduce((text, change) => replaceOnce(text, change, bug.name), source);
        return { contents, loader: 'ts' };
      });
    },
  };
}

function replaceOnce(text: string, { file, from, to }: PlantedBug['changes'][number], name: string): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`"${name}" fits ${parts.length - 1} places of ${file}: ${from}`);
  return parts.join(to);
}
