// The table adapter on Azure Tables. Writes are tried once: after an unclear answer the flow reads the rows again,
// and a second try of ours could only blur what happened. Reads are repeated a little by the SDK.
import type { TableClient, TableEntityResult } from '@azure/data-tables';
import { readLimitMs, type TableClients } from './connections.ts';
import { queryRows } from './query-rows.ts';
import { hasCode, hasStatus, isForbidden, isRefusal, toStorageError } from './storage-errors.ts';
import { submitTransaction } from './submit-transaction.ts';
import {
  assertTransaction,
  type KeyRange,
  type Part,
  type RangeQuery,
  type Row,
  type Table,
  type TableAction,
  type Transacted,
} from './table.ts';

const pageSizeLimit = 1000;
const system = new Set(['etag', 'partitionKey', 'rowKey', 'timestamp', 'odata.metadata']);

export function createAzureTable({ reader, writer }: TableClients): Table {
  return { get, query, transact };

  async function get(partitionKey: string, rowKey: string): Promise<Row | null> {
    try {
      const abortSignal = AbortSignal.timeout(readLimitMs);
      return toRow(await reader.getEntity(partitionKey, rowKey, { abortSignal }));
    } catch (error) {
      if (hasStatus(error, 404)) return null;
      throw toStorageError(error);
    }
  }

  async function* query(partitionKey: string, range: RangeQuery): AsyncIterable<readonly Row[]> {
    if (range.filter?.some(({ oneOf }) => oneOf.length === 0)) return; // OData has no empty choice; it holds for none
    const filter = [
      `PartitionKey eq ${quote(partitionKey)} and ${isWithin(range)}`,
      ...(range.part ? [`(${isOfPart(range.part)})`] : []),
      ...(range.below ? [`${range.below.column} lt ${quote(range.below.value)}`] : []),
      ...(range.filter ?? []).map(
        ({ column, oneOf }) => `(${oneOf.map((value) => equals(column, value)).join(' or ')})`,
      ),
    ].join(' and ');
    const pageSize = Math.min(range.pageSize ?? pageSizeLimit, pageSizeLimit);
    try {
      yield* queryRows(reader, { filter, pageSize, columns: range.columns });
    } catch (error) {
      if (hasStatus(error, 404)) return; // the table is not there yet, so it holds no rows
      throw toStorageError(error);
    }
  }

  async function transact(partitionKey: string, actions: readonly TableAction[]): Promise<Transacted> {
    assertTransaction(actions);
    try {
      return { applied: await submitTransaction(writer, partitionKey, actions), isRefused: false };
    } catch (error) {
      if (isForbidden(error)) throw toStorageError(error);
      if (hasCode(error, 'TableNotFound')) await createTable(writer); // deleted in mid-run: the next attempt finds it
      return { applied: false, isRefused: isRefusal(error) };
    }
  }
}

/** Creates the table where it is absent; two processes may do so at once. */
export async function createTable(client: TableClient): Promise<void> {
  try {
    await client.createTable();
  } catch (error) {
    if (!hasStatus(error, 409)) throw toStorageError(error);
  }
}

function toRow(entity: TableEntityResult<Record<string, unknown>>): Row {
  const properties: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(entity)) {
    const isOurs = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    if (isOurs && !system.has(name)) properties[name] = value;
  }
  return { rowKey: entity.rowKey ?? '', etag: entity.etag, properties };
}

/** The service stamps rows with `Timestamp`, and compares it like a column. */
function isOfPart({ before, writtenSinceMs, slice }: Part): string {
  const since = new Date(writtenSinceMs).toISOString();
  return `RowKey ge ${quote(before)} or (${isWithin(slice)}) or Timestamp ge datetime'${since}'`;
}

function isWithin({ from, to }: KeyRange): string {
  return `RowKey ge ${quote(from)} and RowKey lt ${quote(to)}`;
}

function equals(column: string, value: string | boolean): string {
  return `${column} eq ${typeof value === 'string' ? quote(value) : value}`;
}

/** An OData text literal. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
