// Bearer tokens, checked with everything that a library's defaults let pass: only RS256, one issuer list, exactly our
// audience, a tenant that we accept, an expiry that is there, no duplicate claims, no keys in the header.
import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { KeySet } from './key-set.ts';
import { HttpProblem } from './problem.ts';
import { parseStrictJson } from './strict-json.ts';

export type TokenRules = {
  readonly issuers: readonly string[];
  readonly audience: string;
  readonly tenants: readonly string[];
  readonly toleranceSeconds: number;
  /** Claims of time that must be there; each is checked where it is. */
  readonly requiredTimes: readonly ('exp' | 'nbf' | 'iat')[];
  readonly keys: KeySet;
  readonly nowMs: () => number;
};

/** @throws HttpProblem with the 401 code of the first check that fails; 503 when keys can't be had. */
export type VerifyToken = (authorization: string | null) => Promise<JWTPayload>;

const maxTokenLength = 16_384;
const maxKidLength = 256;
const tokenPattern = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const foreignKeyParameters = ['jwk', 'jku', 'x5u', 'x5c', 'crit'];
/** No instant beyond the year 9999: such a claim is an attempt at arithmetic. */
const latestSeconds = 253_402_300_799;

export function createTokenVerifier(rules: TokenRules): VerifyToken {
  return async function verifyToken(authorization) {
    const token = readBearer(authorization);
    assertParts(token);
    const payload = await verify(token);
    assertClaims(payload);
    return payload;
  };

  async function verify(token: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, rules.keys, {
        algorithms: ['RS256'],
        issuer: [...rules.issuers],
        audience: rules.audience,
        clockTolerance: rules.toleranceSeconds,
        requiredClaims: [...rules.requiredTimes, 'iss', 'aud'],
        currentDate: new Date(rules.nowMs()),
      });
      return payload;
    } catch (error) {
      throw error instanceof HttpProblem ? error : new HttpProblem(codeOf(error));
    }
  }

  function assertClaims(payload: JWTPayload): void {
    // An array that contains our audience is a token that was meant for others too.
    if (typeof payload.aud !== 'string') throw new HttpProblem('auth_audience');
    const latestIssue = rules.nowMs() / 1000 + rules.toleranceSeconds;
    const { exp = 0, iat = 0 } = payload;
    if (exp > latestSeconds || iat > latestIssue) throw new HttpProblem('auth_invalid');
    const { tid } = payload;
    if (typeof tid !== 'string' || !rules.tenants.includes(tid.toLowerCase()))
      throw new HttpProblem('auth_tenant');
  }
}

function readBearer(authorization: string | null): string {
  if (authorization === null || authorization.trim() === '') throw new HttpProblem('auth_missing');
  const [scheme = '', ...rest] = authorization.split(' ');
  if (scheme.toLowerCase() !== 'bearer') throw new HttpProblem('auth_scheme');
  const token = rest.join(' ');
  if (token.length > maxTokenLength || !tokenPattern.test(token)) throw new HttpProblem('auth_invalid');
  return token;
}

/** Header and claims as strict JSON, before any key is looked for. */
function assertParts(token: string): void {
  const [header, claims] = token.split('.').slice(0, 2).map(parsePart);
  const { alg, kid } = header ?? {};
  const isUsual = alg === 'RS256' && typeof kid === 'string' && kid.length <= maxKidLength;
  if (!isUsual || foreignKeyParameters.some((name) => Object.hasOwn(header ?? {}, name)))
    throw new HttpProblem('auth_invalid');
  for (const name of ['exp', 'nbf', 'iat']) {
    const value = claims?.[name];
    if (value !== undefined && !Number.isFinite(value)) throw new HttpProblem('auth_invalid');
  }
}

function parsePart(part: string): Readonly<Record<string, unknown>> {
  try {
    const value = parseStrictJson(Buffer.from(part, 'base64url'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // told below: whatever is wrong with it, it is no token
  }
  throw new HttpProblem('auth_invalid');
}

function codeOf(error: unknown): 'auth_expired' | 'auth_issuer' | 'auth_audience' | 'auth_invalid' {
  if (error instanceof errors.JWTExpired) return 'auth_expired';
  if (!(error instanceof errors.JWTClaimValidationFailed) || error.reason !== 'check_failed')
    return claimMissing(error);
  if (error.claim === 'iss') return 'auth_issuer';
  if (error.claim === 'aud') return 'auth_audience';
  return error.claim === 'nbf' ? 'auth_expired' : 'auth_invalid';
}

function claimMissing(error: unknown): 'auth_issuer' | 'auth_audience' | 'auth_invalid' {
  const claim = error instanceof errors.JWTClaimValidationFailed ? error.claim : null;
  if (claim === 'aud') return 'auth_audience';
  return claim === 'iss' ? 'auth_issuer' : 'auth_invalid';
}
