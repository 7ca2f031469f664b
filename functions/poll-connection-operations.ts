// Timer of connectionOperation: sweeps the kind, or hands its shards out.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';

const { config, pollKind } = getApp();

export async function pollConnectionOperations(): Promise<void> {
  await pollKind('connectionOperation');
}

app.timer('pollConnectionOperations', {
  schedule: config.kinds.connectionOperation.tick,
  handler: pollConnectionOperations,
});
