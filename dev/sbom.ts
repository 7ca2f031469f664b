// What the package is made of, as a CycloneDX document: npm's own of the lock file, less what is not in the bundle. npm's
// own way to leave out what is for development loses packages of the product too (npm 11.19).
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

type Component = { readonly 'bom-ref': string };
type Dependency = { readonly ref: string; readonly dependsOn: readonly string[] };
export type Sbom = {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly serialNumber?: string;
  readonly metadata: { readonly component: Component & Readonly<Record<string, unknown>> };
  readonly components: readonly Component[];
  readonly dependencies: readonly Dependency[];
};
type Lock = {
  readonly packages: Readonly<Record<string, { readonly name?: string; readonly version?: string }>>;
};

/** @param packages folders as in package-lock.json. @throws Error that names what npm does not list. */
export async function makeSbom(root: string, packages: readonly string[]): Promise<Sbom> {
  const { stdout } = await promisify(execFile)(
    'npm',
    ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'],
    {
      cwd: root,
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lock;
  return keepBundled(
    JSON.parse(stdout) as Sbom,
    packages.map((path) => referenceOf(path, lock)),
  );
}

/** Pure: the document with these components and the relations among them, and nothing that changes from run to run. */
export function keepBundled(whole: Sbom, bundled: readonly string[]): Sbom {
  const listed = new Set(whole.components.map((component) => component['bom-ref']));
  const missing = bundled.filter((reference) => !listed.has(reference));
  if (missing.length > 0) throw new Error(`npm sbom does not list ${missing.join(', ')}.`);
  const self = whole.metadata.component['bom-ref'];
  const kept = new Set([...bundled, self]);
  const { serialNumber: _, ...document } = whole;
  return {
    ...document,
    // npm calls it by its folder.
    metadata: { component: { ...whole.metadata.component, type: 'application', name: nameOf(self) } },
    components: whole.components.filter((component) => kept.has(component['bom-ref'])),
    dependencies: whole.dependencies
      .filter(({ ref }) => kept.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => kept.has(one)) })),
  };
}

function referenceOf(path: string, { packages }: Lock): string {
  const { name = path.replace(/^.*node_modules\//, ''), version } = packages[path] ?? {};
  return `${name}@${version}`;
}

function nameOf(reference: string): string {
  return reference.slice(0, reference.lastIndexOf('@'));
}
