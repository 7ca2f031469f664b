// What the contract suite runs on: the adapter on Azurite and the fake. Each table is new and empty.
import { randomUUID } from 'node:crypto';

import { createAzureTable, createTable } from '../../../src/storage/azure-table.ts';
import { openTableClients } from '../../../src/storage/connections.ts';
import type { Row, Table } from '../../../src/storage/table.ts';
import { createMemoryTable } from '../../fakes/memory-table.ts';
import { azurite } from '../../fixtures/azurite.ts';

export const tables: readonly { readonly name: string; readonly open: () => Promise<Table> }[] = [
  { name: 'Azurite', open: () => openAzureTable(azurite()) },
  { name: 'the fake', open: async () => createMemoryTable() },
];

export async function openAzureTable(
  connectionString: string,
  onServerDate: (atMs: number) => void = () => {},
): Promise<Table> {
  const clients = openTableClients(
    { type: 'connectionString', connectionString },
    uniqueName(),
    onServerDate,
  );
  await createTable(clients.writer);
  return createAzureTable(clients);
}

/** What a transaction may come to. */
export const applied = { applied: true, isRefused: false } as const;
export const refused = { applied: false, isRefused: true } as const;
export const unknown = { applied: false, isRefused: false } as const;

/** Letters and digits only, as tables ask for; queues take it too. */
export function uniqueName(): string {
  return `t${randomUUID().replaceAll('-', '')}`;
}

export async function allRows(table: Table, partitionKey: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const page of table.query(partitionKey, { from: '!', to: '~' })) rows.push(...page);
  return rows;
}
