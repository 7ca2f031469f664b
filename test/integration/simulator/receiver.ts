// A receiver of call notifications on loopback, as careful as one has to be: it finds the keys by the published
// metadata, checks the token, and answers what a test wants.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { afterEach } from 'vitest';
import type { Bench } from './harness.ts';

export const appId = 'aaaaaaaa-0000-4000-8000-00000000000a';
export const tenantId = 'bbbbbbbb-0000-4000-8000-00000000000b';
export const issuers = ['https://api.botframework.com', 'https://graph.microsoft.com'];

export type ReceivedItem = {
  readonly changeType: string;
  readonly resource?: string;
  readonly resourceUrl?: string;
  readonly resourceData: Readonly<Record<string, unknown>>;
};

export type Received = {
  readonly headers: IncomingHttpHeaders;
  readonly body: { readonly value: readonly ReceivedItem[] };
  /** Of a token that is good in all respects; null where it is not. */
  readonly claims: JWTPayload | null;
  /** Why the token was refused. */
  readonly refusal: string | null;
};

export type Receiver = {
  readonly uri: string;
  readonly received: readonly Received[];
  /** Changes and words in the order of their coming; refused ones left out. */
  readonly heard: () => readonly string[];
  /** What it answers to good tokens from now on; 0 is no answer at all. */
  status: number;
  /** Runs before each answer. */
  onReceived: () => void;
  readonly stop: () => Promise<void>;
};

/** Receivers that end with their test. */
export function useReceivers(bench: Bench): () => Promise<Receiver> {
  const started: Receiver[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((receiver) => receiver.stop()));
  });
  return async () => {
    const receiver = await startReceiver(bench);
    started.push(receiver);
    return receiver;
  };
}

/** A receiver that trusts the bench's simulator and lives by its clock. */
export async function startReceiver(bench: Bench): Promise<Receiver> {
  const received: Received[] = [];
  const verify = createVerifier(bench);
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const verdict = await verify(request.headers.authorization);
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Received['body'];
      received.push({ headers: request.headers, body, ...verdict });
      receiver.onReceived();
      answer(response, verdict.claims === null ? 401 : receiver.status);
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: Receiver = {
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/calls`,
    received,
    heard: () =>
      received
        .filter(({ claims }) => claims !== null)
        .flatMap(({ body }) => body.value)
        .map(({ changeType, resourceData }) => `${changeType} ${String(resourceData['status'])}`),
    status: 202,
    onReceived: () => undefined,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return receiver;
}

function answer(response: ServerResponse, status: number): void {
  if (status === 302) {
    response.writeHead(302, { location: '/elsewhere' }).end();
  } else if (status !== 0) {
    response.writeHead(status).end();
  }
}

type Verdict = Pick<Received, 'claims' | 'refusal'>;

function createVerifier(bench: Bench): (authorization: string | undefined) => Promise<Verdict> {
  let keySet: ReturnType<typeof createRemoteJWKSet> | undefined;
  return async (authorization) => {
    keySet ??= createRemoteJWKSet(await keysUrl(bench), { cooldownDuration: 0 });
    const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
    if (token === undefined) return { claims: null, refusal: 'no token' };
    try {
      const { payload } = await jwtVerify(token, keySet, {
        algorithms: ['RS256'],
        audience: appId,
        issuer: issuers,
        requiredClaims: ['exp', 'nbf', 'iat', 'tid'],
        clockTolerance: 300,
        currentDate: new Date(bench.nowMs()),
      });
      return payload['tid'] === tenantId
        ? { claims: payload, refusal: null }
        : { claims: null, refusal: 'foreign tenant' };
    } catch (error) {
      if (error instanceof errors.JOSEError) return { claims: null, refusal: error.code };
      throw error;
    }
  };
}

async function keysUrl({ simulator }: Bench): Promise<URL> {
  const answer = await fetch(`${simulator.url}/v1.0/.well-known/OpenIdConfiguration`);
  const { jwks_uri } = (await answer.json()) as { readonly jwks_uri: string };
  return new URL(jwks_uri);
}
