// Builds the deployable bundle: every trigger in one CommonJS file, because the Functions worker hands out its core API
// through `require`. Dynamic imports stay lazy inside the file.
import { stat } from 'node:fs/promises';
import { build } from 'esbuild';

export const bundlePath = 'dist/functions.cjs';

/** @returns the bundle's size in bytes. */
export async function buildBundle(root = process.cwd()): Promise<number> {
  await build({
    absWorkingDir: root,
    entryPoints: ['functions/main.ts'],
    outfile: bundlePath,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    external: ['@azure/functions-core'],
    // The ES modules of the Azure SDKs are what can be shaken.
    mainFields: ['module', 'main'],
    conditions: ['import', 'module'],
    minify: true,
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
  });
  return (await stat(`${root}/${bundlePath}`)).size;
}

if (import.meta.main) {
  const bytes = await buildBundle();
  console.log(`${bundlePath} ${(bytes / 1024 / 1024).toFixed(2)} MB`);
}
