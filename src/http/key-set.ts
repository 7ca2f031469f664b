// Signing keys of a token issuer, by its URL. One fetch a cool-down whatever tokens come; when the URL fails, the keys
// that were good within the last day hold, so that an outage there refuses nobody who was welcome before.
//
// Why not the library's remote set: it reads the wall clock, and a failed fetch does not begin its cool-down.
import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWTHeaderParameters,
} from 'jose';
import { z } from 'zod';
import { HttpProblem } from './problem.ts';

/** @throws HttpProblem auth_invalid for an unknown key, auth_unavailable when no keys can be had. */
export type KeySet = (header: JWTHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>;

export type KeySetOptions = {
  /** Where the keys are; asked for at each fetch that finds it unknown. */
  readonly keysUrl: () => Promise<URL>;
  readonly monotonicMs: () => number;
};

const coolDownMs = 30_000;
const maxAgeMs = 600_000;
const fetchLimitMs = 2000;
const lastGoodMs = 24 * 3_600_000;
/** Entra's own set has some 20 KB. */
const maxBytes = 256 * 1024;

type Fetched = { readonly keyOf: ReturnType<typeof createLocalJWKSet>; readonly atMs: number };

export function createKeySet({ keysUrl, monotonicMs }: KeySetOptions): KeySet {
  let url: URL | undefined;
  let lastGood: Fetched | undefined;
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let hasFailed = false;
  let fetching: Promise<void> | undefined;

  return async function keyOf(header, token) {
    if (lastGood === undefined || monotonicMs() - lastGood.atMs >= maxAgeMs) await refresh();
    const known = await findKey(header, token);
    if (known !== null) return known;
    // The issuer may have a new key since; the cool-down keeps made-up names from asking it for each.
    await refresh();
    const found = await findKey(header, token);
    if (found !== null) return found;
    // While the URL fails, a newer key may exist that we can't see.
    throw hasFailed ? unavailable() : new HttpProblem('auth_invalid');
  };

  /** Null for a key that is not there. @throws HttpProblem auth_unavailable without keys that may still be used. */
  async function findKey(header: JWTHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey | null> {
    if (lastGood === undefined || monotonicMs() - lastGood.atMs > lastGoodMs) throw unavailable();
    try {
      return await lastGood.keyOf(header, token);
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  }

  /** Fetches unless one was begun within the cool-down; who comes meanwhile waits for that one. */
  async function refresh(): Promise<void> {
    if (fetching === undefined && monotonicMs() - fetchedAtMs >= coolDownMs) {
      fetchedAtMs = monotonicMs();
      fetching = fetchOnce().finally(() => {
        fetching = undefined;
      });
    }
    await fetching;
  }

  async function fetchOnce(): Promise<void> {
    try {
      url ??= await keysUrl();
      const keys = await fetchKeys(url);
      lastGood = { keyOf: createLocalJWKSet(keys), atMs: monotonicMs() };
      hasFailed = false;
    } catch {
      hasFailed = true; // down, slow or not a key set: what was good before holds
    }
  }
}

/** Keys without a known type or with a private part are the issuer's mistake: they verify nothing here. */
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(1000) });

/** @throws when the URL gives no key set within the limit; a redirect is none. */
async function fetchKeys(url: URL): Promise<JSONWebKeySet> {
  const answer = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(fetchLimitMs),
  });
  if (answer.status !== 200) {
    await answer.body?.cancel();
    throw new Error(`keys: status ${answer.status}`);
  }
  return keySet.parse(JSON.parse(await readText(answer)));
}

async function readText({ body }: Response): Promise<string> {
  const stream: AsyncIterable<Uint8Array> | null = body;
  if (stream === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error('keys: too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function unavailable(): HttpProblem {
  return new HttpProblem('auth_unavailable', undefined, {
    headers: { 'retry-after': String(coolDownMs / 1000) },
  });
}
