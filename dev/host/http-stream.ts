// HTTP with `enableHttpStream`: the library serves on a port of its own, and the host forwards each request there while
// the invocation runs. So bodies stream both ways, and chunked request bodies arrive.
import { Agent, type Server as HttpServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { Server } from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ProgrammingModel, TypedData } from './core-types.ts';
import {
  answerBare,
  type Exchange,
  endOnceRead,
  type HttpHost,
  joinedHeaders,
  traceOf,
} from './http-exchange.ts';
import { newInvocationId } from './invoke.ts';
import { messageOf } from './log.ts';

export type LibraryServer = {
  /** Undefined when the app did not ask for streaming. */
  readonly url: URL | undefined;
  readonly close: () => void;
};

/** How long the real host waits for a sign of life from the app. */
const activityTimeoutMs = 240_000;
/** A handler that returned nothing sends no answer over the library's port, ever. */
const answerGraceMs = 1000;
const agent = new Agent({ keepAlive: true });
const hopHeaders: ReadonlySet<string> = new Set(
  'connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);

/**
 * Asks the library for its capabilities, at which it opens its port. It would listen on every interface and could not
 * be closed, so `listen` is bent to loopback for this one moment, and the server is kept.
 */
export async function openLibraryServer(model: ProgrammingModel): Promise<LibraryServer> {
  const opened: Server[] = [];
  const prototype = Server.prototype as { listen: (...given: unknown[]) => unknown };
  const original = prototype.listen;
  prototype.listen = function listen(this: Server, ...given: unknown[]): unknown {
    opened.push(this);
    const ready = given.filter((argument) => typeof argument === 'function');
    return original.call(this, { host: '127.0.0.1', port: 0 }, ...ready);
  };
  try {
    const { HttpUri: uri } = await model.getCapabilities({});
    const url = uri === undefined ? undefined : new URL(uri);
    if (url !== undefined) url.hostname = '127.0.0.1';
    for (const server of opened) (server as HttpServer).keepAliveTimeout = 0;
    return { url, close: () => opened.forEach(closeNow) };
  } finally {
    prototype.listen = original;
  }
}

function closeNow(server: Server): void {
  agent.destroy();
  server.close();
  (server as Partial<HttpServer>).closeAllConnections?.();
}

/** Runs the function and forwards the request to it. Never rejects: failures become answers. */
export async function serveStreamed(host: HttpHost, target: URL, exchange: Exchange): Promise<void> {
  const { fn, request, response } = exchange;
  const invocationId = newInvocationId();
  const cut = new AbortController();
  const forwarded = forward({ host, target, exchange, invocationId, signal: cut.signal });
  try {
    await host.invoker.invoke(fn, {
      invocationId,
      input: { string: '' },
      triggerMetadata: triggerMetadata(exchange),
      ...traceOf(request),
    });
  } catch {
    // Logged by the invoker. The caller learns nothing of it, as in Azure.
    answerBare(response, 500);
    cut.abort();
  }
  // A busy process runs its timers before it looks at what has arrived: the answer may be there already.
  const silent = setTimeout(() => setImmediate(answerForSilent), answerGraceMs);
  await forwarded;
  clearTimeout(silent);

  function answerForSilent(): void {
    if (response.headersSent || response.destroyed) return;
    host.log(
      'error',
      { category: `Function.${fn.name}`, invocationId },
      `${fn.name} returned no HTTP answer`,
    );
    answerBare(response, 500);
  }
}

type Forwarding = {
  readonly host: HttpHost;
  readonly target: URL;
  readonly exchange: Exchange;
  readonly invocationId: string;
  readonly signal: AbortSignal;
};

async function forward({ host, target, exchange, invocationId, signal }: Forwarding): Promise<void> {
  const { request, response, url } = exchange;
  // Not cut when the caller goes away: the library waits for ever for a request that never reaches it.
  const upstream = httpRequest({
    agent,
    host: target.hostname,
    port: target.port,
    method: request.method,
    path: `${url.pathname}${url.search}`,
    headers: requestHeaders(request, invocationId),
    timeout: activityTimeoutMs,
    signal,
  });
  upstream.once('timeout', () => upstream.destroy(new Error('The app was silent for 240 s.')));
  const answered = new Promise<void>((resolve) => {
    upstream.once('response', (answer: IncomingMessage) => {
      if (response.headersSent) {
        // It was given up before: too large, or too late.
        answer.resume();
        resolve();
        return;
      }
      response.writeHead(answer.statusCode ?? 500, answer.statusMessage, answerHeaders(answer));
      // Small chunks must not wait for larger ones: server-sent events arrive as they are written.
      response.flushHeaders();
      pipeline(answer, response, { end: false })
        .then(
          () => endOnceRead(response),
          () => response.destroy(),
        )
        .finally(resolve);
    });
    upstream.once('error', (error) => {
      if (!signal.aborted) {
        host.log(
          'error',
          { category: 'Host.Http', invocationId, error: messageOf(error) },
          'forwarding failed',
        );
      }
      answerBare(response, 500);
      resolve();
    });
  });
  if (hasBody(request)) {
    upstream.flushHeaders();
    // A caller may break off its body at any time; the headers must have reached the library before.
    upstream.once('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => setImmediate(sendBody));
      else setImmediate(sendBody);
    });
  } else {
    upstream.end();
  }
  await answered;

  function sendBody(): void {
    const limit = limitBytes(host.maxBodyBytes, () => answerBare(response, 413));
    pipeline(limit, upstream).catch(() => upstream.destroy());
    request.pipe(limit);
    // Whoever breaks off its body ends what it began; what became of the answer does not end the body.
    request.once('close', () => {
      if (!request.complete) limit.destroy();
    });
  }
}

function hasBody(request: IncomingMessage): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  );
}

function limitBytes(maxBytes: number, exceeded: () => void): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= maxBytes) {
        done(null, chunk);
        return;
      }
      exceeded();
      done(new Error('The body is too large.'));
    },
  });
}

function requestHeaders(request: IncomingMessage, invocationId: string): Record<string, string> {
  const headers = joinedHeaders(request);
  for (const name of Object.keys(headers)) {
    if (hopHeaders.has(name) || name === 'expect') delete headers[name];
  }
  if (request.headers['transfer-encoding'] !== undefined) headers['transfer-encoding'] = 'chunked';
  headers['x-ms-invocation-id'] = invocationId;
  headers['x-forwarded-host'] = request.headers.host ?? '127.0.0.1';
  headers['x-forwarded-proto'] = 'http';
  return headers;
}

function answerHeaders(answer: IncomingMessage): string[] {
  const kept: string[] = [];
  for (let index = 0; index < answer.rawHeaders.length; index += 2) {
    const [name = '', value = ''] = answer.rawHeaders.slice(index, index + 2);
    if (!hopHeaders.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}

/** The library reads headers and route parameters from here, and the query from the forwarded URL. */
function triggerMetadata({ request, url, params }: Exchange): Record<string, TypedData> {
  const metadata: Record<string, TypedData> = {};
  for (const [name, value] of Object.entries(params)) metadata[name] = { string: value };
  metadata['Headers'] = { json: JSON.stringify(joinedHeaders(request)) };
  metadata['Query'] = { json: JSON.stringify(Object.fromEntries(url.searchParams)) };
  return metadata;
}
