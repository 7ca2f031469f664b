// The table adapter on Azure Tables. Writes are tried once: after an unclear answer the flow reads the rows again,
// and a second try of ours could only blur what happened. Reads are repeated a little by the SDK.
import {
  RestError,
  type TableClient,
  type TableEntityResult,
  type TransactionAction,
} from '@azure/data-tables';
import { AppError } from '../domain/errors.ts';
import {
  maxTransactionRows,
  type Properties,
  type RangeQuery,
  type Row,
  type Table,
  type TableAction,
} from './table.ts';

const pageSizeLimit = 1000;
const maxTransactionBytes = 4 * 1024 * 1024;
const system = new Set(['etag', 'partitionKey', 'rowKey', 'timestamp', 'odata.metadata']);

/**
 * @param client reads with a few retries; @param writer of the same table without any.
 */
export function createAzureTable(client: TableClient, writer: TableClient): Table {
  return { get, query, transact };

  async function get(partitionKey: string, rowKey: string): Promise<Row | null> {
    try {
      return toRow(await client.getEntity<Record<string, unknown>>(partitionKey, rowKey));
    } catch (error) {
      if (isAbsent(error)) return null;
      throw toAppError(error);
    }
  }

  async function* query(partitionKey: string, range: RangeQuery): AsyncIterable<readonly Row[]> {
    const filter = [
      `PartitionKey eq ${quote(partitionKey)} and RowKey ge ${quote(range.from)} and RowKey lt ${quote(range.to)}`,
      ...(range.below ? [`${range.below.column} lt ${quote(range.below.value)}`] : []),
      ...(range.filter ?? []).map(
        ({ column, oneOf }) => `(${oneOf.map((value) => equals(column, value)).join(' or ')})`,
      ),
    ].join(' and ');
    const pages = client
      .listEntities<Record<string, unknown>>({ queryOptions: { filter } })
      .byPage({ maxPageSize: Math.min(range.pageSize ?? pageSizeLimit, pageSizeLimit) });
    try {
      for await (const page of pages) yield page.map(toRow);
    } catch (error) {
      if (isAbsent(error)) return; // the table is not there yet, so it holds no rows
      throw toAppError(error);
    }
  }

  async function transact(
    partitionKey: string,
    actions: readonly TableAction[],
  ): Promise<{ applied: boolean }> {
    assertTransaction(actions);
    try {
      await writer.submitTransaction(actions.map((action) => toSdkAction(partitionKey, action)));
      return { applied: true };
    } catch (error) {
      if (isForbidden(error)) throw toAppError(error);
      if (isTableMissing(error)) await createTable(writer); // deleted in mid-run: the next attempt finds it
      return { applied: false };
    }
  }
}

/** Creates the table where it is absent; two processes may do so at once. */
export async function createTable(client: TableClient): Promise<void> {
  try {
    await client.createTable();
  } catch (error) {
    if (!(error instanceof RestError && error.statusCode === 409)) throw toAppError(error);
  }
}

function toSdkAction(partitionKey: string, action: TableAction): TransactionAction {
  const { rowKey } = action;
  switch (action.type) {
    case 'create':
      return ['create', { partitionKey, rowKey, ...action.properties }];
    case 'replace':
      return ['update', { partitionKey, rowKey, ...action.properties }, 'Replace', { etag: action.etag }];
    case 'delete':
      return ['delete', { partitionKey, rowKey, etag: action.etag }];
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

function equals(column: string, value: string | boolean): string {
  return `${column} eq ${typeof value === 'string' ? quote(value) : value}`;
}

/** An OData text literal. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function assertTransaction(actions: readonly TableAction[]): void {
  if (actions.length === 0 || actions.length > maxTransactionRows) {
    throw new TypeError(`A transaction has 1 to ${maxTransactionRows} rows, not ${actions.length}.`);
  }
  const bytes = actions.reduce(
    (sum, action) => sum + (action.type === 'delete' ? 0 : sizeOf(action.properties)),
    0,
  );
  if (bytes > maxTransactionBytes)
    throw new TypeError(`A transaction has at most 4 MiB, not ${bytes} bytes.`);
}

function sizeOf(properties: Properties): number {
  return Object.values(properties).reduce<number>((sum, value) => sum + String(value).length, 0);
}

function isAbsent(error: unknown): boolean {
  return error instanceof RestError && error.statusCode === 404;
}

function isTableMissing(error: unknown): boolean {
  return (
    error instanceof RestError && (error.code === 'TableNotFound' || /TableNotFound/.test(error.message))
  );
}

function isForbidden(error: unknown): boolean {
  return error instanceof RestError && (error.statusCode === 401 || error.statusCode === 403);
}

/** The one place where storage's errors become ours. */
function toAppError(error: unknown): AppError {
  if (isForbidden(error)) {
    return new AppError(
      'storage_forbidden',
      'Storage refuses this identity: grant it the table and queue roles.',
      {
        action: 'retry',
        cause: error,
      },
    );
  }
  return new AppError('storage_busy', 'Storage did not answer.', {
    action: 'retry',
    retryAfterMs: 1000,
    cause: error,
  });
}
