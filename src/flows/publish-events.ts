// From the outbox to the queue: sends the stored bytes, in order for each key, and clears what was accepted.
// If we die before the send, a later sweep sends it; if we die before the clear, it sends a copy with the same id.
import { crashPoint } from '../domain/crash-point.ts';
import type { OutboxEntry, Shard } from '../domain/stored.ts';
import { type Clearer, type ClearPorts, createClearer } from './clear-outbox.ts';
import type { Clock, SendEvent, Tell } from './ports.ts';

export type PublishPorts = ClearPorts & {
  readonly send: SendEvent;
  readonly clock: Clock;
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

/**
 * A publisher for one shard that lives as long as one sweep or one request.
 * A key whose send failed is left alone until the next sweep, so that its events stay in order.
 */
export function createPublisher(
  ports: PublishPorts,
  shard: Shard,
  clearer: Clearer = createClearer(ports, shard),
): Publisher {
  const waiting = new Map<string, OutboxEntry[]>();
  /** One a key that waits or is under way; many may wait for it. */
  const settling = new Map<string, PromiseWithResolvers<void>>();
  const failedKeys = new Set<string>();
  /** One a key, so that its events stay in order. */
  const workers = new Map<string, Promise<void>>();
  let published = 0;
  let failed = 0;

  return { publish, settled, drain };

  function publish(entries: readonly OutboxEntry[]): void {
    for (const entry of entries) {
      const { key } = entry.event;
      const queue = waiting.get(key);
      if (queue === undefined) waiting.set(key, [entry]);
      else queue.push(entry);
      if (!settling.has(key)) settling.set(key, Promise.withResolvers());
    }
    startWorkers();
  }

  function startWorkers(): void {
    for (let key = freeKey(); key !== undefined && workers.size < sendsInFlight; key = freeKey()) {
      const busyKey = key;
      const worker = sendAllOf(busyKey).finally(() => {
        workers.delete(busyKey);
        if (!waiting.has(busyKey)) settle(busyKey);
        startWorkers();
      });
      workers.set(busyKey, worker);
    }
  }

  function settle(key: string): void {
    settling.get(key)?.resolve();
    settling.delete(key);
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
      TEST: crashPoint('S10', 'N5');
      await ports.send(event.body);
      TEST: crashPoint('S11', 'N6');
    } catch (error) {
      // The event stays in its outbox row; the next sweep sends it.
      failed += 1;
      failedKeys.add(event.key);
      ports.log('warn', { operationKey: event.key, sequence: event.sequence, error }, 'event was not sent');
      return;
    }
    published += 1;
    ports.tell({ type: 'published', key: event.key, lagMs: lagMs(committedAtMs) });
    TEST: crashPoint('S12', 'N7');
    clearer.add(event);
  }

  /** Null where the row did not say when it was committed. */
  function lagMs(committedAtMs: number): number | null {
    return committedAtMs === 0 ? null : Math.max(0, ports.clock.nowMs() - committedAtMs);
  }

  async function settled(key: string): Promise<void> {
    await settling.get(key)?.promise;
  }

  async function drain(): Promise<{ published: number; failed: number }> {
    while (workers.size > 0) await Promise.all(workers.values());
    await clearer.drain();
    return { published, failed };
  }
}
