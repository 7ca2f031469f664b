// Every refusal of the HTTP functions: one table from code to status and title, one shape (RFC 9457, with an `error`
// member in Graph's shape so that its clients understand it too). Never a stack, a token, a key or a foreign body.
import type { HttpResponseInit } from '@azure/functions';
import { AppError, type ErrorCode } from '../domain/errors.ts';

const problems = {
  body_invalid_json: [400, 'The body is not valid JSON.'],
  body_empty: [400, 'The body is empty.'],
  body_duplicate_key: [400, 'A name occurs twice in one object of the body.'],
  body_too_deep: [400, 'The body is nested too deeply or has too many members.'],
  body_invalid: [400, 'The body has not the expected members.'],
  query_invalid: [400, 'A query parameter is unknown or has a bad value.'],
  query_not_allowed: [400, 'This route takes no query.'],
  resource_invalid: [400, 'The resource is no operation that can be watched here.'],
  id_invalid: [400, 'An id does not have the form of its kind.'],
  id_mismatch: [400, 'The body names another id than the path.'],
  property_not_allowed: [400, 'A property may not be changed.'],
  value_invalid: [400, 'A value is not allowed.'],
  generation_unknown: [400, 'There never was such a generation.'],
  tenant_not_allowed: [400, 'Operations of this tenant are not watched here.'],
  validation_token_invalid: [400, 'The validation token is not acceptable.'],
  auth_missing: [401, 'A bearer token is needed.'],
  auth_scheme: [401, 'The authorization scheme must be Bearer.'],
  auth_invalid: [401, 'The token is not valid.'],
  auth_expired: [401, 'The token has expired or is not valid yet.'],
  auth_audience: [401, 'The token is for another audience.'],
  auth_issuer: [401, 'The token is from another issuer.'],
  auth_tenant: [401, 'The token is from another tenant.'],
  auth_role: [403, 'The token lacks the role for this.'],
  auth_client: [403, 'This client may not call.'],
  property_forbidden: [403, 'This property needs a right of its own.'],
  graph_forbidden: [403, 'Graph refuses this to the app.'],
  not_found: [404, 'There is no such operation.'],
  route_not_found: [404, 'There is no such route.'],
  operation_unknown: [404, 'No tracked operation has this id.'],
  graph_not_found: [404, 'Graph does not find it.'],
  method_not_allowed: [405, 'The method is not allowed here.'],
  body_too_slow: [408, 'The body did not arrive in time.'],
  body_too_large: [413, 'The body is too large.'],
  media_type_unsupported: [415, 'The body must be application/json in UTF-8.'],
  encoding_unsupported: [415, 'The body must not be compressed.'],
  operation_ended: [409, 'The operation has ended.'],
  operation_ambiguous: [409, 'Several tracked operations have this id.'],
  generation_changed: [409, 'Another generation lives now.'],
  graph_conflict: [409, 'Graph reports a conflict.'],
  idempotency_conflict: [409, 'The same request is under way.'],
  precondition_failed: [412, 'The resource has changed meanwhile.'],
  idempotency_mismatch: [422, 'The key was used for another request.'],
  graph_throttled: [429, 'Graph asks to wait.'],
  rate_limited: [429, 'Too many requests from this caller.'],
  graph_auth: [502, 'Graph does not accept the app’s identity.'],
  graph_error: [502, 'Graph could not be read.'],
  graph_malformed: [502, 'Graph gave an answer that can not be used.'],
  storage_busy: [503, 'Storage gave no clear answer; try again.'],
  auth_unavailable: [503, 'The keys for tokens can not be had.'],
  graph_timeout: [504, 'Graph did not answer in time.'],
  internal_error: [500, 'Something went wrong; it is in the log under the correlation id.'],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof problems;

export const problemCodes = Object.keys(problems) as readonly ProblemCode[];

/** A refusal with its code; the endpoint turns it into the answer. */
export class HttpProblem extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Further members of the problem. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    code: ProblemCode,
    detail: string = problems[code][1],
    more: {
      readonly headers?: Readonly<Record<string, string>>;
      readonly members?: Readonly<Record<string, unknown>>;
      /** Where it is not the code's own: a proxied refusal keeps Graph's. */
      readonly status?: number;
    } = {},
  ) {
    super(detail);
    this.name = 'HttpProblem';
    this.code = code;
    this.status = more.status ?? problems[code][0];
    this.headers = more.headers ?? {};
    this.members = more.members ?? {};
  }
}

export function statusOf(code: ProblemCode): number {
  return problems[code][0];
}

/** On every answer: nothing here is ever a page. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; sandbox",
  'x-content-type-options': 'nosniff',
};

export function problemResponse(problem: HttpProblem, correlationId: string): HttpResponseInit {
  const { status } = problem;
  const [, title] = problems[problem.code];
  return {
    status,
    headers: {
      ...securityHeaders,
      'content-type': 'application/problem+json',
      'client-request-id': correlationId,
      ...defaultHeaders(status),
      ...problem.headers,
    },
    body: JSON.stringify({
      type: `urn:opwatch:problem:${problem.code}`,
      title,
      status,
      code: problem.code,
      detail: problem.message,
      correlationId,
      error: { code: problem.code, message: problem.message },
      ...problem.members,
    }),
  };
}

function defaultHeaders(status: number): Readonly<Record<string, string>> {
  if (status === 401) return { 'www-authenticate': 'Bearer' };
  return status === 429 || status === 503 ? { 'retry-after': '1' } : {};
}

const fromErrors: Readonly<Record<ErrorCode, ProblemCode>> = {
  config_invalid: 'internal_error',
  graph_auth: 'graph_auth',
  graph_error: 'graph_error',
  graph_malformed: 'graph_malformed',
  graph_timeout: 'graph_timeout',
  resource_invalid: 'resource_invalid',
  shards_changed: 'storage_busy',
  storage_busy: 'storage_busy',
  storage_forbidden: 'storage_busy',
};

/** What a caller is told of an error. Only refusals show their own words. */
export function problemOf(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (!(error instanceof AppError)) return new HttpProblem('internal_error');
  return new HttpProblem(fromErrors[error.code], undefined, retryAfterHeaders(error.retryAfterMs));
}

/** Retry-After in whole seconds, rounded up. */
export function retryAfterHeaders(delayMs: number | undefined): {
  headers?: Readonly<Record<string, string>>;
} {
  return delayMs === undefined
    ? {}
    : { headers: { 'retry-after': String(Math.max(1, Math.ceil(delayMs / 1000))) } };
}
