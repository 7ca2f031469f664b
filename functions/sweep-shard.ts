// Queue function: sweeps the shard that a message names. Failures are the host's to repeat.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';

const { config, sweepShardMessage } = getApp();

export async function sweepShard(message: unknown): Promise<void> {
  await sweepShardMessage(message);
}

app.storageQueue('sweepShard', {
  connection: config.storage.name,
  queueName: config.queues.sweeps,
  handler: sweepShard,
});
