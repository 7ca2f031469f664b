// What needs no key: live does no I/O, ready asks storage, and the description of the API. Ready says more to a caller
// whose token may read operations.
import type { ApiFlows } from '../../flows/api-flows.ts';
import type { MaySeeDetails } from '../caller.ts';
import { type Handle, jsonResponse } from '../endpoint.ts';
import { openApiDocument } from '../openapi.ts';

export const healthLive: Handle = async (call) => jsonResponse(call, 200, { body: { status: 'pass' } });

type Deps = { readonly flows: Pick<ApiFlows, 'checkReadiness'>; readonly maySeeDetails: MaySeeDetails };

export function createHealthReady({ flows, maySeeDetails }: Deps): Handle {
  return async function healthReady(call) {
    const { isReady, details } = await flows.checkReadiness(await maySeeDetails(call.request));
    return jsonResponse(call, isReady ? 200 : 503, {
      body: { status: isReady ? 'pass' : 'fail', ...(details === null ? {} : { details }) },
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
