// How the tests run: real processes, two at a time, one line of counts at the end.
import { defineConfig } from 'vitest/config';
import { countingReporter } from './test/reporter.ts';

// Vitest reads its configuration from a default export; there is no other.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['./test/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    allowOnly: false,
    reporters: ['default', countingReporter()],
  },
});
