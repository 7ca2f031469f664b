// The scene of the switches of notifications: one prompt that is played to a call, and one receiver.
import type { Operation } from '../../../dev/simulator/operations.ts';
import type { Bench } from './harness.ts';
import { appId, type Received, type Receiver, startReceiver, tenantId } from './receiver.ts';
import { callId, type SwitchCase } from './switch-case.ts';

export const operationId = '0e2c9b1d-7d0e-4f6a-9a51-0d3a3b0a1c11';
/** Of the operation that the scene is about. */
export const path = `/communications/calls/${callId}/operations/${operationId}`;

type Scene = { readonly bench: Bench; readonly receiver: Receiver; readonly operation: Operation };

/** A prompt that ends after a minute, and who is told of it. Nothing has been sent. */
export function scene(play: (scene: Scene) => Promise<void>): SwitchCase['see'] {
  return async (bench) => {
    const receiver = await startReceiver(bench);
    try {
      bench.simulator.control.addCallback({ uri: receiver.uri, appId, tenantId });
      const operation = bench.simulator.control.addOperation({
        kind: 'commsOperation',
        parent: callId,
        id: operationId,
        script: [
          { afterMs: 0, status: 'running' },
          { afterMs: 60_000, status: 'completed', resultInfo: { code: 200, subcode: 0, message: 'Done.' } },
        ],
        properties: { '@odata.type': '#microsoft.graph.playPromptOperation', clientContext: 'mine' },
      });
      await play({ bench, receiver, operation });
    } finally {
      await receiver.stop();
    }
  };
}

/** Expectation: both notifications are sent, the second a minute after the first. */
export function sends(
  expected: (received: readonly Received[], receiver: Receiver) => void,
): SwitchCase['see'] {
  return scene(async ({ bench, receiver }) => {
    const { control } = bench.simulator;
    await control.settlePushes();
    bench.advance(60_000);
    await control.settlePushes();
    expected(receiver.received, receiver);
  });
}

/** A prompt that waits a second, runs, and ends after a minute. */
export function aPrompt(bench: Bench, properties: Readonly<Record<string, string>> = {}): Operation {
  return bench.simulator.control.addOperation({
    kind: 'commsOperation',
    parent: callId,
    id: operationId,
    script: [
      { afterMs: 0, status: 'notStarted' },
      { afterMs: 1000, status: 'running' },
      { afterMs: 60_000, status: 'completed', resultInfo: { code: 200, subcode: 0, message: 'Played.' } },
    ],
    properties: {
      '@odata.type': '#microsoft.graph.playPromptOperation',
      clientContext: 'mine',
      ...properties,
    },
  });
}

/** A receiver that is told of everything. */
export async function aSubscriber(bench: Bench, aReceiver: () => Promise<Receiver>): Promise<Receiver> {
  const receiver = await aReceiver();
  bench.simulator.control.addCallback({ uri: receiver.uri, appId, tenantId });
  return receiver;
}
