// What helpers that several test files share leave to be taken down at the end of the file that used them. A worker loads a
// helper once for all its files, so a hook of its own would run for the first of them only.
import { afterAll } from 'vitest';

const left = new Set<() => unknown>();

/** @param takeDown called at the end of the test file that runs now. */
export function afterFile(takeDown: () => unknown): void {
  left.add(takeDown);
}

/** For each file anew. */
export function registerAfterFile(): void {
  afterAll(async () => {
    const all = [...left];
    left.clear();
    await Promise.all(all.map((takeDown) => takeDown()));
  });
}
