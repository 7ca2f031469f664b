// What the adapter makes of answers that can't be trusted: never a verdict. Reading the rows shows the truth.
import { randomBytes } from 'node:crypto';
import { TableClient } from '@azure/data-tables';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAzureTable, createTable } from '../../../src/storage/azure-table.ts';
import { openTableClients } from '../../../src/storage/connections.ts';
import type { Table, TableAction } from '../../../src/storage/table.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { type StorageProxy, startStorageProxy } from '../../fixtures/storage-proxy.ts';
import { aChange, anEvent, anOperation, ended, knownOf, openStore, shard, tracked } from './operations.ts';
import { allRows, applied, openAzureTable, refused, uniqueName, unknown } from './tables.ts';

const row: TableAction = { type: 'create', rowKey: 'live!a', properties: { text: 'a' } };

let proxy: StorageProxy;
let table: Table;
beforeEach(async () => {
  proxy = await startStorageProxy(azurite());
  table = await openAzureTable(proxy.connectionString);
});
afterEach(() => proxy.stop());

/** The same connection with an account key that storage does not know. */
function withForeignKey(connectionString: string): string {
  return connectionString.replace(/AccountKey=[^;]+/, `AccountKey=${randomBytes(64).toString('base64')}`);
}

describe('a transaction', () => {
  test.each([
    { mode: 'busy', applied: false },
    { mode: 'reset', applied: true },
    { mode: '500', applied: true },
    { mode: 'hang', applied: true },
  ] as const)('is sent once and tells nothing after the answer $mode', async ({ mode, applied }) => {
    const before = proxy.requests();
    proxy.mode = mode;
    expect(await table.transact(shard, [row])).toEqual(unknown);
    expect(proxy.requests() - before).toBe(1);
    proxy.mode = 'pass';
    expect((await table.get(shard, 'live!a')) !== null).toBe(applied);
  });

  test('tells nothing when storage is not there', async () => {
    await proxy.stop();
    expect(await table.transact(shard, [row])).toEqual(unknown);
    proxy = await startStorageProxy(azurite());
  });

  test('says that storage refuses the identity', async () => {
    const foreign = withForeignKey(proxy.connectionString);
    const clients = openTableClients(
      { type: 'connectionString', connectionString: foreign },
      'any',
      () => {},
    );
    const refused = createAzureTable(clients);
    const forbidden: unknown = expect.objectContaining({ code: 'storage_forbidden' });
    await expect(refused.transact(shard, [row])).rejects.toEqual(forbidden);
    await expect(refused.get(shard, 'live!a')).rejects.toEqual(forbidden);
    await expect(allRows(refused, shard)).rejects.toEqual(forbidden);
    await expect(createTable(clients.writer)).rejects.toEqual(forbidden);
  });

  test('creates the table again that was deleted meanwhile', async () => {
    const name = uniqueName();
    const connectionString = azurite();
    const clients = openTableClients({ type: 'connectionString', connectionString }, name, () => {});
    await Promise.all([createTable(clients.writer), createTable(clients.writer)]);
    const own = createAzureTable(clients);
    const admin = TableClient.fromConnectionString(connectionString, name, { allowInsecureConnection: true });
    await admin.deleteTable();
    expect(await own.get(shard, 'live!a')).toBeNull();
    expect(await allRows(own, shard)).toEqual([]);
    expect(await own.transact(shard, [row])).toEqual(refused);
    expect(await own.transact(shard, [row])).toEqual(applied);
  });
});

describe('a read', () => {
  test('is repeated, and fails as busy when storage stays busy', async () => {
    const before = proxy.requests();
    proxy.mode = 'busy';
    await expect(table.get(shard, 'live!a')).rejects.toEqual(busy());
    expect(proxy.requests() - before).toBe(3);
    await expect(allRows(table, shard)).rejects.toEqual(busy());
  });

  test('that is never answered fails as busy within five seconds', async () => {
    proxy.mode = 'hang';
    const startMs = performance.now();
    await Promise.all([
      expect(table.get(shard, 'live!a')).rejects.toEqual(busy()),
      expect(allRows(table, shard)).rejects.toEqual(busy()),
    ]);
    expect(performance.now() - startMs).toBeLessThan(5000);
  });

  test('teaches the clock of storage', async () => {
    const dates: number[] = [];
    const own = await openAzureTable(proxy.connectionString, (atMs) => dates.push(atMs));
    dates.length = 0;
    const beforeMs = Math.floor(Date.now() / 1000) * 1000;
    await own.transact(shard, [row]);
    await own.get(shard, 'live!a');
    expect(dates).toHaveLength(2);
    for (const date of dates) {
      expect(date).toBeGreaterThanOrEqual(beforeMs);
      expect(date).toBeLessThanOrEqual(Date.now());
    }
  });
});

describe('the store', () => {
  test('finds the operation whose tracking was applied without an answer', async () => {
    const store = openStore(table);
    proxy.mode = 'reset';
    expect(await store.track(shard, anOperation())).toBe(false);
    proxy.mode = 'pass';
    expect((await store.lookUp(shard, anOperation().key)).live?.value).toEqual(anOperation());
    expect(await store.track(shard, anOperation())).toBe(false);
  });

  test('finds the end that was committed without an answer, with one event and its outbox row', async () => {
    const store = openStore(table);
    const before = await tracked(store, anOperation());
    const change = aChange(before, ended(before.value));
    proxy.mode = '500';
    expect(await store.commit(shard, [change])).toEqual(unknown);
    proxy.mode = 'pass';
    expect(await store.commit(shard, [change])).toEqual(refused);
    expect((await knownOf(store, before.value)).value.ended).toEqual(change.after);
    const event = anEvent(change.after);
    expect(await store.listEvents(shard, before.value.key)).toEqual([event.body]);
    expect((await store.readOutbox(shard, before.value.key)).map((entry) => entry.event)).toEqual([event]);
  });

  test('gives up clearing when storage is down, without a request for each row', async () => {
    const store = openStore(table);
    const events = Array.from({ length: 50 }, (_, index) => anEvent(anOperation(), index + 1));
    const before = proxy.requests();
    proxy.mode = 'busy';
    await expect(store.clearOutbox(shard, events)).rejects.toEqual(busy());
    expect(proxy.requests() - before).toBeLessThan(10);
  });
});

function busy(): unknown {
  return expect.objectContaining({ code: 'storage_busy', action: 'retry' });
}
