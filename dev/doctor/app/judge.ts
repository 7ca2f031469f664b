// What the running app's answers mean.
import { z } from 'zod';
import { openApiDocument } from '../../../src/http/openapi.ts';
import { type Exchange, faultFix, faultWords } from '../network.ts';
import { fail, pass, type Verdict, warn } from '../verdict.ts';

const health = z.looseObject({ status: z.string() });

export function judgeLive(answer: Exchange, url: string): Verdict {
  if (!answer.arrived)
    return fail({
      detail: `Nobody answers at ${url}: ${faultWords(answer.code)}. Notifications could not arrive either.`,
      fix: faultFix(answer.code, '--url'),
    });
  if (answer.status === 200 && health.safeParse(parse(answer.text)).data?.status === 'pass') return pass(url);
  if (answer.status >= 300 && answer.status < 400)
    return fail({
      detail: `${url} leads elsewhere (${answer.status}). Graph follows no redirect.`,
      fix: 'Give --url as it is at the end of the way: https, and the name of the app.',
    });
  if (answer.status === 403)
    return fail({
      detail: `${url} keeps this machine out (403).`,
      fix: 'Look at ALLOWED_ADDRESSES (docs/deploy.md), or run this from a network that it lets in.',
    });
  if (answer.status === 401)
    return fail({
      detail: `${url} wants a key or a sign-in from everybody (401), from Graph’s notifications too.`,
      fix: 'Let health, the document and notifications through: the platform’s own authentication (PLATFORM_AUTHENTICATION) leaves them to the app (docs/deploy.md).',
    });
  if (answer.status >= 500)
    return fail({
      detail: `The app does not work (${answer.status}).`,
      fix: 'Look at its log (docs/runbook.md, “host-restarts”): most often a setting stops its start, and is named there.',
    });
  return fail({
    detail: `Somebody answers at ${url}, but not Opwatch (${answer.status}).`,
    fix: 'Correct --url; or the app has no functions: deploy it, and look at its log for “The settings are not valid”.',
  });
}

export function judgeReady(answer: Exchange): Verdict {
  if (answer.arrived && answer.status === 200) return pass('it can use it');
  if (answer.arrived && answer.status === 503)
    return fail({
      detail: 'The app can’t use its storage (503).',
      fix: 'See the checks of storage here; what they find for you may differ from what the app’s identity may (docs/runbook.md, “sweep-silent”).',
    });
  return odd(answer);
}

/** @param isLoopback the local host checks keys only when it is told to. */
export function judgeCallers(
  answer: Exchange,
  { mode, isLoopback }: { readonly mode: 'key' | 'entra' | null; readonly isLoopback: boolean },
): Verdict {
  if (!answer.arrived) return odd(answer);
  if (answer.status === 401) return pass('refused (401)');
  if (answer.status !== 200) return odd(answer);
  if (isLoopback && mode !== 'entra')
    return pass('it is open, on this machine only: the local host checks keys with --auth');
  return fail({
    detail: 'Anybody may read and change what is watched: a request without key or token was answered.',
    fix: 'See OPWATCH_CALLER_AUTH, and that what answers is the Functions host or the app itself and no gateway with a key of its own.',
  });
}

const described = z.looseObject({
  info: z.looseObject({ title: z.string(), version: z.string() }),
  paths: z.record(z.string(), z.unknown()),
});

export function judgeDocument(answer: Exchange): Verdict {
  const found =
    answer.arrived && answer.status === 200 ? described.safeParse(parse(answer.text)).data : undefined;
  if (found === undefined) return odd(answer);
  const own = described.parse(openApiDocument());
  if (found.info.title !== own.info.title)
    return fail({ detail: 'What answers there is another product.', fix: 'Correct --url.' });
  const isSame = JSON.stringify(found) === JSON.stringify(described.parse(JSON.parse(JSON.stringify(own))));
  if (isSame) return pass('its description is that of this release');
  return warn({
    detail:
      'It describes another interface than these sources do: it is another release, and is judged by the rules of this one.',
    fix: 'Run the doctor from the sources of the deployed release, or deploy this one.',
  });
}

export function judgeHandshake({
  sent,
  answer,
}: {
  readonly sent: string;
  readonly answer: Exchange;
}): Verdict {
  if (!answer.arrived) return odd(answer);
  const isPlain = (answer.headers.get('content-type') ?? '').startsWith('text/plain');
  if (answer.status === 200 && answer.text === sent && isPlain)
    return pass('the token came back as plain text');
  if (answer.status === 401 || answer.status === 403)
    return fail({
      detail: `The handshake is refused (${answer.status}): Graph brings no key, so no subscription could be made.`,
      fix: 'Let notifications through without authentication: the platform’s own (PLATFORM_AUTHENTICATION) leaves them to the app (docs/deploy.md).',
    });
  return odd(answer);
}

/** @param isOn whether the settings that were looked at turn call notifications on; null: unknown. */
export function judgeCallNotification(answer: Exchange, isOn: boolean | null): Verdict {
  if (!answer.arrived) return odd(answer);
  const fix = 'Look which settings the app runs with: OPWATCH_CALLS_APP_ID turns call notifications on.';
  switch (answer.status) {
    case 401:
      return isOn === false
        ? warn({ detail: 'It takes call notifications (401), and these settings have them off.', fix })
        : pass('refused (401)');
    case 404:
      return isOn === true
        ? fail({ detail: 'The app has call notifications off (404), and these settings have them on.', fix })
        : pass('refused: they are off (404)');
    case 200:
    case 202:
      return fail({
        detail: `A call notification without a token was taken (${answer.status}).`,
        fix: 'What answers is not this app: correct --url, or take away what answers in its place.',
      });
    case 503:
      return fail({
        detail: 'The app has no keys to prove the platform’s tokens with (503).',
        fix: 'See calls.keys, and that the app may reach that address.',
      });
    default:
      return odd(answer);
  }
}

function odd(answer: Exchange): Verdict {
  if (!answer.arrived)
    return fail({
      detail: `There was no answer: ${faultWords(answer.code)}.`,
      fix: 'Run this again; if it stays so, look at the app’s log (docs/runbook.md, “host-restarts”).',
    });
  return fail({
    detail: `The answer is none of the app’s (${answer.status}).`,
    fix: 'Look at what stands between here and the app (gateway, platform authentication), and at the app’s log.',
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a page of somebody else’s: told by what is missing in it
  }
}
