// What a release ships: exactly what runs, the same from the same sources, enough for a host, and a list of its parts.
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePackage, type Package } from '../../dev/package.ts';
import { keepBundled, type Sbom } from '../../dev/sbom.ts';
import { repositoryRoot } from '../architecture/planted-repository.ts';
import { azurite } from '../fixtures/azurite.ts';
import { startHostProcess } from '../integration/host/harness.ts';

/** Zipped. What is sent at each deployment and read at each cold start. */
const maxZipBytes = 2 * 1024 * 1024;

let root: string;
let made: Package;
let zip: Buffer;
let files: Readonly<Record<string, Uint8Array>>;

// In a folder of its own: others run what is in this repository's dist.
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'opwatch-package-'));
  const sources = [
    'functions',
    'src',
    'host.json',
    'LICENSE',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
  ];
  await Promise.all(
    sources.map((name) => cp(join(repositoryRoot, name), join(root, name), { recursive: true })),
  );
  await symlink(join(repositoryRoot, 'node_modules'), join(root, 'node_modules'));
  made = await makePackage(root);
  zip = await readFile(join(root, made.zip));
  files = unzipSync(new Uint8Array(zip));
});
afterAll(() => rm(root, { recursive: true }));

describe('the package', () => {
  test('holds what runs and nothing else', () => {
    expect(Object.keys(files).toSorted()).toEqual([
      'LICENSE',
      'dist/functions.cjs',
      'host.json',
      'package.json',
    ]);
    expect(zip.byteLength).toBeLessThan(maxZipBytes);
    expect(made.bytes).toBe(zip.byteLength);
  });

  test('has a package.json that leads to the bundle and installs nothing', () => {
    const manifest = JSON.parse(Buffer.from(files['package.json'] ?? []).toString()) as Record<
      string,
      unknown
    >;
    expect(files[String(manifest['main'])]).toBeDefined();
    expect(Object.keys(manifest).filter((name) => /dependencies|scripts|overrides/i.test(name))).toEqual([]);
  });

  test('is the same when it is made again', async () => {
    const again = await makePackage(root);
    expect((await readFile(join(root, again.zip))).equals(zip)).toBe(true);
  });

  test('leaves the same files for azd', async () => {
    const entries = Object.entries(files);
    const contents = await Promise.all(entries.map(([path]) => readFile(join(root, 'dist/app', path))));
    expect(contents.map((content, index) => content.equals(Buffer.from(entries[index]?.[1] ?? [])))).toEqual(
      entries.map(() => true),
    );
  });

  test('is all that a host needs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'opwatch-unpacked-'));
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    const host = await startHostProcess({
      args: ['--app', folder],
      env: {
        AzureWebJobsStorage: azurite(),
        OPWATCH_TABLE: 'packagetest',
        OPWATCH_TRANSITIONS_QUEUE: 'package-test-transitions',
        OPWATCH_SWEEPS_QUEUE: 'package-test-sweeps',
        OPWATCH_GRAPH_CLOUD: 'custom',
        OPWATCH_GRAPH_ROOT: 'http://127.0.0.1:9',
        OPWATCH_CREDENTIAL: 'static',
        OPWATCH_STATIC_TOKEN: 'a-token-for-loopback',
      },
    });
    expect(await (await fetch(`${host.url}/api/health/live`)).json()).toEqual({ status: 'pass' });
    expect((await fetch(`${host.url}/api/health/ready`)).status).toBe(200);
    expect(await host.end()).toBe(0);
    await rm(folder, { recursive: true });
  });
});

describe('the list of parts', () => {
  test('names this version and every package of the bundle, with hash and licence', async () => {
    const sbom = JSON.parse(await readFile(join(root, made.sbom), 'utf8')) as Omit<Sbom, 'components'> & {
      readonly components: readonly {
        readonly 'bom-ref': string;
        readonly hashes: readonly unknown[];
        readonly licenses: readonly unknown[];
      }[];
    };
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      readonly version: string;
    };
    expect(sbom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.5' });
    expect(sbom.metadata.component).toMatchObject({
      'bom-ref': `opwatch@${version}`,
      type: 'application',
      name: 'opwatch',
    });
    const references = sbom.components.map((component) => component['bom-ref']);
    expect(references).toEqual(
      expect.arrayContaining([expect.stringMatching(/^@azure\/functions@/), expect.stringMatching(/^zod@/)]),
    );
    expect(references.filter((reference) => /^(vitest|typescript|azurite|esbuild)@/.test(reference))).toEqual(
      [],
    );
    expect(
      sbom.components.filter(({ hashes, licenses }) => hashes.length === 0 || licenses.length === 0),
    ).toEqual([]);
    expect(
      sbom.dependencies.flatMap(({ dependsOn }) => dependsOn).filter((one) => !references.includes(one)),
    ).toEqual([]);
  });

  const whole: Sbom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: 'urn:uuid:1',
    metadata: { component: { 'bom-ref': '@our/app@1.0.0', name: 'folder' } },
    components: [{ 'bom-ref': 'a@1.0.0' }, { 'bom-ref': 'b@1.0.0' }],
    dependencies: [
      { ref: '@our/app@1.0.0', dependsOn: ['a@1.0.0', 'b@1.0.0'] },
      { ref: 'a@1.0.0', dependsOn: ['b@1.0.0'] },
      { ref: 'b@1.0.0', dependsOn: [] },
    ],
  };

  test('leaves out what is not in the bundle, and what changes from run to run', () => {
    expect(keepBundled(whole, ['a@1.0.0'])).toEqual({
      bomFormat: 'CycloneDX',
      specVersion: '1.5',
      metadata: { component: { 'bom-ref': '@our/app@1.0.0', name: '@our/app', type: 'application' } },
      components: [{ 'bom-ref': 'a@1.0.0' }],
      dependencies: [
        { ref: '@our/app@1.0.0', dependsOn: ['a@1.0.0'] },
        { ref: 'a@1.0.0', dependsOn: [] },
      ],
    });
  });

  test('is refused when it would not name a package of the bundle', () => {
    expect(() => keepBundled(whole, ['a@1.0.0', 'c@2.0.0'])).toThrow('npm sbom does not list c@2.0.0.');
  });
});
