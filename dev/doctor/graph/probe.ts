// One harmless read of Graph a kind: of an operation that nobody has, by the client that polls. What Graph answers says
// whether this identity may look.
import { randomUUID } from 'node:crypto';
import type { Kind } from '../../../src/domain/operation.ts';
import { createGraphClient } from '../../../src/graph/graph-client.ts';
import type { TokenSource, WireAnswer } from '../../../src/graph/transport.ts';
import { type Exchange, exchange } from '../network.ts';

const nobody = '00000000-0000-0000-0000-000000000000';

/** Paths that are legal and lead to nothing. */
export const samples: Readonly<Record<Kind, readonly string[]>> = {
  connectionOperation: ['external', 'connections', 'opwatchdoctor', 'operations', nobody],
  commsOperation: ['communications', 'calls', nobody, 'operations', nobody],
  onenoteOperation: ['users', nobody, 'onenote', 'operations', nobody],
};

const limitMs = 8000;

/** Without a token: whether whoever is there speaks as Graph does. */
export function probeRoot(root: string): Promise<Exchange> {
  const path = samples.connectionOperation.join('/');
  return exchange(new URL(`/v1.0/${path}`, root), { headers: { accept: 'application/json' }, limitMs });
}

export async function probeKind(root: string, tokens: TokenSource, kind: Kind): Promise<WireAnswer> {
  const client = createGraphClient({ root, tokens, nowMs: Date.now, limitMs });
  const { answer } = await client.call({
    method: 'GET',
    version: 'v1.0',
    segments: samples[kind],
    headers: { 'client-request-id': randomUUID() },
    body: null,
  });
  await client.close();
  return answer;
}
