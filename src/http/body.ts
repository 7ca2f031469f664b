// The body of a request: the right media type, no encoding, no more bytes than allowed, strict JSON.
import type { HttpRequest } from '@azure/functions';
import { HttpProblem } from './problem.ts';
import { parseStrictJson } from './strict-json.ts';

export type BodyRules = { readonly maxBytes: number; readonly mediaTypes: readonly string[] };
export type Body = { readonly value: unknown; readonly bytes: number };

export const jsonOnly = ['application/json'] as const;

/** @throws HttpProblem media_type_unsupported, encoding_unsupported, those of the body's bytes and of strict JSON. */
export async function readJsonBody(request: HttpRequest, rules: BodyRules): Promise<Body> {
  assertMediaType(request.headers.get('content-type'), rules.mediaTypes);
  const encoding = request.headers.get('content-encoding');
  if (encoding !== null && encoding.toLowerCase() !== 'identity')
    throw new HttpProblem('encoding_unsupported');
  if (Number(request.headers.get('content-length') ?? 0) > rules.maxBytes)
    throw new HttpProblem('body_too_large');
  const bytes = await readBytes(request, rules.maxBytes);
  return { value: parseStrictJson(bytes), bytes: bytes.length };
}

function assertMediaType(header: string | null, allowed: readonly string[]): void {
  const [type = '', ...parameters] = (header ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const isUtf8 = parameters.every((part) => !part.startsWith('charset') || /^charset="?utf-?8"?$/.test(part));
  if (!allowed.includes(type) || !isUtf8) throw new HttpProblem('media_type_unsupported');
}

/** Nobody who means it needs longer, and a body that trickles in holds a place that others wait for. */
const arrivesWithinMs = 10_000;

/** The body's bytes. @throws HttpProblem body_too_large, body_too_slow */
export async function readBytes(request: HttpRequest, maxBytes: number): Promise<Uint8Array> {
  const { body } = request;
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const limit = AbortSignal.timeout(arrivesWithinMs);
  const giveUp = (): void => void reader.cancel().catch(() => undefined); // it is of no use any more
  limit.addEventListener('abort', giveUp, { once: true });
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const bytes = next.value as Uint8Array;
      length += bytes.length;
      if (length > maxBytes) throw new HttpProblem('body_too_large');
      chunks.push(bytes);
    }
  } catch (error) {
    giveUp();
    throw error instanceof HttpProblem ? error : new HttpProblem('body_invalid', 'The body broke off.');
  } finally {
    limit.removeEventListener('abort', giveUp);
  }
  if (limit.aborted) throw new HttpProblem('body_too_slow');
  return Buffer.concat(chunks);
}
