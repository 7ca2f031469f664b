// Deletes outbox rows of events that the queue accepted, many by one transaction. If we die before, a sweep sends a copy
// with the same id and clears it.
import type { Shard } from '../domain/stored.ts';
import type { OperationEvent } from '../domain/transition.ts';
import type { ClearOutbox, Log } from './ports.ts';
import { createSoon, type SoonPorts } from './soon.ts';

export type ClearPorts = { readonly clearOutbox: ClearOutbox; readonly log: Log };

export type Clearer = {
  readonly add: (event: OperationEvent) => void;
  /** Whoever adds has nothing more for now. */
  readonly pause: () => void;
  /** Waits until all that was added is cleared, or given up. */
  readonly drain: () => Promise<void>;
};

const groupSize = 100;
/** Far below the 15 seconds after which a sweep takes a row for forgotten. */
const gatheredMs = 500;

/** Clears whenever its publisher pauses. */
export function createClearer(ports: ClearPorts, shard: Shard): Clearer {
  const { add, flush, drain } = createGroups(ports, shard);
  return { add, pause: flush, drain };
}

/** Gathers over pauses: for publishers that never end and pause after every event. */
export function createSharedClearer(ports: ClearPorts & SoonPorts, shard: Shard): Clearer {
  const { add, flush, drain } = createGroups(ports, shard);
  const pause = createSoon(ports, gatheredMs, async () => {
    flush();
    await drain();
  });
  return { add, pause, drain };
}

function createGroups(ports: ClearPorts, shard: Shard) {
  let events: OperationEvent[] = [];
  let clearing: Promise<void> = Promise.resolve();
  return {
    add(event: OperationEvent): void {
      events.push(event);
      if (events.length >= groupSize) flush();
    },
    flush,
    async drain(): Promise<void> {
      flush();
      await clearing;
    },
  };

  function flush(): void {
    const group = events;
    events = [];
    clearing = clearing.then(() => clear(group));
  }

  async function clear(group: readonly OperationEvent[]): Promise<void> {
    if (group.length === 0) return;
    try {
      await ports.clearOutbox(shard, group);
    } catch (error) {
      // Sent and not cleared: a later sweep sends a copy with the same id and clears it.
      ports.log('warn', { shard, count: group.length, error }, 'outbox was not cleared');
    }
  }
}
