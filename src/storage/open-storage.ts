// Opens table and queues for one configuration: the store, the queues,
// and the preparation that a process makes before its first write.
import { AppError, type ErrorCode } from '../domain/errors.ts';
import { createSendQueue, type SendQueue } from './azure-queue.ts';
import { createAzureTable, createTable } from './azure-table.ts';
import { openTableClients, type StorageConnection } from './connections.ts';
import { createHistory } from './history.ts';
import { createIdempotencyStore } from './idempotency-store.ts';
import { createOperationStore, type OperationStore } from './operation-store.ts';
import { openQueueAccount } from './queue-account.ts';
import { checkShardCount } from './shard-count.ts';
import type { StorageClock } from './storage-clock.ts';

export type { StorageConnection } from './connections.ts';

export type StorageOptions = {
  readonly connection: StorageConnection;
  readonly table: string;
  readonly transitionsQueue: string;
  readonly sweepsQueue: string;
  readonly encoding: 'base64' | 'text';
  readonly shards: number;
  /** It learns from each answer of the table. */
  readonly clock: StorageClock;
  readonly onUnreadableRow: (shard: string, rowKey: string) => void;
  /** So many live rows of a shard are read whole at each sweep; absent: a page of them. */
  readonly wholeUpTo?: number;
};

export type Storage = {
  readonly store: OperationStore & ReturnType<typeof createHistory>;
  readonly idempotency: ReturnType<typeof createIdempotencyStore>;
  readonly transitionsQueue: SendQueue;
  readonly sweepsQueue: SendQueue;
  /** Creates what is absent and checks the number of shards; repeated until it succeeded once. */
  readonly prepare: () => Promise<void>;
  /** Why storage can't be used now; null when it can. */
  readonly check: () => Promise<ErrorCode | null>;
};

/** A tick whose message nobody took for so long was followed by others: old ones must not come as a storm. */
const sweepMessageLifeSeconds = 5 * 60;

export function openStorage(options: StorageOptions): Storage {
  const { connection, encoding } = options;
  const clients = openTableClients(connection, options.table, options.clock.learn);
  const table = createAzureTable(clients);
  const store = { ...createOperationStore({ ...options, table }), ...createHistory(table) };
  const idempotency = createIdempotencyStore(table);
  const queues = openQueueAccount(connection);
  const transitionsQueue = createSendQueue(queues, { name: options.transitionsQueue, encoding });
  const sweepsQueue = createSendQueue(queues, {
    name: options.sweepsQueue,
    encoding: 'base64', // its consumer is our own function, and host.json says base64
    timeToLiveSeconds: sweepMessageLifeSeconds,
  });
  let preparing: Promise<void> | undefined;
  return { store, idempotency, transitionsQueue, sweepsQueue, prepare, check };

  function prepare(): Promise<void> {
    preparing ??= prepareOnce().catch((error: unknown) => {
      preparing = undefined; // tried again by the next who needs it
      throw error;
    });
    return preparing;
  }

  async function prepareOnce(): Promise<void> {
    await Promise.all([createTable(clients.writer), transitionsQueue.prepare(), sweepsQueue.prepare()]);
    await checkShardCount(table, options.shards);
  }

  async function check(): Promise<ErrorCode | null> {
    try {
      await prepare();
      await table.get('meta', 'shards');
      return null;
    } catch (error) {
      // Told by the answer; the log has it from whoever needed storage.
      return error instanceof AppError ? error.code : 'storage_busy';
    }
  }
}
