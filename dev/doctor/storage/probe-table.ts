// Looks at the table without changing anything: reads a row that is not there, and asks to replace one that is not
// there. Storage asks for the right first, so who may not write is refused and who may is told that there is no row.
import { randomUUID } from 'node:crypto';
import type { TableClient } from '@azure/data-tables';
import { createAzureTable } from '../../../src/storage/azure-table.ts';
import {
  openTableClients,
  readLimitMs,
  requestLimitMs,
  type StorageConnection,
} from '../../../src/storage/connections.ts';
import { readShardCount } from '../../../src/storage/shard-count.ts';
import { hasCode } from '../../../src/storage/storage-errors.ts';
import type { ClockSample } from './clock.ts';
import { faultOf, type StorageFault } from './fault.ts';

export type TableFacts = {
  /** Null: it is there and can be read. */
  readonly read: StorageFault | null;
  /** Null: it could be written. */
  readonly write: StorageFault | null;
  /** Empty where nothing was answered. */
  readonly clock: readonly ClockSample[];
};

/** No shard is called so, and nobody reads it. */
const partitionKey = 'doctor';
const anEtag = `W/"datetime'2000-01-01T00%3A00%3A00.0000000Z'"`;

export type TableProbe = {
  readonly look: () => Promise<TableFacts>;
  /** Of the row that says so; null where there is none. @throws AppError */
  readonly shardCount: () => Promise<number | null>;
};

export function createTableProbe(connection: StorageConnection, name: string): TableProbe {
  const clock: ClockSample[] = [];
  let sentAtMs = Date.now();
  const clients = openTableClients(connection, name, (dateMs) => {
    clock.push({ sentAtMs, arrivedAtMs: Date.now(), dateMs });
  });
  return { look, shardCount: () => readShardCount(createAzureTable(clients)) };

  async function look(): Promise<TableFacts> {
    // One after the other, so that each answer has its own time of sending.
    const read = await askFor(() => readNothing(clients.reader));
    const write = read === null ? await askFor(() => writeNothing(clients.writer)) : read;
    return { read, write, clock };
  }

  async function askFor(ask: () => Promise<unknown>): Promise<StorageFault | null> {
    sentAtMs = Date.now();
    try {
      await ask();
      return null;
    } catch (error) {
      return hasCode(error, 'ResourceNotFound') ? null : faultOf(error);
    }
  }
}

function readNothing(client: TableClient): Promise<unknown> {
  return client.getEntity(partitionKey, randomUUID(), { abortSignal: AbortSignal.timeout(readLimitMs) });
}

/** A transaction, as the app writes: a role on one table alone lets single rows be written, and no transaction. */
function writeNothing(client: TableClient): Promise<unknown> {
  const row = { partitionKey, rowKey: randomUUID() };
  return client.submitTransaction([['update', row, 'Replace', { etag: anEtag }]], {
    abortSignal: AbortSignal.timeout(requestLimitMs),
  });
}
