// The order of test files: what takes longest begins first, so that nothing runs alone at the end while a core is idle.
// Vitest knows how long files take only from a run before, and takes large files for long ones until then.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const longest: readonly string[] = [
  'e2e/kill.test.ts',
  'e2e/crash/crash.test.ts',
  'integration/notifications/many.test.ts',
  'integration/watching/dropped-answers.test.ts',
  'integration/notifications/http-faults.test.ts',
  'simulation/planted-bugs.test.ts',
  'simulation/simulation.test.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = super.sort.bind(this);
    return (await usual(files)).toSorted((one, other) => placeOf(one) - placeOf(other));
  }
}

function placeOf({ moduleId }: TestSpecification): number {
  const place = longest.findIndex((path) => moduleId.endsWith(`/test/${path}`));
  return place === -1 ? longest.length : place;
}
