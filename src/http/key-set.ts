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
import { fetchJson } from './fetch-json.ts';
import { HttpProblem } from './problem.ts';

/** @throws HttpProblem auth_invalid for an unknown key, auth_unavailable when no keys can be had. */
export type KeySet = (header: JWTHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>;

export type KeySetOptions = {
  /** Where the keys are; asked at each fetch, for an issuer may move them. */
  readonly keysUrl: () => Promise<URL>;
  readonly monotonicMs: () => number;
};

const coolDownMs = 30_000;
const maxAgeMs = 600_000;
const lastGoodMs = 24 * 3_600_000;
/** Senders of notifications are gone after three seconds: while usable keys are there, a server that hangs costs one. */
const patienceMs = 1000;

type Fetched = { readonly keyOf: ReturnType<typeof createLocalJWKSet>; readonly atMs: number };

export function createKeySet({ keysUrl, monotonicMs }: KeySetOptions): KeySet {
  let lastGood: Fetched | undefined;
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let hasFailed = false;
  let fetching: Promise<void> | undefined;

  return async function keyOf(header, token) {
    if (ageMs() >= maxAgeMs) await (ageMs() > lastGoodMs ? refresh() : atMost(patienceMs, refresh()));
    const known = await findKey(header, token);
    if (known !== null) return known;
    // The issuer may have a new key since; the cool-down keeps made-up names from asking it for each.
    await refresh();
    const found = await findKey(header, token);
    if (found !== null) return found;
    // While the URL fails, a newer key may exist that we can't see.
    throw hasFailed ? unavailable() : new HttpProblem('auth_invalid');
  };

  function ageMs(): number {
    return lastGood === undefined ? Number.POSITIVE_INFINITY : monotonicMs() - lastGood.atMs;
  }

  /** Null for a key that is not there. @throws HttpProblem auth_unavailable without keys that may still be used. */
  async function findKey(header: JWTHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey | null> {
    if (lastGood === undefined || ageMs() > lastGoodMs) throw unavailable();
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
      const keys = await fetchKeys(await keysUrl());
      lastGood = { keyOf: createLocalJWKSet(keys), atMs: monotonicMs() };
      hasFailed = false;
    } catch {
      hasFailed = true; // down, slow or not a key set: what was good before holds
    }
  }
}

/** Waits for the work, which never rejects, but not for longer. */
async function atMost(limitMs: number, work: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, limitMs);
  await Promise.race([work, late]);
  clearTimeout(timer);
}

/** Keys without a known type or with a private part are the issuer's mistake: they verify nothing here. */
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(1000) });

/** @throws when the URL gives no key set. */
export async function fetchKeys(url: URL): Promise<JSONWebKeySet> {
  return keySet.parse(await fetchJson(url));
}

function unavailable(): HttpProblem {
  return new HttpProblem('auth_unavailable', undefined, {
    headers: { 'retry-after': String(coolDownMs / 1000) },
  });
}
