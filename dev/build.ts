// Builds the deployable bundle: every trigger in one CommonJS file, because the Functions worker hands out its core API
// through `require`. Dynamic imports stay lazy inside the file.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Metafile, type Plugin, stop } from 'esbuild';

export const bundlePath = 'dist/functions.cjs';

export type Bundle = {
  readonly path: string;
  readonly bytes: number;
  /** Modules that run when the bundle is loaded; the others wait for a dynamic import. */
  readonly eagerModules: readonly string[];
  /** Folders of the packages of which something is in the file, as package-lock.json calls them. */
  readonly packages: readonly string[];
};

/** What a test build has more than the deployable one. */
export type TestBuild = { readonly plugins: Plugin[] };

/**
 * @param outfile relative to the root; tests build elsewhere, for others may be running what is in dist.
 * @param testBuild keeps the statements labelled TEST, of which the deployable bundle has none.
 */
export async function buildBundle(
  root: string,
  outfile = bundlePath,
  testBuild?: TestBuild,
): Promise<Bundle> {
  const entry = 'functions/main.ts';
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    external: ['@azure/functions-core'],
    // CommonJS has no import.meta, and packages look for their own files beside it.
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
    // The ES modules of the Azure SDKs are what can be shaken.
    mainFields: ['module', 'main'],
    conditions: ['import', 'module'],
    // Shortened names are read through the source map. To keep the old ones beside would define a property for each closure
    // that is made: a tenth of what a poll costs.
    minify: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    ...(testBuild ?? { dropLabels: ['TEST'] }),
  });
  await stop(); // its process would live as long as ours
  const { size } = await stat(join(root, outfile));
  return {
    path: outfile,
    bytes: size,
    eagerModules: eagerModulesOf(metafile, entry),
    packages: packagesOf(metafile),
  };
}

function eagerModulesOf({ inputs }: Metafile, entry: string): readonly string[] {
  const reached = new Set([entry]);
  // A set hands out what is added while it is walked.
  for (const path of reached) {
    for (const { path: imported, kind, external } of inputs[path]?.imports ?? []) {
      if (external !== true && kind !== 'dynamic-import') reached.add(imported);
    }
  }
  return [...reached];
}

/** A module of which nothing was kept counts for nothing. */
function packagesOf({ outputs }: Metafile): readonly string[] {
  const modules = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
  const folders = modules.flatMap(
    (path) => /(?:^|\/)(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [],
  );
  return [...new Set(folders)].toSorted();
}

if (import.meta.main) {
  const { path, bytes, eagerModules } = await buildBundle(process.cwd());
  console.log(`${path} ${(bytes / 1024 / 1024).toFixed(2)} MB, ${eagerModules.length} modules at load`);
}
