// From the outbox to the queue: sends the stored bytes, in order for each key, and clears what was accepted.
// If we die before the send, a later sweep sends it; if we die before the clear, it sends a copy with the same id.
import type { OutboxEntry, Shard } from '../domain/stored.ts';
import type { OperationEvent } from '../domain/transition.ts';
import type { ClearOutbox, Clock, Log, SendEvent, Tell } from './ports.ts';

export type PublishPorts = {
  readonly send: SendEvent;
  readonly clearOutbox: ClearOutbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: Tell;
};

export type Publisher = {
  /** Queues committed events of one shard; those of a key must be given in sequence. */
  readonly publish: (entries: readonly OutboxEntry[]) => void;
  /** Waits until the events of a key that were given are sent, or given up. */
  readonly settled: (key: string) => Promise<void>;
  /** Waits until all that was given is sent and cleared, or given up. */
  readonly drain: () => Promise<{ readonly published: number; readonly failed: number }>;
};

/** The queue, not the table, bounds a burst: 16 sends in flight reached its limit against Azurite (measured). */
const sendsInFlight = 16;
/** After so many failures the queue counts as down: what is left waits in the outbox for a later sweep. */
const failuresUntilGivenUp = 16;
const clearGroupSize = 100;

/**
 * A publisher for one shard that lives as long as one sweep or one request.
 * A key whose send failed is left alone until the next sweep, so that its events stay in order.
 */
export function createPublisher(ports: PublishPorts, shard: Shard): Publisher {
  const waiting = new Map<string, OutboxEntry[]>();
  const failedKeys = new Set<string>();
  /** One a key, so that its events stay in order. */
  const workers = new Map<string, Promise<void>>();
  let toClear: OperationEvent[] = [];
  let clearing: Promise<void> = Promise.resolve();
  let published = 0;
  let failed = 0;

  return { publish, settled, drain };

  function publish(entries: readonly OutboxEntry[]): void {
    for (const entry of entries) {
      const queue = waiting.get(entry.event.key);
      if (queue === undefined) waiting.set(entry.event.key, [entry]);
      else queue.push(entry);
    }
    startWorkers();
  }

  function startWorkers(): void {
    for (let key = freeKey(); key !== undefined && workers.size < sendsInFlight; key = freeKey()) {
      const busyKey = key;
      const worker = sendAllOf(busyKey).finally(() => {
        workers.delete(busyKey);
        startWorkers();
        if (workers.size === 0) flushClears();
      });
      workers.set(busyKey, worker);
    }
  }

  /** A key that waits and whose earlier events are not under way. */
  function freeKey(): string | undefined {
    for (const key of waiting.keys()) if (!workers.has(key)) return key;
    return undefined;
  }

  async function sendAllOf(key: string): Promise<void> {
    const entries = waiting.get(key) ?? [];
    waiting.delete(key);
    for (const entry of entries) {
      if (failedKeys.has(key) || failed >= failuresUntilGivenUp) break;
      await sendOne(entry);
    }
  }

  async function sendOne({ event, committedAtMs }: OutboxEntry): Promise<void> {
    try {
      await ports.send(event.body);
    } catch (error) {
      // The event stays in its outbox row; the next sweep sends it.
      failed += 1;
      failedKeys.add(event.key);
      ports.log('warn', { operationKey: event.key, sequence: event.sequence, error }, 'event was not sent');
      return;
    }
    published += 1;
    ports.tell({ type: 'published', key: event.key, lagMs: lagMs(committedAtMs) });
    toClear.push(event);
    if (toClear.length >= clearGroupSize) flushClears();
  }

  /** Null where the row did not say when it was committed. */
  function lagMs(committedAtMs: number): number | null {
    return committedAtMs === 0 ? null : Math.max(0, ports.clock.nowMs() - committedAtMs);
  }

  function flushClears(): void {
    const events = toClear;
    toClear = [];
    clearing = clearing.then(() => clear(events));
  }

  async function clear(events: readonly OperationEvent[]): Promise<void> {
    if (events.length === 0) return;
    try {
      await ports.clearOutbox(shard, events);
    } catch (error) {
      // Sent and not cleared: a later sweep sends a copy with the same id and clears it.
      ports.log('warn', { shard, count: events.length, error }, 'outbox was not cleared');
    }
  }

  async function settled(key: string): Promise<void> {
    while (waiting.has(key) || workers.has(key)) await Promise.race(workers.values());
  }

  async function drain(): Promise<{ published: number; failed: number }> {
    while (workers.size > 0) await Promise.all(workers.values());
    flushClears();
    await clearing;
    return { published, failed };
  }
}
