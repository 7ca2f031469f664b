// A transaction through the SDK's own pipeline (signing, time limit) but not by its `submitTransaction`. That sends
// `If-Match: *` with every delete, whatever ETag it was given (data-tables 13.3.2), and this store ends operations by
// such deletes; and it passes each row through a pipeline of its own, which made a third of what a transition costs.
// The format is that of "Performing entity group transactions" in the reference of the table service.
import { randomUUID } from 'node:crypto';
import type { PipelineResponse } from '@azure/core-rest-pipeline';
import type { TableClient } from '@azure/data-tables';
import { addressOf, sendRequest, toRestError } from './send-request.ts';
import { type TableAction, tableProtocol } from './table.ts';

const endOfLine = '\r\n';
const methods = { create: 'POST', replace: 'PUT', delete: 'DELETE' } as const;

/**
 * @returns whether it is clear that all of it was applied.
 * @throws RestError with status and code when the service refuses it, or when there is no answer.
 */
export async function submitTransaction(
  client: TableClient,
  partitionKey: string,
  actions: readonly TableAction[],
): Promise<boolean> {
  const { origin, pathname } = addressOf(client, client.tableName);
  const boundary = `batch_${randomUUID()}`;
  const requests = actions.map((action) => requestOf(origin + pathname, partitionKey, action));
  const response = await sendRequest(client, {
    method: 'POST',
    path: '$batch',
    headers: { ...tableProtocol, 'content-type': `multipart/mixed; boundary=${boundary}` },
    body: bodyOf(boundary, requests),
  });
  const statuses = statusesOf(response);
  const refusal = statuses.find((status) => status >= 300);
  if (refusal !== undefined) throw toRestError(response, refusal);
  return statuses.length === actions.length;
}

function bodyOf(boundary: string, requests: readonly string[]): string {
  const changeset = `changeset_${randomUUID()}`;
  const partHeaders = ['Content-Type: application/http', 'Content-Transfer-Encoding: binary', ''];
  return [
    `--${boundary}`,
    `Content-Type: multipart/mixed; boundary=${changeset}`,
    '',
    ...requests.flatMap((request) => [`--${changeset}`, ...partHeaders, request]),
    `--${changeset}--`,
    `--${boundary}--`,
    '',
  ].join(endOfLine);
}

function requestOf(table: string, partitionKey: string, action: TableAction): string {
  const { type, rowKey } = action;
  const place = `(PartitionKey=${keyText(partitionKey)},RowKey=${keyText(rowKey)})`;
  return [
    `${methods[type]} ${table}${type === 'create' ? '' : place} HTTP/1.1`,
    'Accept: application/json;odata=minimalmetadata',
    'Content-Type: application/json',
    'DataServiceVersion: 3.0',
    'Prefer: return-no-content',
    ...(type === 'create' ? [] : [`If-Match: ${action.etag}`]),
    '',
    type === 'delete' ? '' : json({ PartitionKey: partitionKey, RowKey: rowKey, ...action.properties }),
  ].join(endOfLine);
}

/** A text literal of OData within an address. */
function keyText(key: string): string {
  return `'${encodeURIComponent(key).replaceAll("'", "''")}'`;
}

/**
 * Line and paragraph separators are legal within JSON, but Azurite (3.37) takes them for ends of lines, stops in the middle
 * of a row and from then on refuses every transaction of every table: no text of a caller or of Graph may do that.
 */
function json(entity: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(entity).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** One for each action; after a refusal that of the action which was refused. */
function statusesOf({ bodyAsText }: PipelineResponse): readonly number[] {
  return Array.from((bodyAsText ?? '').matchAll(/^HTTP\/1\.1 (\d{3})/gm), ([, digits]) => Number(digits));
}
