// What a process does before its first write, and how it tells that storage can be used.
import { QueueClient } from '@azure/storage-queue';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStorage, type Storage } from '../../../src/storage/open-storage.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { type StorageProxy, startStorageProxy } from '../../fixtures/storage-proxy.ts';
import { anOperation, nowMs, shard } from './operations.ts';
import { uniqueName } from './tables.ts';

let proxy: StorageProxy;
beforeEach(async () => {
  proxy = await startStorageProxy(azurite());
});
afterEach(() => proxy.stop());

function open(name: string, shards = 1): Storage {
  return openStorage({
    connection: { type: 'connectionString', connectionString: proxy.connectionString },
    table: name,
    transitionsQueue: `${name}-transitions`,
    sweepsQueue: `${name}-sweeps`,
    encoding: 'text',
    shards,
    clock: { nowMs: () => nowMs, monotonicMs: () => 0, learn: () => {} },
    onUnreadableRow: () => {},
  });
}

test('two processes prepare an empty account at once and can use it', async () => {
  const name = uniqueName();
  const [one, two] = [open(name), open(name)];
  await Promise.all([one.prepare(), two.prepare()]);
  expect(await one.store.track(shard, anOperation())).toBe(true);
  expect((await two.store.lookUp(shard, anOperation().key)).live?.value).toEqual(anOperation());
  await two.transitionsQueue.send('event');
  const consumer = new QueueClient(azurite(), `${name}-transitions`);
  const { receivedMessageItems } = await consumer.receiveMessages();
  expect(receivedMessageItems.map(({ messageText }) => messageText)).toEqual(['event']);
});

test('a message that asks for a sweep is for the host, whatever consumers of events expect, and soon worth nothing', async () => {
  const name = uniqueName();
  const storage = open(name);
  await storage.prepare();
  await storage.sweepsQueue.send('{"shard":"connectionOperation-01"}');
  const consumer = new QueueClient(azurite(), `${name}-sweeps`);
  const [message] = (await consumer.receiveMessages()).receivedMessageItems;
  expect(Buffer.from(message?.messageText ?? '', 'base64').toString()).toBe(
    '{"shard":"connectionOperation-01"}',
  );
  const lifeMs = (message?.expiresOn.getTime() ?? 0) - (message?.insertedOn.getTime() ?? 0);
  expect(lifeMs).toBe(5 * 60_000);
});

test('a process with another number of shards refuses to start and is not ready', async () => {
  const name = uniqueName();
  await open(name, 2).prepare();
  const other = open(name, 3);
  await expect(other.prepare()).rejects.toMatchObject({ code: 'shards_changed' });
  expect(await other.check()).toBe('shards_changed');
});

test('preparing is tried again after storage was busy, and not once it succeeded', async () => {
  const storage = open(uniqueName());
  proxy.mode = 'busy';
  await expect(storage.prepare()).rejects.toMatchObject({ code: 'storage_busy' });
  expect(await storage.check()).toBe('storage_busy');
  proxy.mode = 'pass';
  await storage.prepare();
  const before = proxy.requests();
  await storage.prepare();
  expect(proxy.requests()).toBe(before);
  expect(await storage.check()).toBeNull();
});

test('storage that is lost after the preparation is not ready', async () => {
  const storage = open(uniqueName());
  await storage.prepare();
  proxy.mode = 'busy';
  expect(await storage.check()).toBe('storage_busy');
});
