// Timer of onenoteOperation: sweeps the kind, or hands its shards out.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';

const { config, pollKind } = getApp();

export async function pollOnenoteOperations(): Promise<void> {
  await pollKind('onenoteOperation');
}

app.timer('pollOnenoteOperations', {
  schedule: config.kinds.onenoteOperation.tick,
  handler: pollOnenoteOperations,
});
