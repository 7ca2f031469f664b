// Whether a token is one of this app for this Graph.
import { fail, pass, type Verdict, warn } from '../verdict.ts';
import type { Claims } from './claims.ts';

export function judgeTenant({ tid }: Pick<Claims, 'tid'>, homeTenant: string): Verdict {
  if (tid === homeTenant) return pass(tid);
  return fail({
    detail: `The token is of tenant ${tid}, and the home tenant is ${homeTenant}: operations would be looked for in the wrong one.`,
    fix: 'Set OPWATCH_TENANT_ID to the tenant whose operations are watched, and take an identity of that tenant.',
  });
}

/** Microsoft Graph as an app, the same in every tenant: some tokens name it so. */
const graphAppId = '00000003-0000-0000-c000-000000000000';

export function judgeAudience({ aud }: Pick<Claims, 'aud'>, scope: string): Verdict {
  const wanted = scope.replace(/\/\.default$/, '');
  if (withoutSlash(aud) === withoutSlash(wanted) || aud === graphAppId) return pass(aud);
  return fail({
    detail: `The token is for ${aud}, and Graph is asked as ${wanted}: it would be refused.`,
    fix: 'Correct OPWATCH_GRAPH_CLOUD, or OPWATCH_GRAPH_SCOPE with a custom cloud.',
  });
}

function withoutSlash(text: string): string {
  return text.replace(/\/$/, '');
}

const soonMs = 5 * 60_000;

export function judgeExpiry({ exp }: Pick<Claims, 'exp'>, nowMs: number): Verdict {
  const leftMs = exp * 1000 - nowMs;
  const minutes = Math.round(leftMs / 60_000);
  if (leftMs > soonMs) return pass(`for ${minutes} more minutes, then it is renewed`);
  if (leftMs > 0)
    return warn({
      detail: `The token ends in ${Math.ceil(leftMs / 1000)} s, sooner than any that Entra gives to apps.`,
      fix: 'See storage.clock. A static token has to be replaced by hand.',
    });
  return fail({
    detail: `The token ended ${-minutes} minutes ago.`,
    fix: 'See storage.clock: this clock is ahead. A static token has to be replaced by hand.',
  });
}
