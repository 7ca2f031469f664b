// The OpenAPI document, made from the schemas that validate requests and answers.
import { z } from 'zod';
import { idempotencyKey, proxyPaths } from './openapi-proxy.ts';
import { problemCodes, statusOf } from './problem.ts';
import { components } from './schemas.ts';

type Answers = Readonly<
  Record<
    number,
    { readonly description: string; readonly schema?: string; readonly headers?: readonly string[] }
  >
>;

type Operation = {
  readonly path: string;
  readonly method: 'get' | 'post' | 'delete' | 'patch';
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly parameters?: readonly string[];
  readonly body?: readonly string[];
  readonly answers: Answers;
  /** Statuses of problems beside those that every route has. */
  readonly problems: readonly number[];
  readonly isPublic?: true;
};

const operations: readonly Operation[] = [
  {
    path: '/api/operations',
    method: 'post',
    id: 'trackOperations',
    tag: 'Operations',
    summary: 'Begin to watch one operation, or up to 100',
    parameters: ['idempotencyKey'],
    body: ['TrackRequest', 'TrackManyRequest'],
    answers: {
      200: { description: 'Watched already, or the results of many', schema: 'Operation|TrackResults' },
      201: { description: 'Watched from now on', schema: 'Operation', headers: ['Location'] },
    },
    problems: [400, 409, 413, 415, 422, 504],
  },
  {
    path: '/api/operations',
    method: 'get',
    id: 'listOperations',
    tag: 'Operations',
    summary: 'List operations, live ones first',
    parameters: ['kind', 'state', 'parentId', 'label', 'top', 'continuation'],
    answers: { 200: { description: 'A page', schema: 'OperationList' } },
    problems: [400],
  },
  {
    path: '/api/operations/{key}',
    method: 'get',
    id: 'readOperation',
    tag: 'Operations',
    summary: 'Read an operation, if wanted when it has ended',
    parameters: ['key', 'wait', 'prefer', 'ifNoneMatch'],
    answers: {
      200: { description: 'The operation', schema: 'Operation', headers: ['ETag', 'Preference-Applied'] },
      304: { description: 'Not changed since the ETag', headers: ['ETag', 'Preference-Applied'] },
    },
    problems: [400, 404],
  },
  {
    path: '/api/operations/{key}',
    method: 'delete',
    id: 'stopOperation',
    tag: 'Operations',
    summary: 'Stop watching',
    parameters: ['key', 'generation'],
    answers: { 200: { description: 'Ended as cancelled now, or ended before', schema: 'Operation' } },
    problems: [400, 404, 409],
  },
  {
    path: '/api/operations/{key}/poll',
    method: 'post',
    id: 'pollOperation',
    tag: 'Operations',
    summary: 'Read Graph now',
    parameters: ['key'],
    answers: { 200: { description: 'The operation after the read', schema: 'Operation' } },
    problems: [400, 404, 409, 429, 502],
  },
  {
    path: '/api/operations/{key}/events',
    method: 'get',
    id: 'listEvents',
    tag: 'Operations',
    summary: 'The published events, oldest first, verbatim',
    parameters: ['key'],
    answers: { 200: { description: 'All events of the key', schema: 'EventList' } },
    problems: [400, 404],
  },
  {
    path: '/api/health/live',
    method: 'get',
    id: 'healthLive',
    tag: 'Health',
    summary: 'Whether the process answers',
    answers: { 200: { description: 'It does', schema: 'HealthStatus' } },
    problems: [],
    isPublic: true,
  },
  {
    path: '/api/health/ready',
    method: 'get',
    id: 'healthReady',
    tag: 'Health',
    summary: 'Whether storage answers',
    answers: {
      200: { description: 'It does', schema: 'Readiness' },
      503: { description: 'It does not', schema: 'Readiness', headers: ['Retry-After'] },
    },
    problems: [],
    isPublic: true,
  },
  {
    path: '/api/openapi.json',
    method: 'get',
    id: 'readOpenApi',
    tag: 'Health',
    summary: 'This document',
    answers: { 200: { description: 'OpenAPI 3.1' } },
    problems: [],
    isPublic: true,
  },
];

const text = { type: 'string' } as const;

