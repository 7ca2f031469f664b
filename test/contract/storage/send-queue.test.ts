// The queue that events and sweeps are sent to: what arrives, and what its sender learns when the answer is unclear.
import { randomBytes } from 'node:crypto';
import { QueueClient } from '@azure/storage-queue';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSendQueue, type SendQueue } from '../../../src/storage/azure-queue.ts';
import { openQueueAccount } from '../../../src/storage/queue-account.ts';
import { createMemoryQueue } from '../../fakes/memory-queue.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { type StorageProxy, startStorageProxy } from '../../fixtures/storage-proxy.ts';
import { uniqueName } from './tables.ts';

const body = '{"id":"é \u{1F600}", "spaced" : "<&>"}';

describe('a queue of Azurite', () => {
  let proxy: StorageProxy;
  let queue: SendQueue;
  /** Sees the queue as a consumer does, beside the proxy. */
  let consumer: QueueClient;
  beforeEach(async () => {
    proxy = await startStorageProxy(azurite());
    const name = uniqueName();
    consumer = new QueueClient(azurite(), name);
    queue = openQueue(name, 'text');
    await queue.prepare();
  });
  afterEach(() => proxy.stop());

  function openQueue(name: string, encoding: 'base64' | 'text', through = proxy.connectionString): SendQueue {
    const account = openQueueAccount({ type: 'connectionString', connectionString: through });
    return createSendQueue(account, { name, encoding });
  }

  async function received() {
    return (await consumer.receiveMessages({ numberOfMessages: 32 })).receivedMessageItems;
  }

  test('a message arrives as the text that was sent and never expires', async () => {
    await queue.send(body);
    const [message] = await received();
    expect(message?.messageText).toBe(body);
    expect(message?.expiresOn.getUTCFullYear()).toBe(9999);
  });

  test('a message arrives in base64 where consumers expect that', async () => {
    await openQueue(consumer.name, 'base64').send(body);
    const [message] = await received();
    expect(Buffer.from(message?.messageText ?? '', 'base64').toString()).toBe(body);
  });

  test('a message of 24 KiB in base64 is accepted', async () => {
    await openQueue(consumer.name, 'base64').send('x'.repeat(24 * 1024));
    expect(await received()).toHaveLength(1);
  });

  test('preparing again, also by two at once, changes nothing', async () => {
    await queue.send(body);
    await Promise.all([queue.prepare(), queue.prepare()]);
    expect(await received()).toHaveLength(1);
  });

  test('an identity that may send but not create uses the queue that is there', async () => {
    proxy.mode = (what) => (what === 'queue PUT' ? 'refuse' : 'pass');
    await queue.prepare();
    await queue.send(body);
    expect(await received()).toHaveLength(1);
  });

  test('an identity that may not create is told so when the queue is not there', async () => {
    await consumer.delete();
    proxy.mode = (what) => (what === 'queue PUT' ? 'refuse' : 'pass');
    await queue.prepare();
    await expect(queue.send(body)).rejects.toMatchObject({ code: 'storage_forbidden' });
  });

  test('an identity that may not send is told so', async () => {
    proxy.mode = (what) => (what === 'queue POST' ? 'refuse' : 'pass');
    await expect(queue.send(body)).rejects.toMatchObject({ code: 'storage_forbidden' });
  });

  test('a queue that was deleted meanwhile is created again and gets the message', async () => {
    await queue.send('before');
    await consumer.delete();
    await queue.send(body);
    expect((await received()).map(({ messageText }) => messageText)).toEqual([body]);
  });

  test.each([
    { mode: 'busy', messages: 0 },
    { mode: 'reset', messages: 1 },
    { mode: '500', messages: 1 },
    { mode: 'hang', messages: 1 },
  ] as const)('a send is tried once and rejects after the answer $mode', async ({ mode, messages }) => {
    const before = proxy.requests();
    proxy.mode = mode;
    await expect(queue.send(body)).rejects.toMatchObject({ code: 'storage_busy' });
    expect(proxy.requests() - before).toBe(1);
    expect(await received()).toHaveLength(messages);
  });

  test('a refused identity is told apart', async () => {
    const key = randomBytes(64).toString('base64');
    const foreign = openQueue(
      consumer.name,
      'text',
      proxy.connectionString.replace(/AccountKey=[^;]+/, `AccountKey=${key}`),
    );
    await expect(foreign.send(body)).rejects.toMatchObject({ code: 'storage_forbidden' });
    await expect(foreign.prepare()).rejects.toMatchObject({ code: 'storage_forbidden' });
  });
});

describe('the fake queue', () => {
  test('messages are kept in the order in which they were sent', async () => {
    const queue = createMemoryQueue();
    await queue.prepare();
    await queue.send('1');
    await queue.send('2');
    expect(queue.bodies).toEqual(['1', '2']);
  });

  test('a refused message is gone and a lost answer keeps it, and both reject', async () => {
    const queue = createMemoryQueue();
    queue.fault = (text) => (text === 'refused' ? 'refuse' : 'lose');
    await expect(queue.send('refused')).rejects.toMatchObject({ code: 'storage_busy' });
    await expect(queue.send('kept')).rejects.toMatchObject({ code: 'storage_busy' });
    expect(queue.bodies).toEqual(['kept']);
  });
});
