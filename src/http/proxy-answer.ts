// Graph's answer to the caller: its success as it came, its refusals as problems with its status, code and request id,
// and nothing of what might be in a body that is no JSON.
import type { HttpResponseInit } from '@azure/functions';
import type { ProxyTarget } from '../domain/proxied-resources.ts';
import { parseRetryAfterMs } from '../domain/retry-after.ts';
import type { GraphAnswer, ProxyOutcome, WatchOutcome } from '../flows/proxy-request.ts';
import type { Call } from './endpoint.ts';
import { HttpProblem, type ProblemCode, problemOf, problemResponse, securityHeaders } from './problem.ts';

const passedHeaders = ['location', 'operation-location', 'etag', 'request-id', 'client-request-id'] as const;

export function proxyResponse(call: Call, outcome: ProxyOutcome, target: ProxyTarget): HttpResponseInit {
  if (outcome.outcome === 'failed') return failure(call, outcome);
  const { answer, watch } = outcome;
  const { status } = answer;
  const headers = { ...headersOf(answer), ...watchHeaders(watch) };
  if (status === 204 || (status === 202 && answer.bodyText === '')) {
    return { status, headers: { ...securityHeaders, 'client-request-id': call.correlationId, ...headers } };
  }
  if (status >= 200 && status < 300 && isJson(answer.bodyText)) {
    return {
      status,
      headers: {
        ...securityHeaders,
        'content-type': 'application/json; charset=utf-8',
        'client-request-id': call.correlationId,
        ...headers,
      },
      body: answer.bodyText,
    };
  }
  return refusal(call, answer, { headers, name: target.resource.name });
}

/** After a change whose answer is missing nobody knows whether it happened; it is never repeated here. */
function failure(
  call: Call,
  { error, isUnknown }: Extract<ProxyOutcome, { outcome: 'failed' }>,
): HttpResponseInit {
  if (!isUnknown) return problemResponse(problemOf(error), call.correlationId);
  const code = error.code === 'graph_malformed' ? 'graph_malformed' : 'graph_timeout';
  return problemResponse(
    new HttpProblem(code, undefined, { members: { outcome: 'unknown' } }),
    call.correlationId,
  );
}

/** Statuses that Graph may give and the caller keeps; the code says whose refusal it is. */
const refusals: Readonly<Record<number, ProblemCode>> = {
  403: 'graph_forbidden',
  404: 'graph_not_found',
  409: 'graph_conflict',
  412: 'precondition_failed',
  429: 'graph_throttled',
  401: 'graph_auth',
  504: 'graph_timeout',
};

function refusal(
  call: Call,
  answer: GraphAnswer,
  { headers, name }: { headers: Readonly<Record<string, string>>; name: string },
): HttpResponseInit {
  const code = refusalCode(answer);
  const isKept = keepsStatus(answer.status) && code !== 'graph_malformed' && code !== 'graph_auth';
  const detail = `Graph answered ${answer.status} for the ${name}.`;
  // Where a refusal would lead is no concern of the caller's, and may be anywhere.
  const { location: _, 'operation-location': __, ...kept } = headers;
  const isUnknown = call.request.method === 'PATCH' && mayHaveChanged(answer.status, code);
  const problem = new HttpProblem(code, detail, {
    headers: kept,
    ...(isKept ? { status: answer.status } : {}),
    ...(isUnknown ? { members: { outcome: 'unknown' } } : {}),
  });
  return problemResponse(problem, call.correlationId);
}

/** A page where JSON is expected can't be used, unless the status alone says enough. */
function refusalCode({ status, bodyText }: GraphAnswer): ProblemCode {
  const isPage = bodyText !== '' && !isJson(bodyText);
  if (status < 400 || (isPage && status < 500 && status !== 429)) return 'graph_malformed';
  return refusals[status] ?? 'graph_error';
}

/** A server that broke down may have made the change before; one that refuses, throttles or is away has not. */
function mayHaveChanged(status: number, code: ProblemCode): boolean {
  return status < 400 ? code === 'graph_malformed' : [500, 502, 504].includes(status);
}

/** Graph's 4xx and its 503 are the caller's to see as they are; other 5xx are a bad gateway's. */
function keepsStatus(status: number): boolean {
  return (status >= 400 && status < 500) || status === 503;
}

function headersOf(answer: GraphAnswer): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const name of passedHeaders) {
    const value = answer.headers[name];
    if (value !== undefined && /^[\x20-\x7e]{1,2048}$/.test(value)) headers[name] = value;
  }
  const delayMs = parseRetryAfterMs(answer.headers['retry-after'], answer.arrivedAtMs);
  // Clients read whole seconds; rounded up, none comes back too early.
  if (delayMs !== null) headers['retry-after'] = String(Math.ceil(delayMs / 1000));
  return headers;
}

function watchHeaders(watch: WatchOutcome | null): Readonly<Record<string, string>> {
  if (watch === null) return {};
  return watch.watched
    ? { 'opwatch-operation': `/api/operations/${watch.key}` }
    : { 'opwatch-operation-error': watch.reason };
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false; // HTML, truncated or empty
  }
}
