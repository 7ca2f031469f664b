// One request on its way through the host: what every part of the HTTP side needs to know of it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { finished } from 'node:stream';
import type { HttpTrigger, PlannedFunction } from './function-plan.ts';
import type { Invocation, Invoker } from './invoke.ts';
import type { HostLog } from './log.ts';

export type HttpHost = {
  readonly invoker: Invoker;
  readonly log: HostLog;
  readonly maxBodyBytes: number;
};

export type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Dot segments resolved, escapes as they came. */
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
  readonly fn: PlannedFunction<HttpTrigger>;
};

export const tooLarge = Symbol('tooLarge');

/** Ends the exchange with a bare status, unless an answer has begun: then the connection is cut, so that nobody takes
 * half an answer for a whole one. */
export function answerBare(response: ServerResponse, status: number): void {
  if (response.headersSent) {
    if (!response.writableEnded) response.destroy();
    return;
  }
  response.writeHead(status, { 'Content-Length': 0, ...(status === 413 ? { Connection: 'close' } : {}) });
  response.flushHeaders();
  endOnceRead(response);
}

/** As the real host's server does, for a while. */
const readOnMs = 1000;

/**
 * Ends an answer that is written, and reads on what the caller still sends: to close the connection under him would take
 * the answer from him, too.
 */
export function endOnceRead(response: ServerResponse): void {
  const { req } = response;
  const end = (): void => void response.end();
  if (req.complete || req.destroyed) return end();
  const timer = setTimeout(end, readOnMs);
  finished(req, { writable: false }, () => {
    clearTimeout(timer);
    end();
  });
  req.unpipe();
  req.resume();
}

/** Duplicates are joined with commas, as the real host does it. */
export function joinedHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}

/** What an invocation takes over from the caller's trace headers. */
export function traceOf(request: IncomingMessage): Pick<Invocation, 'traceParent' | 'traceState'> {
  const { traceparent, tracestate } = joinedHeaders(request);
  return { traceParent: traceparent, traceState: tracestate };
}

/** @returns the whole body, or `tooLarge`. */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<Buffer | typeof tooLarge> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
