// The real app in this process, before a real Azurite and a Graph on loopback, called as the Functions host would.
import { randomUUID } from 'node:crypto';
import { HttpRequest, type HttpResponseInit, InvocationContext } from '@azure/functions';
import { QueueClient } from '@azure/storage-queue';

import { type Simulator, startSimulator } from '../../../dev/simulator/server.ts';
import { type App, createApp } from '../../../src/app.ts';
import { loadConfig } from '../../../src/config.ts';
import { parseResource } from '../../../src/domain/resources.ts';
import { createProxyRequest, type ProxyPorts } from '../../../src/flows/proxy-request.ts';
import { createGraphClient } from '../../../src/graph/graph-client.ts';
import { createProxyCaller } from '../../../src/graph/proxy-caller.ts';
import { createStaticTokenSource } from '../../../src/graph/tokens.ts';
import { createEndpoint } from '../../../src/http/endpoint.ts';
import { createReadGraphResource, createUpdateGraphResource } from '../../../src/http/handlers/proxy.ts';
import { createRateLimit } from '../../../src/http/rate-limit.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { expectDocumented } from '../../fixtures/documented.ts';
import { takeMessages } from '../../fixtures/queue-reader.ts';

/** Tokens that must never be seen outside. */
export const graphToken = 'canary-graph-token';
export const functionKey = 'canary-function-key';

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Parsed body; an empty object for a body that is no JSON object. */
  readonly json: Readonly<Record<string, unknown>>;
};

export type Asked = {
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON; text and bytes as they are. */
  readonly body?: unknown;
};

export type Proxy = {
  readonly app: App;
  readonly simulator: Simulator;
  /** Log lines as one text each. */
  readonly lines: readonly string[];
  /** @param path below `/api/graph/`. */
  readonly get: (path: string, asked?: Asked) => Promise<Answer>;
  readonly patch: (path: string, asked?: Asked) => Promise<Answer>;
  readonly send: (method: string, path: string, asked?: Asked) => Promise<Answer>;
  /** Tracks an operation by its path; @returns its key. */
  readonly track: (path: string) => Promise<string>;
  /** Events that were published, oldest first; removed from the queue. */
  readonly takeEvents: () => Promise<readonly Event[]>;
  readonly stop: () => Promise<void>;
};

export type Event = {
  readonly id: string;
  readonly type: string;
  readonly data: {
    readonly key: string;
    readonly observedBy: string;
    readonly current: { readonly status: string };
  };
};

export type ProxyOptions = {
  readonly env?: Readonly<Record<string, string>>;
  /** Of storage, where it is not the shared Azurite's. */
  readonly storage?: string;
  /** Deadline of a call to Graph in place of the product's own; nothing is tracked or observed then. */
  readonly graphLimitMs?: number;
  /** Clock of the callers' rate limit; by default every look is a second later, so that nothing is limited. */
  readonly limitClock?: () => number;
};

export async function startProxy(options: ProxyOptions = {}): Promise<Proxy> {
  const simulator = await startSimulator();
  const lines: string[] = [];
  const id = randomUUID().replaceAll('-', '').slice(0, 20);
  const storage = options.storage ?? azurite();
  const config = loadConfig({
    OPWATCH_STORAGE: storage,
    OPWATCH_TABLE: `t${id}`,
    OPWATCH_TRANSITIONS_QUEUE: `transitions-${id}`,
    OPWATCH_SWEEPS_QUEUE: `sweeps-${id}`,
    OPWATCH_GRAPH_CLOUD: 'custom',
    OPWATCH_GRAPH_ROOT: simulator.url,
    OPWATCH_CREDENTIAL: 'static',
    OPWATCH_STATIC_TOKEN: graphToken,
    ...options.env,
  });
  const app = createApp(config, (level, fields, message) => {
    lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  });
  let ticks = 0;
  const limit = createRateLimit(options.limitClock ?? (() => 1000 * ticks++));
  const allow = ['GET', 'PATCH'] as const;
  const proxy = options.graphLimitMs === undefined ? app.flows.proxy : hastyProxy(app, options.graphLimitMs);
  const deps = { ...app, ...app.flows, proxy };
  const read = createEndpoint(
    { serves: 'GET', allow, right: 'Graph.Read', ...app },
    createReadGraphResource(deps),
  );
  const update = createEndpoint(
    { serves: 'PATCH', allow, right: 'Graph.Patch', ...app },
    createUpdateGraphResource(deps, limit),
  );
  const queue = new QueueClient(storage, config.queues.transitions);

  async function send(method: string, path: string, asked: Asked = {}): Promise<Answer> {
    const handler = method === 'GET' ? read : update;
    const { body } = asked;
    const hasBody = body !== undefined;
    const request = new HttpRequest({
      method,
      url: `http://127.0.0.1/api/graph/${path}`,
      headers: {
        'x-functions-key': functionKey,
        ...(hasBody ? { 'content-type': 'application/json' } : {}),
        ...asked.headers,
      },
      ...(hasBody ? { body: bodyOf(body) } : {}),
    });
    const answer = answerOf(await handler(request, new InvocationContext()));
    expectDocumented({ method, path: `/api/graph/${path}` }, answer);
    return answer;
  }

  return {
    app,
    simulator,
    lines,
    get: (path, asked) => send('GET', path, asked),
    patch: (path, asked) => send('PATCH', path, asked),
    send,
    track: async (path) => {
      const named = parseResource(path, app.home);
      if (named === null) throw new TypeError(`no operation: ${path}`);
      await app.flows.track({
        named,
        label: null,
        metadata: {},
        deadlineMs: null,
        restartAfter: null,
        trackedBy: 'api',
      });
      return named.key;
    },
    takeEvents: async () => (await takeMessages(queue)).map((text) => JSON.parse(text) as Event),
    stop: () => simulator.stop(),
  };
}

/** The proxy's flow with a short deadline: enough of it for answers that never come. */
function hastyProxy(app: App, limitMs: number): App['flows']['proxy'] {
  const tokens = createStaticTokenSource(graphToken);
  const client = createGraphClient({ root: app.home.root, tokens, nowMs: Date.now, limitMs });
  const clock = { nowMs: Date.now, monotonicMs: () => performance.now() };
  const { home, log, telemetry } = app;
  const ports = { ...createProxyCaller(client), home, log, clock, tell: telemetry.tell };
  return createProxyRequest(ports as ProxyPorts);
}

function bodyOf(body: unknown): { string: string } | { bytes: Uint8Array } {
  if (body instanceof Uint8Array) return { bytes: body };
  return { string: typeof body === 'string' ? body : JSON.stringify(body) };
}

function answerOf({ status, headers, body }: HttpResponseInit): Answer {
  const text = typeof body === 'string' ? body : '';
  return {
    status: status ?? 0,
    headers: Object.fromEntries(new Headers(headers as Record<string, string>)),
    text,
    json: objectOf(text),
  };
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {}; // the tests look at the text then
  }
}
