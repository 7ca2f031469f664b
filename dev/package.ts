// `npm run package`: what is deployed, as a folder for azd and as a zip for a release, and beside it what it is made of.
// The same sources give the same zip.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Zippable, zipSync } from 'fflate';
import { buildBundle } from './build.ts';
import { packageFiles, packageFolder, readManifest } from './package-files.ts';
import { makeSbom } from './sbom.ts';

export type Package = { readonly zip: string; readonly sbom: string; readonly bytes: number };

/** The first moment that a zip can tell: times of files would make each zip another. */
const fixedTime = '1980-01-01T00:00:00';

/** @returns paths relative to the root. */
export async function makePackage(root: string): Promise<Package> {
  const { packages } = await buildBundle(root);
  const files = await packageFiles(root);
  const { name, version } = await readManifest(root);
  await rm(join(root, packageFolder), { recursive: true, force: true });
  for (const [path, content] of files) await writeBelow(join(root, packageFolder), path, content);
  const zip = `dist/${name}-${version}.zip`;
  const sbom = `dist/${name}-${version}.cdx.json`;
  const entries: Zippable = Object.fromEntries(
    [...files].map(([path, content]) => [path, [new Uint8Array(content), { mtime: fixedTime, level: 9 }]]),
  );
  const zipped = zipSync(entries);
  await writeFile(join(root, zip), zipped);
  await writeFile(join(root, sbom), `${JSON.stringify(await makeSbom(root, packages), null, 2)}\n`);
  return { zip, sbom, bytes: zipped.byteLength };
}

async function writeBelow(folder: string, path: string, content: Buffer): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

if (import.meta.main) {
  const { zip, sbom, bytes } = await makePackage(process.cwd());
  console.log(`${zip} ${(bytes / 1024 / 1024).toFixed(2)} MB, ${sbom}`);
}
