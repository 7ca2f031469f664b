// What an answer of Graph to a read of nothing means: 404 is the good one.

import type { Kind } from '../../../src/domain/operation.ts';
import { errorCode, parseJson } from '../../../src/graph/answers.ts';
import type { WireAnswer } from '../../../src/graph/transport.ts';
import { areaOfResource, isMet, needs } from '../identity/graph-roles.ts';
import { type Exchange, faultFix, faultWords } from '../network.ts';
import { fail, pass, type Verdict, warn } from '../verdict.ts';

const rootSettings = 'OPWATCH_GRAPH_CLOUD (or OPWATCH_GRAPH_ROOT with a custom one)';

export function judgeRoot(answer: Exchange, root: string): Verdict {
  if (!answer.arrived)
    return fail({
      detail: `Graph can’t be reached at ${root}: ${faultWords(answer.code)}.`,
      fix: faultFix(answer.code, rootSettings),
    });
  if (errorCode(parseJson(answer.text)) !== null || answer.status === 200) return pass(root);
  if (answer.status >= 500)
    return warn({
      detail: `${root} answered ${answer.status}.`,
      fix: 'Graph is troubled, or a proxy before it: look at its service health, and run this again.',
    });
  return fail({
    detail: `Whoever answers at ${root} (${answer.status}) is not Graph: the answer has not its form.`,
    fix: `Correct ${rootSettings}.`,
  });
}

/** @param roles of the token; null where it does not say. */
export function judgeRead(answer: WireAnswer, kind: Kind, roles: readonly string[] | null): Verdict {
  if (!answer.arrived)
    return fail({ detail: `Graph was not read (${answer.code}).`, fix: faultFix(answer.code, rootSettings) });
  const { status, headers } = answer;
  const code = errorCode(parseJson(answer.bodyText));
  const told = code === null ? String(status) : `${status}, ${code}`;
  if (status === 200 || (status === 404 && code !== null)) return pass(`it may look (${told})`);
  if (kind === 'onenoteOperation' && (status === 401 || status === 403 || code === '40001'))
    return warn({
      detail: `OneNote refuses tokens of apps (${told}), as it has since March 2025: its operations stay blocked.`,
      fix: 'Nothing helps but not to track them.',
    });
  switch (status) {
    case 401:
      return fail({
        detail: `Graph does not take the token (${told}).`,
        fix: 'See the checks of the token (tenant, audience, expiry). A token of another cloud is refused so too.',
      });
    case 403:
      return judgeForbidden(told, kind, roles);
    case 429: {
      const after = headers['retry-after'];
      return warn({
        detail: `Graph asks to wait${after === undefined ? '' : `, ${after} s`} (${told}): the limits of this tenant or app are used up.`,
        fix: 'Find out who else calls Graph as this app (docs/runbook.md, “graph-throttled”), and run this again later.',
      });
    }
    default:
      return judgeOdd(status, told);
  }
}

function judgeForbidden(told: string, kind: Kind, roles: readonly string[] | null): Verdict {
  const watching = needs.filter(({ area, isWatching }) => isWatching && area === areaOfResource[kind]);
  const least = watching[0]?.roles[0] ?? '';
  if (roles !== null && watching.some((need) => isMet(need, roles)))
    return warn({
      detail: `Graph says that it is forbidden (${told}), and the token has a role for it: some roles are answered so for what is not there or not the app’s own.`,
      fix: 'Try it with an operation of yours; if that is blocked too, look for a policy of the tenant, or for roles that are newer than the token.',
    });
  return fail({
    detail: `Graph does not let this identity read a ${kind} (${told}).`,
    fix: `Grant it ${least}, or what docs/permissions.md names for what you watch; restart the app for a new token.`,
  });
}

function judgeOdd(status: number, told: string): Verdict {
  if (status >= 500)
    return warn({
      detail: `Graph has failed (${told}).`,
      fix: 'Look at its service health; nothing is to be done here. Run this again.',
    });
  return fail({
    detail: `The answer is none that Graph gives to a read (${told}).`,
    fix: `Correct ${rootSettings}, or look for a proxy that answers in its place.`,
  });
}
