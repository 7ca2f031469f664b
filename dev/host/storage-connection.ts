// Connections by the name of their setting. The local host takes connection strings only: identities are Azure's.
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { emulatorAccount } from '../../src/storage/emulator.ts';
import type { PlannedFunction } from './function-plan.ts';
import { RefusedError, type Settings } from './settings.ts';

export type Connections = {
  readonly queues: (connection: string) => QueueServiceClient;
  /** The host's own storage: leases and timer status. */
  readonly blobs: () => BlobServiceClient;
};

const hostConnection = 'AzureWebJobsStorage';
const emulator = [
  'DefaultEndpointsProtocol=http',
  `AccountName=${emulatorAccount.name}`,
  `AccountKey=${emulatorAccount.key}`,
  `BlobEndpoint=http://127.0.0.1:10000/${emulatorAccount.name}`,
  `QueueEndpoint=http://127.0.0.1:10001/${emulatorAccount.name}`,
].join(';');

/** Every caller here has a loop of its own: a short try now beats a long one that outlives a stop. */
const pipeline = {
  retryOptions: { maxTries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 500, tryTimeoutInMs: 5000 },
};

/** @throws RefusedError naming the setting that a function's connection needs. */
export function createConnections(settings: Settings, functions: readonly PlannedFunction[]): Connections {
  const queueServices = new Map<string, QueueServiceClient>();
  for (const { name, trigger, outputs } of functions) {
    if (trigger.type === 'timerTrigger') connectionString(settings, hostConnection, name);
    const used = trigger.type === 'queueTrigger' ? [trigger, ...outputs] : outputs;
    for (const { connection } of used) {
      const text = connectionString(settings, connection, name);
      queueServices.set(connection, QueueServiceClient.fromConnectionString(text, pipeline));
    }
  }
  let blobService: BlobServiceClient | undefined;
  return {
    queues: (connection) => {
      const service = queueServices.get(connection);
      if (service === undefined) throw new TypeError(`${connection} is no connection of a function`);
      return service;
    },
    blobs: () => {
      blobService ??= BlobServiceClient.fromConnectionString(
        connectionString(settings, hostConnection, 'of the host'),
        pipeline,
      );
      return blobService;
    },
  };
}

function connectionString(settings: Settings, connection: string, functionName: string): string {
  const text = settings[connection] || settings[`AzureWebJobs${connection}`];
  if (text === undefined || text === '') {
    const isIdentity = Object.keys(settings).some((name) => name.startsWith(`${connection}__`));
    throw new RefusedError(
      isIdentity
        ? `Function ${functionName}: ${connection}__… is an identity-based connection. The local host takes a ` +
            `connection string in ${connection}.`
        : `Function ${functionName}: its connection ${connection} is not set.`,
    );
  }
  if (/^UseDevelopmentStorage=true;?$/i.test(text.trim())) return emulator;
  if (!/(?:^|;)\s*(?:AccountName|SharedAccessSignature)=/i.test(text)) {
    throw new RefusedError(`Function ${functionName}: ${connection} is no storage connection string.`);
  }
  return text;
}
