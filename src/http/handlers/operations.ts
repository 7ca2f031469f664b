// The collection of operations: begin to watch one or many, and list them.
import type { HttpResponseInit } from '@azure/functions';
import type { Kind, State } from '../../domain/operation.ts';
import type { GraphHome } from '../../domain/resources.ts';
import type { ApiFlows } from '../../flows/api-flows.ts';
import type { ListQuery } from '../../flows/list-operations.ts';
import { jsonOnly, readJsonBody } from '../body.ts';
import { type Call, type Handle, jsonResponse, readQueryOf } from '../endpoint.ts';
import { HttpProblem, problemOf } from '../problem.ts';
import { kindName, listQuery, noQuery, stateName, trackMany } from '../schemas.ts';
import { readTrackRequest } from '../track-request.ts';

type Deps = { readonly flows: Pick<ApiFlows, 'track' | 'list'>; readonly home: GraphHome };

const maxOneBytes = 64 * 1024;
const maxManyBytes = 256 * 1024;
const defaultTop = 50;

export function createTrackOperations({ flows, home }: Deps): Handle {
  return async function trackOperations(call) {
    readQueryOf(call.request, noQuery);
    const value = await readJsonBody(call.request, {
      maxBytes: maxManyBytes,
      maxBytesOf,
      mediaTypes: jsonOnly,
    });
    if (isObject(value) && 'operations' in value) return trackAll(call, value);
    const { status, operation } = await trackOne(value, call);
    const headers = status === 201 ? { location: `/api/operations/${operation.key}` } : {};
    return jsonResponse(call, status, { body: operation, headers });
  };

  async function trackAll(call: Call, body: unknown): Promise<HttpResponseInit> {
    const parsed = trackMany.safeParse(body);
    if (!parsed.success) {
      const isLength = parsed.error.issues.every(({ code }) => code === 'too_small' || code === 'too_big');
      const detail = 'The only member, "operations", must be a list of 1 to 100.';
      throw new HttpProblem(isLength ? 'value_invalid' : 'body_invalid', detail);
    }
    const results = await Promise.all(parsed.data.operations.map((item) => trackOneResult(item, call)));
    return jsonResponse(call, 200, { body: { results } });
  }

  async function trackOneResult(item: unknown, call: Call) {
    try {
      return await trackOne(item, call);
    } catch (error) {
      const { status, code, message } = problemOf(error);
      return { status, error: { code, message } };
    }
  }

  async function trackOne(item: unknown, { traceparent }: Call) {
    const tracked = await flows.track({ ...readTrackRequest(item, home), traceparent });
    switch (tracked.outcome) {
      case 'created':
        return { status: 201, operation: tracked.operation };
      case 'existing':
        return { status: 200, operation: tracked.operation };
      case 'generationUnknown':
        throw new HttpProblem('generation_unknown');
      case 'storageBusy':
        throw new HttpProblem('storage_busy');
    }
  }
}

export function createListOperations({ flows }: Deps): Handle {
  return async function listOperations(call) {
    const query = readQueryOf(call.request, listQuery);
    const list: ListQuery = {
      kinds: query.kind === undefined ? null : [readName(kindName, query.kind) as Kind],
      states:
        query.state === undefined
          ? null
          : query.state.split(',').map((one): State => readName(stateName, one)),
      parentId: query.parentId ?? null,
      label: query.label ?? null,
      top: query.top ?? defaultTop,
      continuation: query.continuation ?? null,
    };
    const page = await flows.list(list);
    if ('outcome' in page)
      throw new HttpProblem('query_invalid', 'The continuation does not belong to this query.');
    const { value, continuation } = page;
    const nextLink = continuation === null ? {} : { nextLink: nextLinkOf(call, continuation) };
    return jsonResponse(call, 200, { body: { value, ...nextLink } });
  };
}

function readName<T>(
  names: { safeParse(value: unknown): { success: true; data: T } | { success: false } },
  value: string,
): T {
  const parsed = names.safeParse(value);
  if (!parsed.success) throw new HttpProblem('query_invalid');
  return parsed.data;
}

/** The same query with the next place; the host's key is never repeated in a link. */
function nextLinkOf({ request }: Call, continuation: string): string {
  const next = new URLSearchParams();
  for (const name of ['kind', 'state', 'parentId', 'label', 'top']) {
    const value = request.query.get(name);
    if (value !== null) next.set(name, value);
  }
  next.set('continuation', continuation);
  return `/api/operations?${next.toString()}`;
}

/** The name of the only member of a body of many, which therefore stands first. */
const beginsMany = /^\s*\{\s*"operations"/;

function maxBytesOf(bytes: Uint8Array): number {
  return beginsMany.test(new TextDecoder().decode(bytes)) ? maxManyBytes : maxOneBytes;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
