// The checks of those whose tokens the app takes: callers, and the calling platform. Only their keys are asked for.
import type { JSONWebKeySet } from 'jose';
import { fetchKeys } from '../../../src/http/key-set.ts';
import { findKeysUrl } from '../../../src/http/open-id.ts';
import { faultCode, faultFix, faultWords } from '../network.ts';
import type { Node, Run } from '../run.ts';
import type { Reading } from '../settings/reading.ts';
import { fail, pass, skip, type Verdict } from '../verdict.ts';

export function addCallerChecks(run: Run, values: Node<Reading>): void {
  run.add('callers.mode', { values }, ({ values: { draft, whyNot } }) => {
    const reason = whyNot('callers', 'graph');
    if (reason !== null || draft.callerAuth === null)
      return { verdicts: [skip(reason ?? 'OPWATCH_CALLER_AUTH has to be right first.')] };
    return { verdicts: [pass(modeWords(draft.callerAuth))] };
  });
  run.add('callers.keys', { values }, async ({ values: { draft, whyNot } }) => {
    const reason = whyNot('callers', 'graph');
    if (reason !== null || draft.callerAuth === null)
      return { verdicts: [skip(reason ?? 'OPWATCH_CALLER_AUTH has to be right first.')] };
    if (draft.callerAuth.mode === 'key') return { verdicts: [skip('Function keys need none.')] };
    const { jwksUrl } = draft.callerAuth;
    return {
      verdicts: [
        await judgeKeys(() => fetchKeys(new URL(jwksUrl)), {
          where: jwksUrl,
          setting: 'OPWATCH_AUTH_JWKS_URL, or OPWATCH_AUTH_TENANT_ID, which it follows from',
        }),
      ],
    };
  });
  run.add('calls.keys', { values }, async ({ values: { draft, whyNot } }) => {
    const reason = whyNot('calls');
    if (reason !== null) return { verdicts: [skip(reason)] };
    if (draft.calls === null)
      return { verdicts: [skip('Call notifications are off: OPWATCH_CALLS_APP_ID is not set.')] };
    const { openIdUrl } = draft.calls;
    return {
      verdicts: [
        await judgeKeys(async () => fetchKeys(await findKeysUrl(openIdUrl)), {
          where: openIdUrl,
          setting: 'OPWATCH_CALLS_OPENID_URL',
        }),
      ],
    };
  });
}

function modeWords(auth: NonNullable<Reading['draft']['callerAuth']>): string {
  if (auth.mode === 'key') return 'the host, by function keys';
  const clients = auth.clients === null ? 'any client with a role' : `${auth.clients.length} clients`;
  return `the app, by tokens of tenant ${auth.tenantId} for ${auth.audience}, from ${clients}`;
}

async function judgeKeys(
  fetch: () => Promise<JSONWebKeySet>,
  { where, setting }: { readonly where: string; readonly setting: string },
): Promise<Verdict> {
  try {
    const { keys } = await fetch();
    const usable = keys.filter(isUsable).length;
    if (usable > 0) return pass(`${usable} at ${where}`);
    return fail({
      detail: `${where} has no key that signs with RS256: every token would be refused.`,
      fix: `Correct ${setting}.`,
    });
  } catch (error) {
    const code = faultCode(error);
    const why = code === 'unknown' ? 'what it answers is no set of keys' : faultWords(code);
    return fail({
      detail: `No keys at ${where}: ${why}. Tokens are answered 503 until there are some.`,
      fix: code === 'unknown' ? `Correct ${setting}.` : faultFix(code, setting),
    });
  }
}

/** The only algorithm that is accepted is RS256. */
function isUsable({ kty, use, alg }: JSONWebKeySet['keys'][number]): boolean {
  return kty === 'RSA' && (use === undefined || use === 'sig') && (alg === undefined || alg === 'RS256');
}
