// How the tests run: real processes, two at a time, one line of counts at the end.
import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { countingReporter } from './test/reporter.ts';

const globalSetup = './test/global-setup.ts';

// Vitest reads its configuration from a default export; there is no other.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: existsSync(globalSetup) ? [globalSetup] : [],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    allowOnly: false,
    reporters: ['default', countingReporter()],
  },
});
