// The proxy: a caller's GET or PATCH of one of Graph's resources, made with the app's identity. Everything that the
// caller wrote is checked before Graph is called; the audit names who changed which properties, never their values.
import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { isSameId } from '../../domain/ids.ts';
import type { Version } from '../../domain/operation.ts';
import { checkPatch, type JsonObject } from '../../domain/patch-rules.ts';
import {
  connectionTarget,
  literalForms,
  operationTarget,
  type ProxyTarget,
  parseProxyAddress,
} from '../../domain/proxied-resources.ts';
import type { GraphHome } from '../../domain/resources.ts';
import type { FindByOperationId } from '../../flows/find-by-operation-id.ts';
import type { Log } from '../../flows/ports.ts';
import type { ProxyOutcome, ProxyRequest } from '../../flows/proxy-request.ts';
import { readJsonBody } from '../body.ts';
import type { Call, Handle } from '../endpoint.ts';
import { HttpProblem } from '../problem.ts';
import { proxyResponse } from '../proxy-answer.ts';
import type { RateLimit } from '../rate-limit.ts';

export type ProxyDeps = {
  readonly home: GraphHome;
  readonly proxy: (request: ProxyRequest) => Promise<ProxyOutcome>;
  readonly findByOperationId: FindByOperationId;
  readonly log: Log;
};

const maxBodyBytes = 64 * 1024;
const mediaTypes = ['application/json', 'application/merge-patch+json'] as const;
/** An entity tag, or several; nothing that could begin another header. */
const entityTags = /^(\*|(W\/)?"[\x21\x23-\x7e]{0,128}"(\s*,\s*(W\/)?"[\x21\x23-\x7e]{0,128}")*)$/;

export function createReadGraphResource(deps: ProxyDeps): Handle {
  return async function readGraphResource(call) {
    const target = addressOf(call, deps.home);
    if (target.type === 'literal') throw new HttpProblem('route_not_found');
    assertNoQuery(call.request);
    const outcome = await deps.proxy(requestOf(call, target.target, null));
    return proxyResponse(call, outcome, target.target);
  };
}

/** @param limit of changes a caller. */
export function createUpdateGraphResource(deps: ProxyDeps, limit: RateLimit): Handle {
  return async function updateGraphResource(call) {
    const address = addressOf(call, deps.home);
    assertNoQuery(call.request);
    limit(call);
    const value = await readJsonBody(call.request, { maxBytes: maxBodyBytes, mediaTypes });
    if (!isJsonObject(value)) throw new HttpProblem('body_invalid', 'The body must be an object.');
    if (Object.keys(value).length === 0) throw new HttpProblem('body_empty');
    const target = address.type === 'target' ? address.target : await literalTarget(address, value);
    const checked = checkPatch(target.resource.rules, value, {
      words: target.resource.words,
      isSameId: (id) => isSameId(id, target.id),
    });
    if (!checked.ok) throw new HttpProblem(checked.code, checked.detail);
    if (checked.isGuarded && !call.caller?.may('Graph.Patch.Configuration'))
      throw new HttpProblem('property_forbidden');
    return audited(call, target, checked.body);
  };

  /** The id stands in the body: a connection's makes the path, an operation's is looked up. */
  async function literalTarget(
    { form, version }: { readonly form: string; readonly version: Version },
    body: JsonObject,
  ): Promise<ProxyTarget> {
    const id = body['id'];
    if (id === undefined) throw new HttpProblem('id_invalid', 'The body must have an id.');
    if (typeof id !== 'string') throw new HttpProblem('value_invalid', 'The id must be a text.');
    const kind = literalForms[form]?.kind ?? null;
    if (kind === null) {
      const target = connectionTarget(id, version, deps.home);
      if (target === null) throw new HttpProblem('id_invalid');
      return target;
    }
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,255}$/.test(id)) throw new HttpProblem('id_invalid');
    const found = await deps.findByOperationId(kind, id);
    if (found.outcome === 'ambiguous')
      throw new HttpProblem('operation_ambiguous', undefined, { members: { keys: found.keys } });
    const target = found.outcome === 'found' ? operationTarget(found.operation, version, deps.home) : null;
    if (target === null) throw new HttpProblem('operation_unknown');
    return target;
  }

  async function audited(call: Call, target: ProxyTarget, change: JsonObject): Promise<HttpResponseInit> {
    const record = {
      caller: call.caller?.id ?? null,
      resource: target.resource.name,
      operationKey: target.named?.key ?? null,
      properties: Object.keys(change),
      correlationId: call.correlationId,
    };
    deps.log('info', { ...record, audit: 'started' }, 'patch');
    const outcome = await deps.proxy(requestOf(call, target, change));
    deps.log('info', { ...record, audit: 'finished', ...auditOf(outcome) }, 'patch');
    return proxyResponse(call, outcome, target);
  }
}

function auditOf(outcome: ProxyOutcome): Readonly<Record<string, unknown>> {
  if (outcome.outcome === 'failed')
    return { outcome: outcome.isUnknown ? 'unknown' : 'failed', code: outcome.error.code };
  const { status, headers } = outcome.answer;
  return { outcome: 'answered', status, graphRequestId: headers['request-id'] ?? null };
}

type Address = Extract<ReturnType<typeof parseProxyAddress>, { type: 'target' | 'literal' }>;

/** The path as the caller wrote it: the route's parameters are decoded already, and that would hide what was encoded. */
function addressOf({ request }: Call, home: GraphHome): Address {
  const { pathname } = new URL(request.url);
  const match = /^\/api\/graph\/([^/]+)\/(.*)$/i.exec(pathname);
  const address = parseProxyAddress(match?.[1] ?? '', match?.[2] ?? '', home);
  if (address.type === 'idInvalid') throw new HttpProblem('id_invalid');
  if (address.type === 'unknown') throw new HttpProblem('route_not_found');
  return address;
}

function assertNoQuery(request: HttpRequest): void {
  for (const name of request.query.keys()) {
    if (name !== 'code' && name !== 'clientId') throw new HttpProblem('query_not_allowed');
  }
}

function requestOf(
  { request, correlationId, traceparent }: Call,
  target: ProxyTarget,
  change: JsonObject | null,
): ProxyRequest {
  const ifMatch = request.headers.get('if-match');
  if (ifMatch !== null && !entityTags.test(ifMatch))
    throw new HttpProblem('value_invalid', 'If-Match is not an entity tag.');
  const wantsRepresentation = /(^|[,;\s])return=representation($|[,;\s])/i.test(
    request.headers.get('prefer') ?? '',
  );
  return { target, change, ifMatch, clientRequestId: correlationId, traceparent, wantsRepresentation };
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
