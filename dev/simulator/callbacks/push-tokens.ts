// Bearer tokens of the platform: good ones, kept until shortly before they expire as a platform would, and forged ones.
import type { JWTPayload } from 'jose';
import { z } from 'zod';
import { makeSigningKey, type SigningKey, type SigningKeys } from './signing-keys.ts';
import { type Target, targetSchema } from './targets.ts';

export const forgeries = [
  'badSignature',
  'otherKey',
  'unknownKey',
  'wrongAudience',
  'wrongIssuer',
  'noTenant',
  'foreignTenant',
  'expired',
  'notYet',
  'noExpiry',
  'unsigned',
  'hmac',
  'garbage',
  'none',
] as const;

/** How a token is forged; `none` is no token at all. */
export type Forgery = (typeof forgeries)[number];

/** Whom a token is for and from. */
type Claimed = Pick<Target, 'appId' | 'tenantId' | 'issuer'>;

export const tokenSchema = targetSchema.omit({ uri: true }).extend({
  forgery: z.enum(forgeries).exclude(['none']).optional(),
  /** Claims over the usual ones. */
  claims: z.record(z.string(), z.json()).default({}),
});
export type TokenInput = z.input<typeof tokenSchema>;

/** Loaded when something is signed, not by every simulator that starts. */
const loadJose = () => import('jose');

const lifeSeconds = 3600;
/** A token this near to its end is not sent any more. */
const spareMs = 300_000;

export type PushTokens = ReturnType<typeof createPushTokens>;

export function createPushTokens(keys: SigningKeys, now: () => number) {
  const kept = new Map<string, { readonly token: Promise<string>; readonly untilMs: number }>();
  let outsider: Promise<SigningKey> | undefined;

  /** The outsider's key is one that was never published. */
  function outsidersKey(): Promise<SigningKey> {
    outsider ??= makeSigningKey();
    return outsider;
  }

  async function sign(claims: JWTPayload, key?: SigningKey): Promise<string> {
    const { SignJWT } = await loadJose();
    const { kid, privateKey } = key ?? (await keys.current());
    return await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid }).sign(privateKey);
  }

  return {
    /** A token that every receiver of this audience has to accept. */
    async token(claimed: Claimed): Promise<string> {
      const { appId, tenantId, issuer } = claimed;
      const name = JSON.stringify([(await keys.current()).kid, appId, tenantId, issuer]);
      const known = kept.get(name);
      if (known && known.untilMs > now()) {
        return await known.token;
      }
      const token = sign(claimsOf(claimed, now()));
      kept.set(name, { token, untilMs: now() + lifeSeconds * 1000 - spareMs });
      return await token;
    },
    forged,
    /** A token to order. */
    async make(input: TokenInput): Promise<string> {
      const { forgery, claims, ...claimed } = tokenSchema.parse(input);
      const made = forgery
        ? await forged(claimed, forgery)
        : await sign({ ...claimsOf(claimed, now()), ...claims });
      // Only `none` makes nothing, and the schema has no `none`.
      return made ?? '';
    },
  };

  /** A token that no receiver may accept; undefined where there is none. */
  async function forged(claimed: Claimed, forgery: Forgery): Promise<string | undefined> {
    const claims = claimsOf(claimed, now());
    const current = await keys.current();
    const jose = await loadJose();
    switch (forgery) {
      case 'badSignature':
        return spoilt(await sign(claims));
      case 'otherKey':
        return await sign(claims, { ...(await outsidersKey()), kid: current.kid });
      case 'unknownKey':
        return await sign(claims, await outsidersKey());
      case 'unsigned':
        return new jose.UnsecuredJWT(claims).encode();
      case 'hmac': {
        const header = { alg: 'HS256', typ: 'JWT', kid: current.kid };
        const secret = new TextEncoder().encode(current.publicPem);
        return await new jose.SignJWT(claims).setProtectedHeader(header).sign(secret);
      }
      case 'garbage':
        return 'not.a.token';
      case 'none':
        return undefined;
      default:
        return await sign(wrongClaims(forgery, claims));
    }
  }
}

function claimsOf({ appId, tenantId, issuer }: Claimed, nowMs: number) {
  const iat = Math.floor(nowMs / 1000);
  return { iss: issuer, aud: appId, tid: tenantId, iat, nbf: iat, exp: iat + lifeSeconds };
}

type ClaimForgery = Exclude<
  Forgery,
  'badSignature' | 'otherKey' | 'unknownKey' | 'unsigned' | 'hmac' | 'garbage' | 'none'
>;

/** The claims with one thing wrong; times are off by more than any tolerance. */
function wrongClaims(forgery: ClaimForgery, claims: ReturnType<typeof claimsOf>): JWTPayload {
  const { tid, exp, iat, ...others } = claims;
  const hourSeconds = 3600;
  switch (forgery) {
    case 'wrongAudience':
      return { ...claims, aud: 'ffffffff-0000-4000-8000-000000000000' };
    case 'wrongIssuer':
      return { ...claims, iss: 'https://issuer.example.test' };
    case 'noTenant':
      return { ...others, exp, iat };
    case 'foreignTenant':
      return { ...claims, tid: 'eeeeeeee-0000-4000-8000-000000000000' };
    case 'expired':
      return { ...claims, iat: iat - 2 * hourSeconds, nbf: iat - 2 * hourSeconds, exp: iat - hourSeconds };
    case 'notYet':
      return { ...claims, iat: iat + hourSeconds, nbf: iat + hourSeconds, exp: iat + 2 * hourSeconds };
    case 'noExpiry':
      return { ...others, tid, iat };
  }
}

/** The same token with one bit of its signature turned over. */
function spoilt(token: string): string {
  const at = token.lastIndexOf('.') + 1;
  const signature = Buffer.from(token.slice(at), 'base64url');
  signature[0] = (signature[0] ?? 0) ^ 1;
  return token.slice(0, at) + signature.toString('base64url');
}
