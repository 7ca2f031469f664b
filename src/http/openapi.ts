// The OpenAPI document, made from the schemas that validate requests and answers.
import { z } from 'zod';
import { proxyPaths } from './openapi-proxy.ts';
import { problemCodes, statusOf } from './problem.ts';
import { components } from './schemas.ts';

type Answers = Readonly<
  Record<number, { readonly description: string; readonly schema?: string; readonly mediaType?: string }>
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
  /** Who may call, where it is not a caller with a key or token of this app. */
  readonly security?: 'none' | 'platform';
};

const operations: readonly Operation[] = [
  {
    path: '/api/operations',
    method: 'post',
    id: 'trackOperations',
    tag: 'Operations',
    summary: 'Begin to watch one operation, or up to 100',
    body: ['TrackRequest', 'TrackManyRequest'],
    answers: {
      200: { description: 'Watched already, or the results of many', schema: 'Operation|TrackResults' },
      201: { description: 'Watched from now on', schema: 'Operation' },
    },
    problems: [400, 408, 413, 415, 503],
  },
  {
    path: '/api/operations',
    method: 'get',
    id: 'listOperations',
    tag: 'Operations',
    summary: 'List operations, live ones first',
    parameters: ['kind', 'state', 'parentId', 'label', 'top', 'continuation'],
    answers: { 200: { description: 'A page', schema: 'OperationList' } },
    problems: [400, 503],
  },
  {
    path: '/api/operations/{key}',
    method: 'get',
    id: 'readOperation',
    tag: 'Operations',
    summary: 'Read an operation, if wanted when it has ended',
    parameters: ['key', 'wait'],
    answers: {
      200: { description: 'The operation', schema: 'Operation' },
      304: { description: 'Not changed since the ETag' },
    },
    problems: [400, 404, 503],
  },
  {
    path: '/api/operations/{key}',
    method: 'delete',
    id: 'stopOperation',
    tag: 'Operations',
    summary: 'Stop watching',
    parameters: ['key', 'generation'],
    answers: { 200: { description: 'Ended as cancelled now, or ended before', schema: 'Operation' } },
    problems: [400, 404, 409, 503],
  },
  {
    path: '/api/operations/{key}/poll',
    method: 'post',
    id: 'pollOperation',
    tag: 'Operations',
    summary: 'Read Graph now',
    parameters: ['key'],
    answers: { 200: { description: 'The operation after the read', schema: 'Operation' } },
    problems: [400, 404, 409, 429, 502, 503],
  },
  {
    path: '/api/operations/{key}/events',
    method: 'get',
    id: 'listEvents',
    tag: 'Operations',
    summary: 'The published events, oldest first, verbatim',
    parameters: ['key'],
    answers: { 200: { description: 'All events of the key', schema: 'EventList' } },
    problems: [400, 404, 503],
  },
  {
    path: '/api/notifications/calls',
    method: 'post',
    id: 'takeCallNotifications',
    tag: 'Notifications',
    summary: 'Take call notifications of the platform',
    body: ['NotificationCollection'],
    answers: { 202: { description: 'Stored' } },
    problems: [400, 401, 404, 413, 415, 503],
    security: 'platform',
  },
  {
    path: '/api/notifications/graph',
    method: 'post',
    id: 'takeChangeNotifications',
    tag: 'Notifications',
    summary: 'Validate a subscription, or take its change notifications',
    parameters: ['validationToken'],
    body: ['NotificationCollection'],
    answers: {
      200: { description: 'The validation token', schema: 'ValidationToken', mediaType: 'text/plain' },
      202: { description: 'Taken' },
    },
    problems: [400, 413, 415],
    security: 'none',
  },
  {
    path: '/api/health/live',
    method: 'get',
    id: 'healthLive',
    tag: 'Health',
    summary: 'Whether the process answers',
    answers: { 200: { description: 'It does', schema: 'HealthStatus' } },
    problems: [],
    security: 'none',
  },
  {
    path: '/api/health/ready',
    method: 'get',
    id: 'healthReady',
    tag: 'Health',
    summary: 'Whether storage answers',
    answers: {
      200: { description: 'It does', schema: 'HealthStatus' },
      503: { description: 'It does not', schema: 'HealthStatus' },
    },
    problems: [],
    security: 'none',
  },
  {
    path: '/api/openapi.json',
    method: 'get',
    id: 'readOpenApi',
    tag: 'Health',
    summary: 'This document',
    answers: { 200: { description: 'OpenAPI 3.1' } },
    problems: [],
    security: 'none',
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
  validationToken: {
    name: 'validationToken',
    in: 'query',
    description: 'Given once, when a subscription is made; the body is empty then',
    schema: { type: 'string', maxLength: 4096 },
  },
  generation: {
    name: 'generation',
    in: 'query',
    description: 'Stop only this one',
    schema: { type: 'integer' },
  },
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
      { name: 'Notifications', description: 'What Microsoft Graph tells by itself' },
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
  platform: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'Token of the calling platform for the app id of the bot',
  },
} as const;

const securities = { none: [], platform: [{ platform: [] }] } as const;

function operationObject(operation: Operation): object {
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.security ? { security: securities[operation.security] } : {}),
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
    Object.entries(answers).map(([status, { description, schema, mediaType = 'application/json' }]) => [
      status,
      schema === undefined
        ? { description }
        : { description, content: { [mediaType]: { schema: refs(schema.split('|')) } } },
    ]),
  );
}

/** Every route can refuse a method or fail; routes with a key can be refused by the host, with an empty body. */
function refusals(operation: Operation): Record<string, object> {
  const statuses = [405, 500, ...operation.problems];
  const entries = statuses.map((status) => [String(status), problemAnswer(status)] as const);
  const keyless = operation.security ? [] : [['401', { description: 'No valid key or token' }] as const];
  return Object.fromEntries([...entries, ...keyless]);
}

function problemAnswer(status: number): object {
  const codes = problemCodes.filter((code) => statusOf(code) === status);
  return {
    description: `Refused: ${codes.join(', ')}`,
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
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