const parameters: Readonly<Record<string, object>> = {
  key: { name: 'key', in: 'path', required: true, schema: { type: 'string', pattern: '^[a-z2-7]{26}$' } },
  kind: {
    name: 'kind',
    in: 'query',
    schema: { enum: ['connectionOperation', 'commsOperation', 'onenoteOperation'] },
  },
  state: { name: 'state', in: 'query', description: 'One or several, with commas', schema: text },
  parentId: { name: 'parentId', in: 'query', schema: text },
  label: { name: 'label', in: 'query', schema: text },
  top: { name: 'top', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 100, default: 50 } },
  continuation: { name: 'continuation', in: 'query', description: 'From nextLink', schema: text },
  wait: {
    name: 'wait',
    in: 'query',
    description: 'Seconds; over 60 counts as 60',
    schema: { type: 'integer', minimum: 0 },
  },
  generation: {
    name: 'generation',
    in: 'query',
    description: 'Stop only this one',
    schema: { type: 'integer' },
  },
  prefer: { name: 'Prefer', in: 'header', description: 'wait=S, as the query', schema: text },
  ifNoneMatch: { name: 'If-None-Match', in: 'header', schema: text },
  idempotencyKey,
};

/** The document; the same at every call. */
export function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: operationObject(operation) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Opwatch',
      version: '1.0.0',
      description: 'Watches long-running operations of Microsoft Graph and publishes their transitions.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'This deployment' }],
    tags: [
      { name: 'Operations', description: 'Watched operations' },
      { name: 'Graph', description: 'Microsoft Graph with the identity of the app' },
      { name: 'Health', description: 'Probes and this document' },
    ],
    security: [{ functionKey: [] }, { functionCode: [] }, { bearer: [] }],
    paths: { ...paths, ...proxyPaths() },
    components: { schemas: componentSchemas(), parameters, securitySchemes },
  };
}

const securitySchemes = {
  functionKey: { type: 'apiKey', in: 'header', name: 'x-functions-key' },
  functionCode: { type: 'apiKey', in: 'query', name: 'code' },
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
} as const;

function operationObject(operation: Operation): object {
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.isPublic ? { security: [] } : {}),
    ...(operation.parameters
      ? { parameters: operation.parameters.map((name) => ({ $ref: `#/components/parameters/${name}` })) }
      : {}),
    ...(operation.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: refs(operation.body) } } } }
      : {}),
    responses: { ...successes(operation.answers), ...refusals(operation) },
  };
}

function successes(answers: Answers): Record<string, object> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema, headers }]) => [
      status,
      {
        description,
        ...(headers ? headersOf(headers) : {}),
        ...(schema ? { content: { 'application/json': { schema: refs(schema.split('|')) } } } : {}),
      },
    ]),
  );
}

/** Every route can refuse a method or fail; others than public ones need a caller, and storage. */
function refusals(operation: Operation): Record<string, object> {
  const statuses = [405, 500, ...(operation.isPublic ? [] : [401, 403, 503]), ...operation.problems];
  return Object.fromEntries(statuses.map((status) => [String(status), problemAnswer(status)]));
}

const headersByStatus: Readonly<Record<number, readonly string[]>> = {
  401: ['WWW-Authenticate'],
  405: ['Allow'],
  429: ['Retry-After'],
  503: ['Retry-After'],
};

function problemAnswer(status: number): object {
  const codes = problemCodes.filter((code) => statusOf(code) === status);
  const headers = headersByStatus[status];
  return {
    description: `Refused: ${codes.join(', ')}${status === 401 ? '; empty where the host refuses a function key' : ''}`,
    ...(headers ? headersOf(headers) : {}),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

function headersOf(names: readonly string[]): object {
  return { headers: Object.fromEntries(names.map((name) => [name, { schema: text }])) };
}

function refs(ids: readonly string[]): object {
  const all = ids.map((id) => ({ $ref: `#/components/schemas/${id}` }));
  return all.length === 1 ? (all[0] ?? {}) : { oneOf: all };
}

function componentSchemas(): object {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(components)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    io: 'input',
    uri: (id) => `#/components/schemas/${id}`,
    unrepresentable: 'any',
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _dialect, $id: _id, ...schema }]) => [id, schema]),
  );
}
