// Queries go past the SDK's deserializers: what they make of rows must be what the SDK makes of one row.
import { randomUUID } from 'node:crypto';
import { TableClient } from '@azure/data-tables';
import { beforeAll, expect, test } from 'vitest';
import { createAzureTable, createTable } from '../../../src/storage/azure-table.ts';
import { openTableClients } from '../../../src/storage/connections.ts';
import type { RangeQuery, Row, Table } from '../../../src/storage/table.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { uniqueName } from './tables.ts';

const partition = "it's 50 + 1 & 2 = ü";
const everything: RangeQuery = { from: '!', to: '~' };

let table: Table;
let client: TableClient;
beforeAll(async () => {
  const name = uniqueName();
  const connection = { type: 'connectionString', connectionString: azurite() } as const;
  const clients = openTableClients(connection, name, () => {});
  await createTable(clients.writer);
  table = createAzureTable(clients);
  client = TableClient.fromConnectionString(azurite(), name, { allowInsecureConnection: true });
});

async function rowsOf(partitionKey: string, range: RangeQuery): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const page of table.query(partitionKey, range)) rows.push(...page);
  return rows;
}

test('rows of a query are what a read of one row says, whatever their columns are', async () => {
  await client.createEntity({
    partitionKey: partition,
    rowKey: 'all types',
    v: 1,
    half: 0.5,
    ended: true,
    value: '{"a":"b"}',
    long: 12n,
    at: new Date(),
    guid: { type: 'Guid', value: randomUUID() },
    bytes: new Uint8Array([1, 2]),
  });
  const row = await table.get(partition, 'all types');
  expect(row?.properties).toMatchObject({ v: 1, half: 0.5, ended: true, value: '{"a":"b"}' });
  expect(await rowsOf(partition, everything)).toEqual([row]);
});

test('a query for some columns brings key, ETag and these', async () => {
  const partitionKey = uniqueName();
  await client.createEntity({ partitionKey, rowKey: 'a', v: 1, value: 'x', label: 'not wanted' });
  const etag = (await table.get(partitionKey, 'a'))?.etag;
  expect(await rowsOf(partitionKey, { ...everything, columns: ['v', 'value', 'body'] })).toEqual([
    { rowKey: 'a', etag, properties: { v: 1, value: 'x' } },
  ]);
});

test('a query follows its continuation to the end, a page at a time', async () => {
  const partitionKey = uniqueName();
  const rowKeys = ["a'b", 'c+d', 'e%f', 'g h', 'i&j'];
  for (const rowKey of rowKeys) await client.createEntity({ partitionKey, rowKey });
  const pages: string[][] = [];
  for await (const page of table.query(partitionKey, { ...everything, pageSize: 2 }))
    pages.push(page.map(({ rowKey }) => rowKey));
  expect(pages.filter((page) => page.length > 0)).toEqual([["a'b", 'c+d'], ['e%f', 'g h'], ['i&j']]);
});
