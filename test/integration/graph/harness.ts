// A Graph on loopback that answers as each test scripts it, and a reader before it with a clock that the test moves.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ReadTarget } from '../../../src/graph/answers.ts';
import { createGraphClient, type GraphClient } from '../../../src/graph/graph-client.ts';
import { createOperationReader, type OperationReader } from '../../../src/graph/operation-reader.ts';
import type { TokenSource } from '../../../src/graph/transport.ts';

export type Seen = {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Parsed; null for none. */
  readonly body: unknown;
};

export type Script = (request: Seen, response: ServerResponse, count: number) => void;

export type Server = {
  readonly root: string;
  readonly seen: readonly Seen[];
  readonly stop: () => Promise<void>;
};

/** `count` of a script is 1 for the first request. */
export async function startServer(script: Script): Promise<Server> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const one = await receive(request);
    seen.push(one);
    script(one, response, seen.length);
  };
  return {
    root: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function receive(request: IncomingMessage): Promise<Seen> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    headers: request.headers as Seen['headers'],
    body: text === '' ? null : (JSON.parse(text) as unknown),
  };
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

export type Item = {
  readonly id: unknown;
  readonly status?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
};

/** A batch whose items are the same whatever was asked. */
export function batchOf(...responses: readonly Item[]): Script {
  return (_request, response) => answerJson(response, 200, { responses });
}

export type Reading = {
  readonly server: Server;
  readonly client: GraphClient;
  readonly reader: OperationReader;
  /** Each look at a clock is a millisecond later; `advance` adds to both. */
  readonly advance: (ms: number) => void;
  /** Whether each token that was asked for was to be a fresh one. */
  readonly tokensAsked: readonly boolean[];
  readonly stop: () => Promise<void>;
};

export const startMs = Date.UTC(2026, 0, 1);

export type ReadingOptions = {
  readonly limitMs?: number;
  /** What the identity gives; `token` and then `fresh-token` when absent. */
  readonly giveToken?: (isFresh: boolean) => string | null;
};

export async function startReading(script: Script, options: ReadingOptions = {}): Promise<Reading> {
  const server = await startServer(script);
  const giveToken = options.giveToken ?? ((isFresh) => (isFresh ? 'fresh-token' : 'token'));
  const tokensAsked: boolean[] = [];
  const tokens: TokenSource = {
    token: (refused) => {
      const isFresh = refused !== null;
      tokensAsked.push(isFresh);
      return Promise.resolve(giveToken(isFresh));
    },
  };
  let elapsedMs = 0;
  const tick = (): number => {
    elapsedMs += 1;
    return elapsedMs;
  };
  const clock = { nowMs: () => startMs + tick(), monotonicMs: tick };
  const client = createGraphClient({
    root: server.root,
    tokens,
    nowMs: clock.nowMs,
    limitMs: options.limitMs ?? 5000,
  });
  return {
    server,
    client,
    reader: createOperationReader(client, clock),
    advance: (ms) => {
      elapsedMs += ms;
    },
    tokensAsked,
    stop: async () => {
      await server.stop();
      await client.close();
    },
  };
}

const call = '11111111-2222-3333-4444-555555555555';

/** Targets with the keys `k1`, `k2`, … and the operation ids `op1`, `op2`, …. */
export function targetsOf(count: number, kind: ReadTarget['kind'] = 'connectionOperation'): ReadTarget[] {
  return Array.from({ length: count }, (_, index) =>
    targetOf(`op${index + 1}`, { kind, key: `k${index + 1}` }),
  );
}

export function targetOf(
  operationId: string,
  { kind = 'connectionOperation', key = 'k1' }: { kind?: ReadTarget['kind']; key?: string } = {},
): ReadTarget {
  const parents = {
    connectionOperation: { parentId: 'contosohr', path: '/external/connections/contosohr' },
    commsOperation: { parentId: call, path: `/communications/calls/${call}` },
    onenoteOperation: { parentId: "o'neill#1@contoso.com", path: "/users/o'neill#1@contoso.com/onenote" },
  };
  const { parentId, path } = parents[kind];
  return {
    key,
    kind,
    resource: {
      cloud: 'custom',
      tenantId: '00000000-0000-0000-0000-000000000000',
      version: 'v1.0',
      path: `${path}/operations/${operationId}`,
      parentId,
      operationId,
    },
  };
}

/** A connection operation's entity, as the answer to a read. */
export function entity(id: string, status: unknown = 'inprogress'): Readonly<Record<string, unknown>> {
  return { '@odata.context': 'x', id, status, error: null };
}
