// The queue SDK's client, which can look at a queue and take messages away; the app itself only sends.
import { QueueClient } from '@azure/storage-queue';
import type { StorageConnection } from '../../../src/storage/connections.ts';

export function openQueueClient(connection: StorageConnection, name: string): QueueClient {
  const options = { retryOptions: { maxTries: 1 } };
  if (connection.type === 'connectionString')
    return new QueueClient(connection.connectionString, name, options);
  const url = new URL(name, `${connection.queueServiceUri.replace(/\/$/, '')}/`);
  return new QueueClient(url.href, connection.credential, options);
}
