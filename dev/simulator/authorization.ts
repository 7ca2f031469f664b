// Bearer tokens: who may call, and for which tenant. Tokens leave this file as hashes only.
import { createHash } from 'node:crypto';
import type { AuthOutcome } from './stats.ts';

type Identity = {
  readonly outcome: AuthOutcome;
  readonly tenant: string;
  /** App id of a JWT that names one. */
  readonly app: string | undefined;
  readonly sha256: string;
};

/** Tenant of a token that is no JWT, or a JWT without `tid`. */
export const defaultTenant = 'default';

const noClaims = { tenant: defaultTenant, app: undefined } as const;

const rememberedTokens = 1000;

export type Authorization = ReturnType<typeof createAuthorization>;

/** @param required the only token that is accepted; undefined accepts every one, and none at all */
export function createAuthorization(required: string | undefined) {
  let expected = required;
  const known = new Map<string, Identity>();

  function identify(token: string): Identity {
    const sha256 = createHash('sha256').update(token).digest('hex');
    const outcome = expected === undefined || token === expected ? 'accepted' : 'refused';
    return { outcome, ...claimsOf(token), sha256 };
  }

  return {
    check(header: string | undefined): Identity {
      const token = header === undefined ? undefined : /^Bearer +(.+)$/i.exec(header)?.[1];
      if (token === undefined) {
        return { outcome: header === undefined ? 'missing' : 'refused', ...noClaims, sha256: '' };
      }
      const identity = known.get(token) ?? identify(token);
      if (known.size >= rememberedTokens) {
        known.clear();
      }
      known.set(token, identity);
      return identity;
    },
    /** True when this identity may read anything. */
    admits(identity: Identity): boolean {
      return identity.outcome === 'accepted' || (identity.outcome === 'missing' && expected === undefined);
    },
    require(token: string | undefined): void {
      expected = token;
      known.clear();
    },
  };
}

/** Tenant and app of a JWT, unverified: the simulator trusts whom its token admits. */
function claimsOf(token: string): Pick<Identity, 'tenant' | 'app'> {
  const payload = token.split('.')[1];
  if (payload === undefined) {
    return noClaims;
  }
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    const { tid, azp, appid } = (claims ?? {}) as Readonly<Record<string, unknown>>;
    const app = azp ?? appid;
    return {
      tenant: typeof tid === 'string' ? tid : defaultTenant,
      app: typeof app === 'string' ? app : undefined,
    };
  } catch {
    // An opaque token with a dot in it: no claims, so no tenant.
    return noClaims;
  }
}
