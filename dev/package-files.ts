// What is deployed, and nothing else: the bundle, host.json, and a package.json that says which file to load. The bundle
// is complete; `@azure/functions-core`, which it requires, is not a package but what the Functions worker hands out.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundlePath } from './build.ts';

/** Where azd takes it from; relative to the root. */
export const packageFolder = 'dist/app';

type Manifest = {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
};

export type PackageFiles = ReadonlyMap<string, Buffer>;

/** Contents by path in the package. The bundle has to be built already. */
export async function packageFiles(root: string): Promise<PackageFiles> {
  const { name, version, license, engines } = await readManifest(root);
  // Without dependencies: nobody may think that there is something to install.
  const manifest = { name, version, private: true, license, type: 'module', main: bundlePath, engines };
  return new Map([
    ['host.json', await readFile(join(root, 'host.json'))],
    ['package.json', Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)],
    [bundlePath, withoutMap(await readFile(join(root, bundlePath)))],
    ['LICENSE', await readFile(join(root, 'LICENSE'))],
  ]);
}

export async function readManifest(root: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
}

/** The map stays at home, where stacks are read. */
function withoutMap(bundle: Buffer): Buffer {
  return Buffer.from(bundle.toString('utf8').replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n'));
}
