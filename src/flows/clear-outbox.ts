// Deletes outbox rows of events that the queue accepted, many by one transaction. If we die before, a sweep sends a copy
// with the same id and clears it.
import { crashPoint } from '../domain/crash-point.ts';
import type { Shard } from '../domain/stored.ts';
import type { OperationEvent } from '../domain/transition.ts';
import type { ClearOutbox, Log } from './ports.ts';
import { createSoon, type SoonPorts } from './soon.ts';

export type ClearPorts = { readonly clearOutbox: ClearOutbox; readonly log: Log };

export type Clearer = {
  readonly add: (event: OperationEvent) => void;
  /** Waits until all that was added is cleared, or given up. */
  readonly drain: () => Promise<void>;
};

const groupSize = 100;
/** Far below the 15 seconds after which a sweep takes a row for forgotten. */
const gatheredMs = 500;

/** Clears when it is drained, or full: for publishers that are drained soon. */
export function createClearer(ports: ClearPorts, shard: Shard): Clearer {
  let events: OperationEvent[] = [];
  let clearing: Promise<void> = Promise.resolve();
  return { add, drain };

  function add(event: OperationEvent): void {
    events.push(event);
    if (events.length >= groupSize) flush();
  }

  async function drain(): Promise<void> {
    flush();
    await clearing;
  }

  function flush(): void {
    const group = events;
    events = [];
    clearing = clearing.then(() => clear(group));
  }

  async function clear(group: readonly OperationEvent[]): Promise<void> {
    if (group.length === 0) return;
    try {
      TEST: crashPoint('S13', 'N8');
      await ports.clearOutbox(shard, group);
      TEST: crashPoint('S14', 'N9');
    } catch (error) {
      // Sent and not cleared: a later sweep sends a copy with the same id and clears it.
      ports.log('warn', { shard, count: group.length, error }, 'outbox was not cleared');
    }
  }
}

/** Clears a moment after each event too: for publishers that go on. */
export function createGatheringClearer(ports: ClearPorts & SoonPorts, shard: Shard): Clearer {
  const { add, drain } = createClearer(ports, shard);
  const drainSoon = createSoon(ports, gatheredMs, drain);
  return {
    add(event) {
      add(event);
      drainSoon();
    },
    drain,
  };
}
