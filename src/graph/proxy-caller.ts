// The proxy's way to Graph: one call with the app's identity.
import { AppError } from '../domain/errors.ts';
import type { GraphClient } from './graph-client.ts';
import type { WireFault } from './transport.ts';

type Call = {
  readonly method: 'GET' | 'PATCH';
  readonly version: string;
  readonly segments: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
};

type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyText: string;
  readonly sentAtMs: number;
  readonly arrivedAtMs: number;
};

export type ProxyCaller = {
  /** @throws AppError graph_auth when no token could be had and nothing was sent; graph_timeout, graph_malformed, graph_error. */
  readonly callGraph: (call: Call) => Promise<Answer>;
};

export function createProxyCaller(client: GraphClient): ProxyCaller {
  return { callGraph };

  async function callGraph(call: Call): Promise<Answer> {
    const contentType = call.method === 'PATCH' ? { 'content-type': 'application/json' } : {};
    const { answer, ...dates } = await client.call({ ...call, headers: { ...contentType, ...call.headers } });
    if (!answer.arrived) throw faultError(answer.code);
    const { status, headers, bodyText } = answer;
    return { status, headers, bodyText, ...dates };
  }
}

function faultError(code: WireFault): AppError {
  switch (code) {
    case 'no_token':
      return new AppError('graph_auth', 'No token for Graph can be had with this identity.', {
        action: 'retry',
      });
    case 'timeout':
      return new AppError('graph_timeout', 'Graph did not answer in time.', { action: 'retry' });
    case 'answer_too_large':
      return new AppError('graph_malformed', 'Graph gave an answer that is too large.', { action: 'retry' });
    case 'address_refused':
    case 'connection_failed':
    case 'stopped':
      return new AppError('graph_error', `Graph could not be called (${code}).`, { action: 'retry' });
  }
}
