// Signing keys of a token issuer, by its URL. One fetch a cool-down whatever tokens come; when the URL fails, the keys
// that were good within the last day hold, so that an outage there refuses nobody who was welcome before.
import {
  type CryptoKey,
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type FlattenedJWSInput,
  type JWTHeaderParameters,
} from 'jose';
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

export function createKeySet({ keysUrl, monotonicMs }: KeySetOptions): KeySet {
  let remote: ReturnType<typeof createRemoteJWKSet> | undefined;
  let lastGood: { readonly keys: ReturnType<typeof createLocalJWKSet>; readonly atMs: number } | undefined;
  let failedAtMs = Number.NEGATIVE_INFINITY;

  return async function keyOf(header, token) {
    if (monotonicMs() - failedAtMs < coolDownMs) return lastGoodKey(header, token);
    try {
      remote ??= createRemoteJWKSet(await keysUrl(), {
        cooldownDuration: coolDownMs,
        cacheMaxAge: maxAgeMs,
        timeoutDuration: fetchLimitMs,
      });
      const key = await remote(header, token);
      remember(remote);
      return key;
    } catch (error) {
      if (isUnknownKey(error)) {
        if (remote !== undefined) remember(remote);
        throw new HttpProblem('auth_invalid');
      }
      failedAtMs = monotonicMs();
      return lastGoodKey(header, token);
    }
  };

  function remember(set: NonNullable<typeof remote>): void {
    const keys = set.jwks();
    if (keys !== undefined) lastGood = { keys: createLocalJWKSet(keys), atMs: monotonicMs() };
  }

  async function lastGoodKey(header: JWTHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    if (lastGood === undefined || monotonicMs() - lastGood.atMs > lastGoodMs) throw unavailable();
    try {
      return await lastGood.keys(header, token);
    } catch {
      throw unavailable(); // a newer key may exist that we can't see now
    }
  }
}

function isUnknownKey(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys;
}

function unavailable(): HttpProblem {
  return new HttpProblem('auth_unavailable', undefined, {
    headers: { 'retry-after': String(coolDownMs / 1000) },
  });
}
