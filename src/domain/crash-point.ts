// Where a process may die: the steps of the crash map in ARCHITECTURE.md, by their names. Here they do nothing. A test
// build puts a death in this function's place; the deployable bundle drops each statement that is labelled TEST, and with
// the last of them this file.

/** S: a sweep. N: a change outside a sweep. T: a beginning. R: retention. What is told twice is done by both. */
export type CrashPoint =
  | `S${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17}`
  | `N${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10}`
  | `T${0 | 1 | 2 | 4}`
  | `R${0 | 1 | 2}`;

/** Says that a step is reached. */
export function crashPoint(..._names: readonly CrashPoint[]): void {
  // Only a test build dies here.
}
