// The built app in the local host, called over real sockets: also such requests as no HTTP client would write.
import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { expect } from 'vitest';
import { type ReadyProcess, startReady } from '../../../dev/processes.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { expectDocumented } from '../../fixtures/documented.ts';

export type HostAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Of a problem; null for other bodies. */
  readonly code: string | null;
};

export type Sent = {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
};

export type ProxyHost = {
  readonly process: ReadyProcess;
  /** Log lines. */
  readonly lines: readonly string[];
  /** Each call is another caller's, unless its headers say whose. @param path from `/api` on. */
  readonly send: (method: string, path: string, sent?: Sent) => Promise<HostAnswer>;
  /** Writes bytes as they are; @returns the statuses of all answers once the connection has ended. */
  readonly raw: (text: string, more?: (socket: Socket) => void) => Promise<readonly number[]>;
};

export const staticToken = 'canary-graph-token';
const never = '0 0 0 1 1 *';

/** @param env beside that of a quiet app before this Graph. */
export async function startProxyHost(
  graphRoot: string,
  { env = {}, args = [] }: { env?: Readonly<Record<string, string>>; args?: readonly string[] } = {},
): Promise<ProxyHost> {
  const lines: string[] = [];
  const name = `h${randomUUID().replaceAll('-', '').slice(0, 20)}`;
  const process = await startReady('dev/host/main.ts', {
    args: ['--port', '0', ...args],
    env: {
      AzureWebJobsStorage: azurite(),
      OPWATCH_TABLE: name,
      OPWATCH_TRANSITIONS_QUEUE: name,
      OPWATCH_SWEEPS_QUEUE: `${name}s`,
      OPWATCH_GRAPH_CLOUD: 'custom',
      OPWATCH_GRAPH_ROOT: graphRoot,
      OPWATCH_CREDENTIAL: 'static',
      OPWATCH_STATIC_TOKEN: staticToken,
      OPWATCH_CONNECTION_OPERATION_TICK: never,
      OPWATCH_COMMS_OPERATION_TICK: never,
      OPWATCH_ONENOTE_OPERATION_TICK: never,
      ...env,
    },
    onErrorLine: (line) => lines.push(line),
  });
  const { port } = new URL(process.url);
  return { process, lines, send, raw };

  async function send(method: string, path: string, { headers = {}, body }: Sent = {}): Promise<HostAnswer> {
    const response = await fetch(process.url + path, {
      method,
      redirect: 'manual',
      headers: {
        'x-functions-key': randomUUID(),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body, duplex: 'half' }),
    });
    const answer = {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      text: await response.text(),
    };
    // The host's own refusals have no body and stand in no document.
    if (answer.text !== '' || answer.status < 400) expectDocumented({ method, path }, answer);
    return { ...answer, code: codeOf(answer.text) };
  }

  function raw(text: string, more?: (socket: Socket) => void): Promise<readonly number[]> {
    const { promise, resolve } = Promise.withResolvers<readonly number[]>();
    const socket = connect(Number(port), '127.0.0.1');
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
    });
    socket.on('error', () => undefined); // cut off while it writes: what came before counts
    socket.on('close', () =>
      resolve([...received.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status))),
    );
    socket.write(text);
    more?.(socket);
    return promise;
  }
}

function codeOf(text: string): string | null {
  if (!text.startsWith('{')) return null;
  const { code } = JSON.parse(text) as { readonly code?: unknown };
  return typeof code === 'string' ? code : null;
}

/** What every refusal of ours has, whatever the request was. */
export function expectProblem(answer: HostAnswer, status: number, code: string): void {
  expect(answer).toMatchObject({
    status,
    code,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
  });
  expect(answer.text.length).toBeLessThan(2048);
  expect(answer.text).not.toMatch(/\bat .*\.(ts|js|cjs)|node_modules|canary|evil|<script/);
  expect(answer.headers).not.toHaveProperty('x-powered-by');
  expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
}
