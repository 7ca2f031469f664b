// The ways in which a deployment names its storage: what each leads to, and that table and queue both work by it.
import { AzureNamedKeyCredential, generateAccountSas } from '@azure/data-tables';
import { QueueClient } from '@azure/storage-queue';
import { describe, expect, test } from 'vitest';
import { createSendQueue } from '../../../src/storage/azure-queue.ts';
import { createAzureTable, createTable } from '../../../src/storage/azure-table.ts';
import { openTableClients, type StorageConnection } from '../../../src/storage/connections.ts';
import { openQueueAccount } from '../../../src/storage/queue-account.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { allRows, applied, uniqueName } from './tables.ts';

const key = 'a2V5';

function byText(connectionString: string): StorageConnection {
  return { type: 'connectionString', connectionString };
}

function fieldOf(name: string): string {
  return new RegExp(`${name}=([^;]+)`).exec(azurite())?.[1] ?? '';
}

/** Everything, for an hour, and no key. */
function signedForAnHour(): string {
  const account = new AzureNamedKeyCredential(fieldOf('AccountName'), fieldOf('AccountKey'));
  const signature = generateAccountSas(account, {
    services: { table: true, queue: true },
    permissions: { query: true, write: true, delete: true, list: true, add: true, update: true },
    resourceTypes: 'sco',
    expiresOn: new Date(Date.now() + 3_600_000),
  });
  const endpoints = ['TableEndpoint', 'QueueEndpoint'].map((name) => `${name}=${fieldOf(name)}`);
  return [...endpoints, `SharedAccessSignature=${signature}`].join(';');
}

describe('a connection string', () => {
  test.each([
    ['of an account', `AccountName=contoso;AccountKey=${key}`, 'https://contoso.queue.core.windows.net'],
    [
      'of another cloud',
      `DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey=${key};EndpointSuffix=core.usgovcloudapi.net`,
      'https://contoso.queue.core.usgovcloudapi.net',
    ],
    [
      'with an endpoint',
      `AccountName=contoso;AccountKey=${key};QueueEndpoint=https://queue.example/contoso/;`,
      'https://queue.example/contoso/',
    ],
    ['of the emulator', ' UseDevelopmentStorage=true; ', 'http://127.0.0.1:10001/devstoreaccount1'],
    [
      'with a shared access signature',
      'QueueEndpoint=https://contoso.example/;SharedAccessSignature=?sv=2026&sig=a%2Bb%3D',
      'https://contoso.example/?sv=2026&sig=a%2Bb%3D',
    ],
  ])('%s leads to its queue service', (_what, text, url) => {
    expect(openQueueAccount(byText(text)).url).toBe(url);
  });

  test.each(['', 'x', 'AccountName=contoso', `AccountKey=${key}`, 'SharedAccessSignature=sv=1&sig=x'])(
    '%j is refused',
    (text) => {
      expect(() => openQueueAccount(byText(text))).toThrow(TypeError);
    },
  );

  test('with a shared access signature opens the table for reads, queries and transactions', async () => {
    const clients = openTableClients(byText(signedForAnHour()), uniqueName(), () => {});
    await createTable(clients.writer);
    const table = createAzureTable(clients);
    const create = (rowKey: string) => ({ type: 'create', rowKey, properties: {} }) as const;
    expect(await table.transact('p', [create('a'), create('b')])).toEqual(applied);
    const row = await table.get('p', 'a');
    expect(await table.transact('p', [{ type: 'delete', rowKey: 'a', etag: row?.etag ?? '' }])).toEqual(
      applied,
    );
    expect((await allRows(table, 'p')).map(({ rowKey }) => rowKey)).toEqual(['b']);
  });

  test('with a shared access signature opens the queue', async () => {
    const name = uniqueName();
    const queue = createSendQueue(openQueueAccount(byText(signedForAnHour())), { name, encoding: 'text' });
    await queue.prepare();
    await queue.send('{"a":1}');
    const { receivedMessageItems } = await new QueueClient(azurite(), name).receiveMessages();
    expect(receivedMessageItems.map(({ messageText }) => messageText)).toEqual(['{"a":1}']);
  });
});

test('an identity that never answers is given up within the limit of a request', {
  timeout: 10_000,
}, async () => {
  const asked: unknown[] = [];
  const account = openQueueAccount({
    type: 'identity',
    tableServiceUri: 'https://127.0.0.1:1',
    queueServiceUri: 'https://127.0.0.1:1',
    credential: {
      getToken: (scopes, options) => {
        asked.push(scopes);
        return new Promise((_resolve, reject) => {
          options?.abortSignal?.addEventListener('abort', () => reject(new Error('given up')));
        });
      },
    },
  });
  const queue = createSendQueue(account, { name: 'any', encoding: 'text' });
  await expect(queue.send('{}')).rejects.toMatchObject({ code: 'storage_busy' });
  expect(asked).toEqual([['https://storage.azure.com/.default']]);
});
