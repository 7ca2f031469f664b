// Clients of the table for one configuration. Each request has a short limit: one that takes longer is answered
// "unknown", and callers are told 503 within five seconds.
import { TableClient, type TableServiceClientOptions } from '@azure/data-tables';
import type { TokenCredential } from '@azure/identity';

/** Local and cloud differ in nothing but this. */
export type StorageConnection =
  | { readonly type: 'connectionString'; readonly connectionString: string }
  | {
      readonly type: 'identity';
      readonly tableServiceUri: string;
      readonly queueServiceUri: string;
      readonly credential: TokenCredential;
    };

export type TableClients = {
  /** Repeats reads a little. */
  readonly reader: TableClient;
  /** Tries once: after an unclear answer the rows are read again. */
  readonly writer: TableClient;
};

/** How long one request may take. */
export const requestLimitMs = 3000;
/** How long a read of one row may take with its repetitions. */
export const readLimitMs = 4000;
const readRetries = { maxRetries: 2, retryDelayInMs: 100, maxRetryDelayInMs: 500 } as const;

/** @param onServerDate takes the Date header of each answer. */
export function openTableClients(
  connection: StorageConnection,
  name: string,
  onServerDate: (atMs: number) => void,
): TableClients {
  const additionalPolicies = [limitAndClock(onServerDate)];
  return {
    reader: openTable(connection, name, { additionalPolicies, retryOptions: readRetries }),
    writer: openTable(connection, name, { additionalPolicies, retryOptions: { maxRetries: 0 } }),
  };
}

function openTable(
  connection: StorageConnection,
  name: string,
  options: TableServiceClientOptions,
): TableClient {
  if (connection.type === 'identity') {
    return new TableClient(connection.tableServiceUri, name, connection.credential, options);
  }
  return TableClient.fromConnectionString(connection.connectionString, name, {
    ...options,
    allowInsecureConnection: true,
  });
}

function limitAndClock(
  onServerDate: (atMs: number) => void,
): NonNullable<TableServiceClientOptions['additionalPolicies']>[number] {
  return {
    position: 'perRetry',
    policy: {
      name: 'limitAndClock',
      async sendRequest(request, next) {
        request.timeout = requestLimitMs;
        const response = await next(request);
        const date = response.headers.get('date');
        if (date !== undefined) onServerDate(Date.parse(date));
        return response;
      },
    },
  };
}
