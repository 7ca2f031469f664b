// The platform's signing keys. Made when first needed, as is the library for them: a key takes up to a quarter of a
// second of CPU, and most simulators never sign; who asks can't tell. A replaced key stays published for a while, as a real platform's does.
import type { CryptoKey, JSONWebKeySet, JWK } from 'jose';
import { z } from 'zod';

export type SigningKey = {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** Public part as text, which a careless verifier might take for a shared secret. */
  readonly publicPem: string;
  readonly jwk: JWK;
};

type Published = SigningKey & {
  /** Epoch milliseconds until which the key set has it; null: it signs now. */
  readonly untilMs: number | null;
};

const rotationSchema = z
  .strictObject({
    /** How long the old key stays in the key set; 0 drops it at once. */
    keepMs: z.number().min(0).default(86_400_000),
  })
  .default({ keepMs: 86_400_000 });
export type RotationInput = z.input<typeof rotationSchema>;

export type SigningKeys = ReturnType<typeof createSigningKeys>;

/** The keys of one simulator; `now` decides what is still published. */
export function createSigningKeys(now: () => number) {
  let keys: Promise<readonly Published[]> | undefined;

  async function firstKeys(): Promise<readonly Published[]> {
    return [{ ...(await makeSigningKey()), untilMs: null }];
  }

  async function replaced(keepMs: number, earlier: Promise<readonly Published[]>) {
    const made: Published = { ...(await makeSigningKey()), untilMs: null };
    const untilMs = now() + keepMs;
    return [made, ...(await earlier).map((key) => ({ ...key, untilMs: key.untilMs ?? untilMs }))];
  }

  return {
    /** The key that signs. */
    async current(): Promise<SigningKey> {
      keys ??= firstKeys();
      // The newest comes first, and there always is one.
      return (await keys)[0] as SigningKey;
    },
    /** The key set as it is published now. */
    async published(): Promise<JSONWebKeySet> {
      keys ??= firstKeys();
      const visible = (await keys).filter(({ untilMs }) => untilMs === null || untilMs > now());
      return { keys: visible.map(({ jwk }) => jwk) };
    },
    /** Signs with a new key from now on; resolves with its id. */
    async rotate(input?: RotationInput): Promise<{ readonly kid: string }> {
      const { keepMs } = rotationSchema.parse(input);
      keys = replaced(keepMs, keys ?? firstKeys());
      return { kid: ((await keys)[0] as SigningKey).kid };
    },
  };
}

/** A key that nobody knows yet. */
export async function makeSigningKey(): Promise<SigningKey> {
  const { calculateJwkThumbprint, exportJWK, exportSPKI, generateKeyPair } = await import('jose');
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const { kty = 'RSA', n = '', e = '' } = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint({ kty, n, e });
  return { kid, privateKey, publicPem: await exportSPKI(publicKey), jwk: { kty, use: 'sig', kid, n, e } };
}
