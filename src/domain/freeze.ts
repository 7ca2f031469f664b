// An operation whose next event can't be stored, because a row of other content stands in its place: a breach, and nobody
// knows which of the two is right. It keeps its state and says why; a person removes the cause, and the next read goes on.
import type { Operation } from './operation.ts';

/** Code of such an operation's health. */
export const eventConflictCode = 'event_conflict';

/** The operation as it shows its trouble; the very same object when it does already. */
export function freeze(operation: Operation, atMs: number): Operation {
  const { health } = operation;
  if (health.status === 'blocked' && health.code === eventConflictCode) return operation;
  return { ...operation, health: { status: 'blocked', code: eventConflictCode, sinceAtMs: atMs } };
}
