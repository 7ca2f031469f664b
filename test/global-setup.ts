// An Azurite for each worker of a project: its start takes seconds, so test files share it.
import type { TestProject } from 'vitest/node';
import { startAzurite } from '../dev/azurite.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection strings; `test/fixtures/azurite.ts` knows whose is whose. */
    readonly azurites: readonly string[];
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Of every process that a test starts: compiling is half of the work of a start, and there are hundreds.
  process.env['NODE_COMPILE_CACHE'] ??= 'node_modules/.cache/opwatch-tests';
  const azurites = await Promise.all(Array.from({ length: project.config.maxWorkers }, () => startAzurite()));
  project.provide(
    'azurites',
    azurites.map(({ connectionString }) => connectionString),
  );
  return async () => {
    await Promise.all(azurites.map((azurite) => azurite.stop()));
  };
}
