// The independent reader: drains a queue and stamps what it finds with the moment in which a consumer would have had it.
// It deletes nothing: Azurite stands still for seconds when it collects the remains of thousands of deleted messages.
import { setTimeout as delay } from 'node:timers/promises';
import type { QueueClient } from '@azure/storage-queue';

export type ReadMessage = { readonly text: string; readonly arrivedAtMs: number };

export type QueueReader = {
  /** What was read so far, in the order of the queue. */
  readonly messages: readonly ReadMessage[];
  /** Reads what is left and ends. */
  readonly stop: () => Promise<void>;
};

const weekSeconds = 7 * 24 * 3600;
/** What it adds to a detection, at most; half of it on average. */
export const readEveryMs = 50;
const atATime = 32;

export function startQueueReader(queue: QueueClient): QueueReader {
  const messages: ReadMessage[] = [];
  let isStopping = false;
  const reading = readUntilStopped();
  return {
    messages,
    stop: async () => {
      isStopping = true;
      await reading;
    },
  };

  async function readUntilStopped(): Promise<void> {
    for (;;) {
      const isLast = isStopping;
      const count = await readOnce();
      if (count === atATime) continue;
      if (isLast) return;
      await delay(readEveryMs);
    }
  }

  async function readOnce(): Promise<number> {
    const { receivedMessageItems: items } = await queue.receiveMessages({
      numberOfMessages: atATime,
      visibilityTimeout: weekSeconds,
    });
    const arrivedAtMs = Date.now();
    for (const { messageText } of items)
      messages.push({ text: Buffer.from(messageText, 'base64').toString('utf8'), arrivedAtMs });
    return items.length;
  }
}
