// One Azurite for all test files of a project: its start takes seconds. Files keep apart by unique names of tables and queues.
import type { TestProject } from 'vitest/node';
import { startAzurite } from '../dev/azurite.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection string of the Azurite that all test files share. */
    readonly azurite: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Of every process that a test starts: compiling is half of the work of a start, and there are hundreds.
  process.env['NODE_COMPILE_CACHE'] ??= 'node_modules/.cache/opwatch-tests';
  const azurite = await startAzurite();
  project.provide('azurite', azurite.connectionString);
  return azurite.stop;
}
