// Ends every run with one line that people and machines read: `N passed, N failed, N skipped`. The line never claims
// more than ran: what broke outside of a test counts as a failure, and a run without any test is a failed run.
import type { Reporter, TestModule } from 'vitest/node';

type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** @returns a reporter that prints the line as the last thing the process writes to stdout. */
export function countingReporter(): Reporter {
  let counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  return {
    onInit: () => {
      // At exit, because Vitest still prints its summary after the last call to a reporter. A global setup that
      // throws ends here too, with zeros.
      process.once('exit', () => {
        process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
        if (counts.failed > 0 || counts.passed === 0) process.exitCode ||= 1;
      });
    },
    onTestRunEnd: (modules, unhandledErrors) => {
      counts = countTests(modules, unhandledErrors.length);
    },
  };
}

function countTests(modules: readonly TestModule[], unhandledErrors: number): Counts {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  const inState = (state: string): number => tests.filter((test) => test.result().state === state).length;
  // A file that can't be loaded and a hook that throws belong to no test.
  const brokenSuites = suites.filter((suite) => suite.errors().length > 0).length;
  return {
    passed: inState('passed'),
    failed: inState('failed') + inState('pending') + brokenSuites + unhandledErrors,
    skipped: inState('skipped'),
  };
}
