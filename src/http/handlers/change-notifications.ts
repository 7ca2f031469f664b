// POST /api/notifications/graph: the validation handshake of a subscription, and its change notifications. None of our
// kinds can be subscribed to today, so what comes is a hint at most: the named operation is read once, at the latest
// by its schedule. A wrong secret gets the same answer as a right one, so that nobody learns which it was.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { HttpResponseInit } from '@azure/functions';
import { z } from 'zod';
import { type GraphHome, parseResource } from '../../domain/resources.ts';
import type { ApiFlows } from '../../flows/api-flows.ts';
import type { Log } from '../../flows/ports.ts';
import { type Call, emptyResponse, type Handle, textResponse } from '../endpoint.ts';
import { readCollection } from '../notification-body.ts';
import { HttpProblem } from '../problem.ts';

export type ChangeNotificationDeps = {
  /** The secret that subscriptions were made with; null: none is accepted. */
  readonly clientState: string | null;
  readonly home: GraphHome;
  readonly pollNow: ApiFlows['pollNow'];
  readonly log: Log;
};

const maxTokenLength = 4096;
/** Hints of one request that are followed; the schedule reads the others. */
const maxHints = 20;

const item = z.looseObject({
  clientState: z.string().optional(),
  resource: z.string().optional(),
  lifecycleEvent: z.string().max(64).optional(),
});

export function createTakeChangeNotifications(deps: ChangeNotificationDeps): Handle {
  return async function takeChangeNotifications(call) {
    const token = call.request.query.get('validationToken');
    if (token !== null) return echo(call, token);
    const items = await readItems(call);
    const accepted = items.filter(({ clientState }) => isSecret(clientState, deps.clientState));
    const lifecycle = accepted.flatMap(({ lifecycleEvent }) => lifecycleEvent ?? []);
    const fields = {
      correlationId: call.correlationId,
      accepted: accepted.length,
      rejected: items.length - accepted.length,
      lifecycle,
    };
    if (lifecycle.length > 0 || fields.rejected > 0) deps.log('warn', fields, 'change notifications');
    followHints(accepted.flatMap(({ resource }) => resource ?? []));
    return emptyResponse(call, 202);
  };

  /** After the answer: a hint that is lost costs nothing but time. */
  function followHints(resources: readonly string[]): void {
    const keys = new Set(
      resources.flatMap((resource) => {
        const address = resource.startsWith('/') || resource.includes('://') ? resource : `/${resource}`;
        return parseResource(address, deps.home)?.key ?? [];
      }),
    );
    for (const key of [...keys].slice(0, maxHints)) {
      deps.pollNow(key).catch((error: unknown) => {
        deps.log('warn', { operationKey: key, error }, 'hint was not followed; the schedule reads it');
      });
    }
  }
}

/** The token as it came, decoded, as text that no browser makes anything of. */
function echo(call: Call, token: string): HttpResponseInit {
  const isHarmless = token !== '' && token.length <= maxTokenLength && /^[^<>\p{Cc}\p{Cs}]+$/u.test(token);
  if (!isHarmless) throw new HttpProblem('validation_token_invalid');
  return textResponse(call, token);
}

async function readItems({ request }: Call): Promise<readonly z.infer<typeof item>[]> {
  const { value, validationTokens } = await readCollection(request);
  // Rich notifications were never asked for: what brings tokens is not from a subscription of ours.
  return value.map((one) => {
    const read = item.safeParse(one);
    return read.success && validationTokens === undefined ? read.data : {};
  });
}

/** Compares digests, which have one length: the time says nothing of the secret. */
function isSecret(given: string | undefined, wanted: string | null): boolean {
  const isSame = timingSafeEqual(digest(given ?? ''), digest(wanted ?? ''));
  return isSame && given !== undefined && wanted !== null;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
