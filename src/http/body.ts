// The body of a request: the right media type, no encoding, no more bytes than allowed, strict JSON.
import type { HttpRequest } from '@azure/functions';
import { HttpProblem } from './problem.ts';
import { parseStrictJson } from './strict-json.ts';

export type BodyRules = {
  readonly maxBytes: number;
  readonly mediaTypes: readonly string[];
  /** Of all objects together; a thousand where it is not said. */
  readonly maxMembers?: number;
};
export type Body = { readonly value: unknown; readonly bytes: number };

export const jsonOnly = ['application/json'] as const;

/** @throws HttpProblem media_type_unsupported, encoding_unsupported, body_too_large, and those of strict JSON. */
export async function readJsonBody(request: HttpRequest, rules: BodyRules): Promise<Body> {
  assertMediaType(request.headers.get('content-type'), rules.mediaTypes);
  const encoding = request.headers.get('content-encoding');
  if (encoding !== null && encoding.toLowerCase() !== 'identity')
    throw new HttpProblem('encoding_unsupported');
  if (Number(request.headers.get('content-length') ?? 0) > rules.maxBytes)
    throw new HttpProblem('body_too_large');
  const bytes = await readBytes(request, rules.maxBytes);
  return { value: parseStrictJson(bytes, rules.maxMembers), bytes: bytes.length };
}

function assertMediaType(header: string | null, allowed: readonly string[]): void {
  const [type = '', ...parameters] = (header ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const isUtf8 = parameters.every((part) => !part.startsWith('charset') || /^charset="?utf-?8"?$/.test(part));
  if (!allowed.includes(type) || !isUtf8) throw new HttpProblem('media_type_unsupported');
}

/** The body's bytes. @throws HttpProblem body_too_large */
export async function readBytes(request: HttpRequest, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const stream: AsyncIterable<Uint8Array> = request.body ?? noBody();
  for await (const bytes of stream) {
    length += bytes.length;
    if (length > maxBytes) throw new HttpProblem('body_too_large');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

async function* noBody(): AsyncIterable<Uint8Array> {
  // a request without a body has no chunks
}
