// An issuer of tokens on loopback: keys made at test time, served as a key set that can misbehave.
import { generateKeyPairSync, type KeyObject, type KeyPairKeyObjectResult, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const tenant = '11111111-2222-4333-8444-555555555555';
export const audience = 'api://opwatch';
export const client = 'aaaaaaaa-0000-4000-8000-000000000001';
export const issuerName = `https://login.microsoftonline.com/${tenant}/v2.0`;

export type Claims = Readonly<Record<string, unknown>>;

export type Issuer = {
  readonly url: string;
  /** How often the keys were asked for. */
  readonly fetches: () => number;
  /** What the key server does from now on. */
  mode: 'keys' | '500' | 'hang' | 'redirect' | 'page' | 'endless';
  /** Adds a key to the served set. */
  readonly addKey: (kid: string) => KeyPairKeyObjectResult;
  readonly removeKey: (kid: string) => void;
  readonly keyOf: (kid: string) => KeyPairKeyObjectResult;
  readonly stop: () => Promise<void>;
};

export function makeKeyPair(): KeyPairKeyObjectResult {
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

export async function startIssuer(): Promise<Issuer> {
  const keys = new Map<string, KeyPairKeyObjectResult>();
  let fetches = 0;
  const server = createServer((_request, response) => {
    fetches += 1;
    answer(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer: Issuer = {
    url: `${url}/keys`,
    fetches: () => fetches,
    mode: 'keys',
    addKey: (kid) => {
      const pair = makeKeyPair();
      keys.set(kid, pair);
      return pair;
    },
    removeKey: (kid) => {
      keys.delete(kid);
    },
    keyOf: (kid) => keys.get(kid) ?? makeKeyPair(),
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return issuer;

  function answer(response: ServerResponse): void {
    switch (issuer.mode) {
      case 'keys':
        response.end(
          JSON.stringify({ keys: [...keys].map(([kid, { publicKey }]) => jwkOf(kid, publicKey)) }),
        );
        return;
      case '500':
        response.writeHead(500).end('{"keys":[]}');
        return;
      case 'redirect':
        response.writeHead(302, { location: `${url}/elsewhere` }).end();
        return;
      case 'page':
        response.end('<html></html>');
        return;
      case 'endless':
        response.write(' '.repeat(512 * 1024));
        return;
      case 'hang':
    }
  }
}

function jwkOf(kid: string, key: KeyObject): Claims {
  return { ...key.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
}

/** Claims of an app's token that may do everything; `undefined` takes a claim away. */
export function claimsWith(changes: Claims = {}): Claims {
  const nowSeconds = Math.floor(Date.now() / 1000);
  return {
    iss: issuerName,
    aud: audience,
    tid: tenant,
    azp: client,
    iat: nowSeconds - 5,
    nbf: nowSeconds - 5,
    exp: nowSeconds + 600,
    roles: ['Graph.Read', 'Graph.Patch'],
    ...changes,
  };
}

export type Parts = {
  readonly header?: Claims;
  /** An object, or JSON text as it is. */
  readonly claims?: Claims | string;
  /** Makes the signature; by default RS256 with the given key. */
  readonly signature?: (input: Buffer) => Buffer;
};

/** A token as any program could write it: what a library would refuse to make is made. */
export function makeToken(key: KeyObject, parts: Parts = {}): string {
  const { header = {}, claims = claimsWith(), signature } = parts;
  const head = encode(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid: 'first', ...header }));
  const input = `${head}.${encode(typeof claims === 'string' ? claims : JSON.stringify(claims))}`;
  const bytes = Buffer.from(input);
  return `${input}.${(signature ?? ((data) => sign('sha256', data, key)))(bytes).toString('base64url')}`;
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}
