// The poller of the Azure SDKs, one for each operation, over the SDKs' own HTTP pipeline. It keeps nothing: what it knows
// is gone with its process. `completed` is no word of its vocabulary, so Graph's bodies are translated for it.
import { createHttpPoller, type OperationResponse } from '@azure/core-lro';
import {
  createDefaultHttpClient,
  createPipelineFromOptions,
  createPipelineRequest,
  RestError,
} from '@azure/core-rest-pipeline';
import { QueueClient } from '@azure/storage-queue';
import { createRandom } from '../../dev/simulator/random.ts';
import type { Task } from './contestant.ts';
import { type Peer, peerMessage } from './peer.ts';
import { firstWord } from './words.ts';

export function createCoreLro(task: Task): Peer {
  const pipeline = createPipelineFromOptions({});
  const http = createDefaultHttpClient();
  const queue = new QueueClient(task.storage, task.queue);
  const known = new Map<string, unknown>();
  const timers: NodeJS.Timeout[] = [];
  const stopping = new AbortController();
  return {
    start: async () => {
      const random = createRandom(task.seed);
      // Each begins somewhere in the first interval, as operations do.
      for (const path of task.paths)
        timers.push(setTimeout(() => void watch(path), random() * task.intervalMs));
    },
    stop: async () => {
      stopping.abort();
      for (const timer of timers) clearTimeout(timer);
    },
  };

  async function watch(path: string): Promise<void> {
    while (!stopping.signal.aborted) {
      const poller = createHttpPoller(operationAt(path), {
        intervalInMs: task.intervalMs,
        skipFinalGet: true,
        resolveOnUnsuccessful: true,
      });
      try {
        await poller.pollUntilDone({ abortSignal: stopping.signal });
        return;
      } catch {
        // A poller that failed is finished, though the operation is not: another one goes on.
        await new Promise((resolve) => timers.push(setTimeout(resolve, task.intervalMs)));
      }
    }
  }

  function operationAt(path: string) {
    const url = `${task.graphUrl}/v1.0${path}`;
    return {
      // Begun long ago; this is the answer that somebody got then.
      sendInitialRequest: async (): Promise<OperationResponse> => ({
        flatResponse: undefined,
        rawResponse: {
          statusCode: 202,
          headers: { 'operation-location': url },
          request: { method: 'POST', url },
        },
      }),
      sendPollRequest: async (location: string): Promise<OperationResponse> => {
        const request = createPipelineRequest({ url: location, allowInsecureConnection: true });
        const response = await pipeline.sendRequest(http, request);
        if (response.status !== 200) throw new RestError('unexpected status', { response });
        const body = JSON.parse(response.bodyAsText ?? '') as Readonly<Record<string, unknown>>;
        await tell(path, body['status']);
        return {
          flatResponse: body,
          rawResponse: {
            statusCode: response.status,
            headers: response.headers.toJSON(),
            request: { method: 'GET', url: location },
            body: { ...body, status: translate(body['status']) },
          },
        };
      },
    };
  }

  async function tell(path: string, status: unknown): Promise<void> {
    const isNews = status !== (known.get(path) ?? firstWord);
    if (isNews) await queue.sendMessage(peerMessage(path, status));
    known.set(path, status);
  }
}

function translate(status: unknown): unknown {
  return status === 'completed' ? 'succeeded' : status;
}
