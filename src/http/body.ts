// The body of a request: the right media type, no encoding, no more bytes than allowed, strict JSON.
import type { HttpRequest } from '@azure/functions';
import { HttpProblem } from './problem.ts';
import { parseStrictJson } from './strict-json.ts';

export type BodyRules = {
  readonly mediaTypes: readonly string[];
  readonly maxBytes: number;
  /** A lower limit for what the bytes turn out to be. */
  readonly maxBytesOf?: (bytes: Uint8Array) => number;
  /** Of all objects together; a thousand where it is not said. */
  readonly maxMembers?: number;
};

export const jsonOnly = ['application/json'] as const;

/** @throws HttpProblem media_type_unsupported, encoding_unsupported, those of the body's bytes and of strict JSON. */
export async function readJsonBody(request: HttpRequest, rules: BodyRules): Promise<unknown> {
  assertMediaType(request.headers.get('content-type'), rules.mediaTypes);
  const encoding = request.headers.get('content-encoding');
  if (encoding !== null && encoding.toLowerCase() !== 'identity')
    throw new HttpProblem('encoding_unsupported');
  if (Number(request.headers.get('content-length') ?? 0) > rules.maxBytes)
    throw new HttpProblem('body_too_large');
  const bytes = await readBytes(request, rules.maxBytes);
  if (rules.maxBytesOf !== undefined && bytes.length > rules.maxBytesOf(bytes))
    throw new HttpProblem('body_too_large');
  return parseStrictJson(bytes, rules.maxMembers);
}

function assertMediaType(header: string | null, allowed: readonly string[]): void {
  const [type = '', ...parameters] = (header ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const isUtf8 = parameters.every((part) => !part.startsWith('charset') || /^charset="?utf-?8"?$/.test(part));
  if (!allowed.includes(type) || !isUtf8) throw new HttpProblem('media_type_unsupported');
}

const read = new WeakMap<HttpRequest, Promise<Uint8Array>>();

/** The body's bytes, read once for each request whoever asks for them. @throws HttpProblem body_too_large, body_too_slow */
export async function readBytes(request: HttpRequest, maxBytes: number): Promise<Uint8Array> {
  const reading = read.get(request) ?? readStream(request, maxBytes);
  read.set(request, reading);
  const bytes = await reading;
  if (bytes.length > maxBytes) throw new HttpProblem('body_too_large');
  return bytes;
}

/** Nobody who means it needs longer, and a body that trickles in holds a place that others wait for. */
const arrivesWithinMs = 10_000;

async function readStream(request: HttpRequest, maxBytes: number): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new HttpProblem('body_too_slow')), arrivesWithinMs);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) return Buffer.concat(chunks);
      length += value.length;
      if (length > maxBytes) throw new HttpProblem('body_too_large');
      chunks.push(value);
    }
  } catch (error) {
    // A caller whose body is refused may break off at any time.
    drain(reader).catch(() => undefined);
    throw error instanceof HttpProblem ? error : new HttpProblem('body_invalid', 'The body broke off.');
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Throws the rest away while the refusal is on its way. A stream that is cancelled cuts the connection that carries the
 * refusal, and one that is left keeps the next request on its connection waiting for ever.
 */
async function drain(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
}
