// Timer of commsOperation: sweeps the kind, or hands its shards out.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';

const { config, pollKind } = getApp();

export async function pollCommsOperations(): Promise<void> {
  await pollKind('commsOperation');
}

app.timer('pollCommsOperations', {
  schedule: config.kinds.commsOperation.tick,
  handler: pollCommsOperations,
});
