// A range query through the SDK's own pipeline (signing, time limit, retries) but past its deserializers, which make most
// of what a read of live rows costs: every sweep reads all of them.
import { type PipelineResponse, RestError } from '@azure/core-rest-pipeline';
import type { TableClient } from '@azure/data-tables';
import { sendRequest } from './send-request.ts';
import { type Row, tableProtocol } from './table.ts';

export type RowsQuery = {
  /** OData. */
  readonly filter: string;
  readonly pageSize: number;
  /** What is asked of each row beside its key and ETag; absent: everything. */
  readonly columns: readonly string[] | undefined;
};

/** A row as the protocol has it: columns between names of its own. */
type Entity = Readonly<Record<string, unknown>>;

const pageHeaders = { ...tableProtocol, accept: 'application/json;odata=minimalmetadata' } as const;
const ofTheProtocol: ReadonlySet<string> = new Set(['PartitionKey', 'RowKey', 'Timestamp']);

/** Pages in the order of row keys, which may be empty. @throws RestError for every answer but a clear one. */
export async function* queryRows(client: TableClient, query: RowsQuery): AsyncGenerator<readonly Row[]> {
  let next: Readonly<Record<string, string>> | null = {};
  while (next !== null) {
    const response = await sendRequest(client, {
      method: 'GET',
      path: `${client.tableName}()`,
      parameters: { ...parametersOf(query), ...next },
      headers: pageHeaders,
    });
    next = continuationOf(response);
    yield entitiesOf(response).map(toRow);
  }
}

function parametersOf({ filter, pageSize, columns }: RowsQuery): Readonly<Record<string, string>> {
  const select = columns === undefined ? {} : { $select: ['RowKey', ...columns].join(',') };
  return { $filter: filter, $top: String(pageSize), ...select };
}

/** Null after the last page. */
function continuationOf({ headers }: PipelineResponse): Readonly<Record<string, string>> | null {
  const NextPartitionKey = headers.get('x-ms-continuation-nextpartitionkey');
  const NextRowKey = headers.get('x-ms-continuation-nextrowkey');
  if (NextPartitionKey === undefined) return null;
  return NextRowKey === undefined ? { NextPartitionKey } : { NextPartitionKey, NextRowKey };
}

function entitiesOf(response: PipelineResponse): readonly Entity[] {
  // The pipeline has parsed it already; a second time would cost as much as all the rest.
  const body: unknown = 'parsedBody' in response ? response.parsedBody : null;
  const isPage = typeof body === 'object' && body !== null && 'value' in body && Array.isArray(body.value);
  if (isPage) return body.value as readonly Entity[];
  throw new RestError('An answer of storage is no page of rows.', { statusCode: response.status, response });
}

function toRow(entity: Entity): Row {
  const { RowKey: rowKey, 'odata.etag': etag } = entity;
  // Without an ETag nothing could be written back: better to read nothing than to write anywhere.
  if (typeof rowKey !== 'string' || typeof etag !== 'string')
    throw new RestError('A row has no key or ETag.');
  const properties: Record<string, string | number | boolean> = {};
  for (const name in entity) {
    const value = entity[name];
    const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    // Columns of other types (instants, GUIDs, long numbers) have their type beside them, and are never ours.
    const isTyped = typeof value === 'string' && entity[`${name}@odata.type`] !== undefined;
    if (isPlain && !isTyped && !ofTheProtocol.has(name) && !name.includes('odata.')) properties[name] = value;
  }
  return { rowKey, etag, properties };
}
