// The OpenAPI document, made from the schemas that validate requests and answers.
import { z } from 'zod';
import { idempotencyKey, proxyPaths } from './openapi-proxy.ts';
import { type Answers, type Operation, operations } from './openapi-routes.ts';
import { problemCodes, statusOf } from './problem.ts';
import { components } from './schemas.ts';

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
    Object.entries(answers).map(
      ([status, { description, schema, mediaType = 'application/json', headers }]) => [
        status,
        {
          description,
          ...(headers ? headersOf(headers) : {}),
          ...(schema ? { content: { [mediaType]: { schema: refs(schema.split('|')) } } } : {}),
        },
      ],
    ),
  );
}

/** Every route can refuse a method or fail; others than public ones need a caller, and storage. */
function refusals(operation: Operation): Record<string, object> {
  const forCallers = operation.security === undefined ? [401, 403, 503] : [];
  const statuses = [405, 500, ...forCallers, ...operation.problems];
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
