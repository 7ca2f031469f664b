// What every HTTP function shares: its methods, a correlation id, and refusals as problems. A handler below it only
// reads its request, calls a flow and maps the result.
import { randomUUID } from 'node:crypto';
import type { HttpHandler, HttpMethod, HttpRequest, HttpResponseInit } from '@azure/functions';
import type { z } from 'zod';
import { validTraceparent } from '../domain/traceparent.ts';
import type { Authorise, Caller, Right } from './caller.ts';
import { HttpProblem, problemOf, problemResponse, securityHeaders } from './problem.ts';

export type Call = {
  readonly request: HttpRequest;
  readonly correlationId: string;
  /** Of the host's own span for this request, whose trace is the caller's where it sent one. */
  readonly traceparent?: string | undefined;
  /** Null on routes that need no right. */
  readonly caller: Caller | null;
};
export type Handle = (call: Call) => Promise<HttpResponseInit>;
export type EndpointLog = (
  level: 'error',
  fields: Readonly<Record<string, unknown>>,
  message: string,
) => void;

/** Without TRACE and CONNECT: the Functions library fails on them before any code of ours runs. The host says 404. */
const allMethods: readonly HttpMethod[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

/** The methods that a route's last function registers, so that it can answer 405 where the host would say 404. */
export function methodsBut(served: readonly HttpMethod[]): HttpMethod[] {
  return allMethods.filter((method) => !served.includes(method));
}

export type EndpointOptions = {
  /** The method that this function serves. */
  readonly serves: HttpMethod;
  /** All methods that its route serves. */
  readonly allow: readonly HttpMethod[];
  /** The right that a caller needs; null: none. */
  readonly right: Right | null;
  readonly authorise: Authorise;
  readonly log: EndpointLog;
};

/** Makes an HTTP function of a handler. The caller's right is checked before anything else is looked at. */
export function createEndpoint(options: EndpointOptions, handle: Handle): HttpHandler {
  return async (request, context) => {
    const correlationId = correlationIdOf(request);
    try {
      const caller = options.right === null ? null : await options.authorise(request, options.right);
      if (request.method !== options.serves) {
        throw new HttpProblem('method_not_allowed', undefined, {
          headers: { allow: options.allow.join(', ') },
        });
      }
      const traceparent = validTraceparent(context.traceContext?.traceParent);
      return await handle({ request, correlationId, traceparent, caller });
    } catch (error) {
      const problem = problemOf(error);
      if (problem.code === 'internal_error' || problem.code === 'storage_busy') {
        options.log('error', { correlationId, invocationId: context.invocationId, error }, problem.code);
      }
      return problemResponse(problem, correlationId);
    }
  };
}

/** A caller's id when it is harmless, else a fresh one. */
function correlationIdOf(request: HttpRequest): string {
  const given =
    request.headers.get('client-request-id') ?? request.headers.get('x-ms-client-request-id') ?? '';
  return /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
}

/** @param body an object, or JSON text that is sent verbatim. */
export function jsonResponse(
  { correlationId }: Pick<Call, 'correlationId'>,
  status: number,
  answer: { readonly body: unknown; readonly headers?: Readonly<Record<string, string>> },
): HttpResponseInit {
  const { body, headers } = answer;
  return {
    status,
    headers: {
      ...securityHeaders,
      'content-type': 'application/json; charset=utf-8',
      'client-request-id': correlationId,
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}

/** An answer that is its status alone. */
export function emptyResponse(
  { correlationId }: Pick<Call, 'correlationId'>,
  status: number,
): HttpResponseInit {
  return { status, headers: { ...securityHeaders, 'client-request-id': correlationId } };
}

/** Text that no browser makes anything of. */
export function textResponse({ correlationId }: Pick<Call, 'correlationId'>, text: string): HttpResponseInit {
  const headers = { ...securityHeaders, 'client-request-id': correlationId };
  return { status: 200, headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' }, body: text };
}

/** Names of the host's own parameters. */
const hostParameters = new Set(['code', 'clientId']);

/** @throws HttpProblem query_invalid for an unknown or repeated name, or a bad value. */
export function readQueryOf<T>(request: HttpRequest, schema: z.ZodType<T>): T {
  const values = new Map<string, string>();
  for (const [name, value] of request.query) {
    if (hostParameters.has(name)) continue;
    if (values.has(name)) throw new HttpProblem('query_invalid', 'A query parameter is given twice.');
    values.set(name, value);
  }
  const parsed = schema.safeParse(Object.fromEntries(values));
  if (parsed.success) return parsed.data;
  throw new HttpProblem('query_invalid');
}
