// What a shard's memory says of when its operations are read: whether notifications come, and how long operations take.
import { type Cadence, cadenceOf, steadyCadence } from './cadence.ts';
import type { Operation } from './operation.ts';
import { pushTrustedUntilMs } from './pushes.ts';
import type { ShardMemory } from './stored.ts';

export type Outlook = {
  /** Until when notifications count as coming; null: they do not. */
  readonly pushTrustedUntilMs: number | null;
  readonly cadence: Cadence;
};

/** That of a shard that knows nothing. */
export const noOutlook: Outlook = { pushTrustedUntilMs: null, cadence: steadyCadence };

/** The outlook of each operation; what is the same for all is worked out once. */
export function outlooksOf(memory: ShardMemory): (operation: Operation) => Outlook {
  const cadence = cadenceOf(memory.durations);
  return (operation) => ({ pushTrustedUntilMs: pushTrustedUntilMs(operation, memory), cadence });
}
