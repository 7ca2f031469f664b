// The poller of the Azure SDKs on a case, used as the SDKs' generated clients use it: their pipeline with its retries,
// an unexpected status thrown, the poller left to find out by itself when it is done.
import { createHttpPoller, type OperationResponse } from '@azure/core-lro';
import {
  createDefaultHttpClient,
  createPipelineFromOptions,
  createPipelineRequest,
  RestError,
} from '@azure/core-rest-pipeline';
import { startSimulator } from '../../dev/simulator/server.ts';
import type { ConformanceCase, Ending, Outcome } from './cases.ts';
import { beginGraphCase, type GraphCase } from './graph-case.ts';

/** Past the last answer, so that who has not ended by then never will. */
const morePolls = 10;

export async function runCoreLro(one: ConformanceCase): Promise<Outcome> {
  const simulator = await startSimulator();
  try {
    const graph = await beginGraphCase(simulator, one);
    const { ending, remark } = await poll(graph, one.answers.length + morePolls);
    return { ending, remark, gets: graph.gets(), lastAnswer: graph.lastAnswer() };
  } finally {
    await simulator.stop();
  }
}

async function poll(
  graph: GraphCase,
  maxPolls: number,
): Promise<{ readonly ending: Ending; readonly remark: string | null }> {
  const poller = createHttpPoller(operationOf(graph), { intervalInMs: 0 });
  try {
    // The poller's first call takes the answer that began the operation and asks for nothing.
    await poller.submitted();
    for (let polls = 0; polls < maxPolls && !poller.isDone; polls += 1) {
      graph.prepare();
      await poller.poll();
    }
  } catch (error) {
    const remark = error instanceof Error ? error.message : String(error);
    return { ending: poller.operationState?.status === 'failed' ? 'failed' : 'error', remark };
  }
  const status = poller.operationState?.status;
  return { ending: status === 'succeeded' || status === 'failed' ? status : 'waits', remark: null };
}

function operationOf({ begun }: GraphCase): Parameters<typeof createHttpPoller>[0] {
  const pipeline = createPipelineFromOptions({});
  const http = createDefaultHttpClient();
  return {
    sendInitialRequest: async () => ({
      flatResponse: undefined,
      rawResponse: {
        statusCode: begun.status,
        headers: { ...begun.headers },
        request: { method: 'PATCH', url: begun.requestUrl },
      },
    }),
    sendPollRequest,
  };

  async function sendPollRequest(location: string): Promise<OperationResponse> {
    const request = createPipelineRequest({ url: location, allowInsecureConnection: true });
    const response = await pipeline.sendRequest(http, request);
    if (response.status < 200 || response.status > 202)
      throw new RestError(`unexpected status ${response.status}`, { response });
    const body = JSON.parse(response.bodyAsText ?? '') as Readonly<Record<string, unknown>>;
    return {
      flatResponse: body,
      rawResponse: {
        statusCode: response.status,
        headers: response.headers.toJSON(),
        request: { method: 'GET', url: location },
        body,
      },
    };
  }
}
