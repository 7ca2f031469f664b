// Opens table and queues for one configuration: clients with short time-outs, the storage clock fed by their answers,
// and the preparation that a process makes before its first write.
import { TableClient, type TableServiceClientOptions } from '@azure/data-tables';
import type { TokenCredential } from '@azure/identity';
import { QueueClient, type StoragePipelineOptions } from '@azure/storage-queue';
import { createSendQueue, type SendQueue } from './azure-queue.ts';
import { createAzureTable, createTable } from './azure-table.ts';
import { createHistory } from './history.ts';
import { createOperationStore, type OperationStore } from './operation-store.ts';
import { checkShardCount } from './shard-count.ts';

/** Local and cloud differ in nothing but this. */
export type StorageConnection =
  | { readonly type: 'connectionString'; readonly connectionString: string }
  | {
      readonly type: 'identity';
      readonly tableServiceUri: string;
      readonly queueServiceUri: string;
      readonly credential: TokenCredential;
    };

export type StorageOptions = {
  readonly connection: StorageConnection;
  readonly table: string;
  readonly transitionsQueue: string;
  readonly sweepsQueue: string;
  readonly encoding: 'base64' | 'text';
  readonly shards: number;
  readonly nowMs: () => number;
  /** The Date header of each answer of the table. */
  readonly onServerDate: (atMs: number) => void;
  readonly onUnreadableRow: (shard: string, rowKey: string) => void;
};

export type Storage = {
  readonly store: OperationStore & ReturnType<typeof createHistory>;
  readonly transitionsQueue: SendQueue;
  readonly sweepsQueue: SendQueue;
  /** Creates what is absent and checks the number of shards; repeated until it succeeded once. */
  readonly prepare: () => Promise<void>;
  readonly isReady: () => Promise<boolean>;
};

/** A request that takes longer is answered "unknown": callers are told 503 within five seconds. */
const requestLimitMs = 3000;
const readRetries = { maxRetries: 2, retryDelayInMs: 100, maxRetryDelayInMs: 500 } as const;

export function openStorage(options: StorageOptions): Storage {
  const reader = openTable(options, readRetries);
  const writer = openTable(options, { maxRetries: 0 });
  const table = createAzureTable(reader, writer);
  const store = { ...createOperationStore({ ...options, table }), ...createHistory(table) };
  const transitionsQueue = createSendQueue(
    openQueue(options.connection, options.transitionsQueue),
    options.encoding,
  );
  const sweepsQueue = createSendQueue(openQueue(options.connection, options.sweepsQueue), options.encoding);
  let preparing: Promise<void> | undefined;
  return { store, transitionsQueue, sweepsQueue, prepare, isReady };

  function prepare(): Promise<void> {
    preparing ??= prepareOnce().catch((error: unknown) => {
      preparing = undefined; // tried again by the next who needs it
      throw error;
    });
    return preparing;
  }

  async function prepareOnce(): Promise<void> {
    await Promise.all([createTable(writer), transitionsQueue.prepare(), sweepsQueue.prepare()]);
    await checkShardCount(table, options.shards);
  }

  async function isReady(): Promise<boolean> {
    try {
      await prepare();
      await table.get('meta', 'shards');
      return true;
    } catch {
      return false; // told by the answer; the log has it from whoever needed storage
    }
  }
}

function openTable(
  options: StorageOptions,
  retryOptions: NonNullable<TableServiceClientOptions['retryOptions']>,
): TableClient {
  const { connection } = options;
  const clientOptions: TableServiceClientOptions = {
    retryOptions,
    additionalPolicies: [limitAndClock(options.onServerDate)],
  };
  if (connection.type === 'identity') {
    return new TableClient(connection.tableServiceUri, options.table, connection.credential, clientOptions);
  }
  return TableClient.fromConnectionString(connection.connectionString, options.table, {
    ...clientOptions,
    allowInsecureConnection: true,
  });
}

function openQueue(connection: StorageConnection, name: string): QueueClient {
  const options: StoragePipelineOptions = { retryOptions: { maxTries: 1, tryTimeoutInMs: requestLimitMs } };
  if (connection.type === 'connectionString')
    return new QueueClient(connection.connectionString, name, options);
  const url = new URL(name, `${connection.queueServiceUri.replace(/\/$/, '')}/`);
  return new QueueClient(url.href, connection.credential, options);
}

/** Bounds each request and reads the service's clock from its answer. */
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
