// How the tests run: a few files side by side, one line of counts at the end. Tests of whole processes come last: they
// load the machine, and wait for it longer.
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';
import { countingReporter } from './test/reporter.ts';

/** Each project has Azurites of its own: tests of whole processes do not meet what thousands of others left in them. */
const globalSetup = ['./test/global-setup.ts'];

// Vitest reads its configuration from a default export; there is no other.
export default defineConfig({
  test: {
    setupFiles: ['./test/setup-file.ts'],
    pool: 'forks',
    allowOnly: false,
    sequence: { sequencer: LongestFirst },
    reporters: ['default', countingReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          globalSetup,
          setupFiles: ['./test/leave-as-found.ts'],
          // One that waits leaves the two cores to two others.
          maxWorkers: 3,
          // A worker loads the modules once for all its files; what they share must hold no state.
          isolate: false,
          sequence: { groupOrder: 0 },
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 90_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
