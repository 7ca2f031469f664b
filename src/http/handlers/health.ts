// What needs no key: live does no I/O, ready asks storage, and the description of the API.
import type { ApiFlows } from '../../flows/api-flows.ts';
import { type Handle, jsonResponse } from '../endpoint.ts';
import { openApiDocument } from '../openapi.ts';

export const healthLive: Handle = async (call) => jsonResponse(call, 200, { body: { status: 'pass' } });

export function createHealthReady(flows: Pick<ApiFlows, 'ready'>): Handle {
  return async function healthReady(call) {
    const isReady = await flows.ready();
    return jsonResponse(call, isReady ? 200 : 503, {
      body: { status: isReady ? 'pass' : 'fail' },
      headers: isReady ? {} : { 'retry-after': '1' },
    });
  };
}

/** The document is made at the first request and kept as text. */
export function createReadOpenApi(): Handle {
  let text: string | undefined;
  return async function readOpenApi(call) {
    text ??= JSON.stringify(openApiDocument());
    return jsonResponse(call, 200, { body: text });
  };
}
