// Whose tokens are accepted: those of callers, and those of the calling platform. Each has keys of its own.
import { performance } from 'node:perf_hooks';
import type { CallsConfig, Config } from '../config/types.ts';
import type { Clock } from '../flows/ports.ts';
import { type Authorise, createEntraAuthorise, createKeyAuthorise } from '../http/caller.ts';
import { createKeySet } from '../http/key-set.ts';
import { findKeysUrl } from '../http/open-id.ts';
import { createTokenVerifier, type VerifyToken } from '../http/token-verifier.ts';

const monotonicMs = (): number => performance.now();
const callersToleranceSeconds = 60;
/** As the documentation for calling bots allows. */
const platformToleranceSeconds = 300;

export function createAuthorise({ callerAuth }: Config): Authorise {
  if (callerAuth.mode === 'key') return createKeyAuthorise(callerAuth.mayPatchConfiguration);
  const { issuer, audience, tenantId, jwksUrl, clients } = callerAuth;
  const verify = createTokenVerifier({
    issuers: [issuer],
    audience,
    tenants: [tenantId.toLowerCase()],
    toleranceSeconds: callersToleranceSeconds,
    requiredTimes: ['exp', 'nbf', 'iat'],
    keys: createKeySet({ keysUrl: async () => new URL(jwksUrl), monotonicMs }),
    nowMs: Date.now,
  });
  return createEntraAuthorise(verify, clients);
}

/** @param clock tells the age of the platform's keys. */
export function createPlatformVerifier(
  { appId, tenants, openIdUrl, issuers }: CallsConfig,
  clock: Pick<Clock, 'monotonicMs'>,
): VerifyToken {
  return createTokenVerifier({
    issuers,
    audience: appId,
    tenants: tenants.map((tenant) => tenant.toLowerCase()),
    toleranceSeconds: platformToleranceSeconds,
    // Its documented example has no time of issue.
    requiredTimes: ['exp', 'nbf'],
    keys: createKeySet({ keysUrl: () => findKeysUrl(openIdUrl), monotonicMs: clock.monotonicMs }),
    nowMs: Date.now,
  });
}
