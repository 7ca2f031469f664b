// The bundle's entry: registers every function. The configuration is read here, so that bad settings refuse the start.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';
import { AppError } from '../src/domain/errors.ts';
import './clean-up.ts';
import './health-live.ts';
import './health-ready.ts';
import './list-events.ts';
import './list-operations.ts';
import './poll-operation.ts';
import './poll-comms-operations.ts';
import './poll-connection-operations.ts';
import './poll-onenote-operations.ts';
import './read-graph-resource.ts';
import './read-open-api.ts';
import './read-operation.ts';
import './stop-operation.ts';
import './sweep-shard.ts';
import './take-call-notifications.ts';
import './take-change-notifications.ts';
import './track-operations.ts';
import './update-graph-resource.ts';

// Without streaming the host drops chunked request bodies.
app.setup({ enableHttpStream: true });

app.hook.appStart(async () => {
  const { start, log, telemetry } = getApp();
  await telemetry.open();
  try {
    await start();
  } catch (error) {
    if (error instanceof AppError && error.action === 'refuse') throw error;
    // Storage may be away for a while: whoever needs it prepares it again.
    log('error', { error }, 'storage could not be prepared at start');
  }
});

// What a function does belongs to the trace of its request or tick. The SDK's own hook does not work in a bundle.
app.hook.preInvocation((hook) => {
  const { traceParent } = hook.invocationContext.traceContext ?? {};
  hook.functionHandler = getApp().telemetry.continueTrace(traceParent, hook.functionHandler);
});

app.hook.postInvocation(async ({ invocationContext }) => {
  const sent = getApp().telemetry.flush();
  // The host hands an answer out only after this: no caller waits for those who watch.
  if (invocationContext.options.trigger.type !== 'httpTrigger') await sent;
});

app.hook.appTerminate(async () => {
  const { stop, telemetry } = getApp();
  await stop();
  await telemetry.close();
});
