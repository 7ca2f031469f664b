// Looks at a queue without anybody noticing. What is sent is invisible from the first moment, is taken away at once, and
// is only sent when it is known that it can be taken away.
import { randomUUID } from 'node:crypto';
import type { QueueClient } from '@azure/storage-queue';
import { requestLimitMs, type StorageConnection } from '../../../src/storage/connections.ts';
import { hasCode } from '../../../src/storage/storage-errors.ts';
import { faultOf, type StorageFault } from './fault.ts';
import { openQueueClient } from './queue-client.ts';

export type QueueFacts = {
  /** About how many messages are there. */
  readonly count: number | StorageFault;
  /** How some of those that wait are written; they stay where they are. */
  readonly encodings: readonly ('base64' | 'text')[] | StorageFault;
  /** `notTried`: nothing could be taken away again. `left`: it was sent and could not be taken away. */
  readonly send: 'taken' | 'left' | 'notTried' | StorageFault;
};

/** Long enough for a slow deletion; what is left after a crash of this process is gone a second later. */
const invisibleSeconds = 60;
const peeked = 8;

export async function probeQueue(connection: StorageConnection, name: string): Promise<QueueFacts> {
  const client = openQueueClient(connection, name);
  const count = await factOf(
    async () => (await client.getProperties({ abortSignal: limit() })).approximateMessagesCount ?? 0,
  );
  if (typeof count === 'object' && count.type === 'missing')
    return { count, encodings: [], send: 'notTried' };
  const [encodings, send] = await Promise.all([factOf(() => peek(client)), trySend(client)]);
  return { count, encodings, send };
}

/** How many messages are about there; 0 where there is no such queue. */
export async function countMessages(
  connection: StorageConnection,
  name: string,
): Promise<number | StorageFault> {
  const client = openQueueClient(connection, name);
  const count = await factOf(
    async () => (await client.getProperties({ abortSignal: limit() })).approximateMessagesCount ?? 0,
  );
  return typeof count === 'object' && count.type === 'missing' ? 0 : count;
}

async function peek(client: QueueClient): Promise<readonly ('base64' | 'text')[]> {
  const { peekedMessageItems } = await client.peekMessages({
    numberOfMessages: peeked,
    abortSignal: limit(),
  });
  return peekedMessageItems.map(({ messageText }) => encodingOf(messageText));
}

/** All messages of ours are JSON objects; base64 has no braces. */
export function encodingOf(text: string): 'base64' | 'text' {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0 ? 'base64' : 'text';
}

async function trySend(client: QueueClient): Promise<QueueFacts['send']> {
  if (!(await mayDelete(client))) return 'notTried';
  try {
    const { messageId, popReceipt } = await client.sendMessage(Buffer.from('{}').toString('base64'), {
      visibilityTimeout: invisibleSeconds,
      messageTimeToLive: invisibleSeconds + 1,
      abortSignal: limit(),
    });
    return (await takeAway(client, messageId, popReceipt)) ? 'taken' : 'left';
  } catch (error) {
    return faultOf(error);
  }
}

/** Asks to delete a message that is not there: whoever may is told so. */
async function mayDelete(client: QueueClient): Promise<boolean> {
  try {
    await client.deleteMessage(randomUUID(), Buffer.from(randomUUID()).toString('base64'), {
      abortSignal: limit(),
    });
    return true;
  } catch (error) {
    // The receipt is made up too, and a service may look at that first.
    return ['MessageNotFound', 'PopReceiptMismatch', 'InvalidQueryParameterValue'].some((code) =>
      hasCode(error, code),
    );
  }
}

const deletions = 3;

async function takeAway(client: QueueClient, id: string, receipt: string): Promise<boolean> {
  for (let attempt = 0; attempt < deletions; attempt += 1) {
    try {
      await client.deleteMessage(id, receipt, { abortSignal: limit() });
      return true;
    } catch (error) {
      if (hasCode(error, 'MessageNotFound')) return true; // an earlier deletion had its effect
    }
  }
  return false;
}

async function factOf<T>(ask: () => Promise<T>): Promise<T | StorageFault> {
  try {
    return await ask();
  } catch (error) {
    return faultOf(error);
  }
}

function limit(): AbortSignal {
  return AbortSignal.timeout(requestLimitMs);
}
