// A copy of what is deployed, in a temporary folder, in which a test plants a fault.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PlantedRepository, plantRepository, repositoryRoot } from './planted-repository.ts';

/** A text of a file, and what stands in its place. */
export type Edit = { readonly file: string; readonly find: string; readonly replace: string };

const single = [
  'azure.yaml',
  'host.json',
  'package.json',
  'docs/runbook.md',
  'docs/configuration.md',
  'src/telemetry/names.ts',
];
const infra = readdirSync(join(repositoryRoot, 'infra'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(repositoryRoot.length + 1));

export const deployedFiles: Readonly<Record<string, string>> = Object.fromEntries(
  [...single, ...infra].map((path) => [path, readFileSync(join(repositoryRoot, path), 'utf8')]),
);

/** @throws Error when there is nothing to replace: the fault would not be planted. */
export async function plantDeployment(...edits: readonly Edit[]): Promise<PlantedRepository> {
  const files = { ...deployedFiles };
  for (const { file, find, replace } of edits) {
    const text = files[file] ?? '';
    if (!text.includes(find)) throw new Error(`${file} does not hold ${find}`);
    files[file] = text.replace(find, () => replace);
  }
  return plantRepository(files);
}
