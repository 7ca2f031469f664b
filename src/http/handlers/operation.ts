// One operation: read it (also while it lasts), stop it, poll it now, read its events.
import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { kindOfKey } from '../../domain/keys.ts';
import { viewETag } from '../../domain/view.ts';
import type { ApiFlows } from '../../flows/api-flows.ts';
import { type Call, type Handle, jsonResponse, readQueryOf } from '../endpoint.ts';
import { HttpProblem, retryAfterHeaders, securityHeaders } from '../problem.ts';
import type { RateLimit } from '../rate-limit.ts';
import { noQuery, readQuery, stopQuery } from '../schemas.ts';

type Deps = { readonly flows: ApiFlows };

/** The platform ends an answer after 230 seconds; a waiting one holds a slot of its instance. */
const longestWaitSeconds = 60;

export function createReadOperation({ flows }: Deps): Handle {
  return async function readOperation(call) {
    const key = readKey(call);
    const { seconds, isPreferred } = readWait(call.request);
    const operation =
      seconds === 0
        ? await flows.find(key)
        : await flows.waitForEnd(key, seconds * 1000, AbortSignal.timeout(seconds * 1000));
    if (operation === null) throw new HttpProblem('not_found');
    const headers = {
      etag: viewETag(operation),
      ...(isPreferred ? { 'preference-applied': `wait=${seconds}` } : {}),
    };
    if (matches(call.request.headers.get('if-none-match'), headers.etag)) {
      return {
        status: 304,
        headers: { ...securityHeaders, 'client-request-id': call.correlationId, ...headers },
      };
    }
    return jsonResponse(call, 200, { body: operation, headers });
  };
}

export function createStopOperation({ flows }: Deps): Handle {
  return async function stopOperation(call) {
    const key = readKey(call);
    const { generation } = readQueryOf(call.request, stopQuery);
    const stopped = await flows.stop(key, generation ?? null);
    switch (stopped.outcome) {
      case 'ended':
        return jsonResponse(call, 200, { body: stopped.operation });
      case 'notFound':
        throw new HttpProblem('not_found');
      case 'generationChanged':
        throw new HttpProblem('generation_changed');
      case 'storageBusy':
        throw new HttpProblem('storage_busy');
    }
  };
}

export function createPollOperation({ flows, limit }: Deps & { readonly limit: RateLimit }): Handle {
  return async function pollOperation(call) {
    const key = readKey(call);
    readQueryOf(call.request, noQuery);
    limit(call);
    const polled = await flows.pollNow(key);
    switch (polled.outcome) {
      case 'polled':
        return jsonResponse(call, 200, { body: polled.operation });
      case 'notFound':
        throw new HttpProblem('not_found');
      case 'ended':
        throw new HttpProblem('operation_ended');
      case 'throttled':
        throw new HttpProblem('graph_throttled', undefined, retryAfterHeaders(polled.retryAfterMs));
      case 'unreadable':
        throw new HttpProblem('graph_error', `Graph could not be read (${polled.code}).`);
      case 'storageBusy':
        throw new HttpProblem('storage_busy');
    }
  };
}

export function createListEvents({ flows }: Deps): Handle {
  return async function listEvents(call): Promise<HttpResponseInit> {
    const key = readKey(call);
    readQueryOf(call.request, noQuery);
    const events = await flows.events(key);
    if (events === null) throw new HttpProblem('not_found');
    // Joined, not parsed and written again: each element is the verbatim text that was published.
    return jsonResponse(call, 200, { body: `{"value":[${events.join(',')}]}` });
  };
}

/** Text that is no key names nothing, and storage is not asked. */
function readKey({ request }: Call): string {
  const key = request.params['key'] ?? '';
  if (kindOfKey(key) === null) throw new HttpProblem('not_found');
  return key;
}

function readWait(request: HttpRequest): { readonly seconds: number; readonly isPreferred: boolean } {
  const { wait } = readQueryOf(request, readQuery);
  const preferred = /(?:^|[,;\s])wait=(\d{1,10})(?:$|[,;\s])/.exec(request.headers.get('prefer') ?? '')?.[1];
  const seconds = Math.min(wait ?? Number(preferred ?? 0), longestWaitSeconds);
  return { seconds, isPreferred: wait === undefined && preferred !== undefined };
}

function matches(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
}
