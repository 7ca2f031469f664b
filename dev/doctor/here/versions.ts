// Node and the bundle, as they are on this machine.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { bundlePath } from '../../build.ts';
import { sourceFiles } from '../../checks/source-files.ts';
import { fail, pass, skip, type Verdict, warn } from '../verdict.ts';

/** @param version of Node, without a `v`. @param least as package.json has it: `>=22.15`. */
export function judgeNode(version: string, least: string): Verdict {
  const wanted = numbersOf(least);
  const isEnough = compare(numbersOf(version), wanted) >= 0;
  if (isEnough) return pass(version);
  return fail({
    detail: `This is Node ${version}, and ${wanted.join('.')} or later is needed.`,
    fix: 'Run it by npm (npm run doctor), which takes the Node of the dependencies; npm ci installs that. In Azure set NODE_VERSION (docs/deploy.md).',
  });
}

function numbersOf(text: string): readonly number[] {
  return (text.match(/\d+/g) ?? []).slice(0, 3).map(Number);
}

function compare(one: readonly number[], other: readonly number[]): number {
  const at = [0, 1, 2].find((index) => (one[index] ?? 0) !== (other[index] ?? 0));
  return at === undefined ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}

export type BundleFacts = {
  /** Null: there is none. */
  readonly builtAtMs: number | null;
  /** Of the newest source; null where only the bundle is. */
  readonly changedAtMs: number | null;
};

export function judgeBundle({ builtAtMs, changedAtMs }: BundleFacts): Verdict {
  if (builtAtMs === null)
    return skip('None was built here yet; npm start, npm run host and azd deploy build it.');
  const builtAt = new Date(builtAtMs).toISOString();
  if (changedAtMs === null || builtAtMs >= changedAtMs) return pass(`${bundlePath}, built at ${builtAt}`);
  return warn({
    detail: `${bundlePath} is older than its sources: it was built at ${builtAt}.`,
    fix: 'npm run build; npm start and npm run host do so by themselves.',
  });
}

export async function probeBundle(root: string): Promise<BundleFacts> {
  const paths = await sourceFiles(root, ['functions', 'src']);
  const [built, ...changed] = await Promise.all(
    [bundlePath, ...paths].map((path) => timeOf(join(root, path))),
  );
  const times = changed.filter((time) => time !== null);
  return { builtAtMs: built ?? null, changedAtMs: times.length === 0 ? null : Math.max(...times) };
}

async function timeOf(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null); // not there
  return found?.mtimeMs ?? null;
}
