// Every operation of the OpenAPI document, asked with what its schemas describe and with what they don't: the answer is
// one that the document promises, in the shape that it promises, and never our failure. FUZZ_SEED repeats a run,
// FUZZ_RUNS is how many requests each operation gets.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openApiDocument } from '../../../src/http/openapi.ts';
import { claimsWith, type Issuer, makeToken, startIssuer } from '../../fixtures/issuer.ts';
import { present } from '../../fixtures/present.ts';
import { type Schema, spoiled, valuesOf } from '../../fixtures/schema-values.ts';
import { type Api, startApi, tenant } from './harness.ts';

const runs = Number(process.env['FUZZ_RUNS'] ?? 5);
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);

type Parameter = { readonly name: string; readonly in: string; readonly schema: Schema };
type Operation = {
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
};
type Row = { readonly method: string; readonly template: string; readonly operation: Operation };
type Request = {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
};

type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
  };
};

const document: Document = JSON.parse(JSON.stringify(openApiDocument()));
const bot = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';

function nameIn(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}

function schemaValues(schema: Schema): fc.Arbitrary<unknown> {
  return valuesOf(schema, (ref) => present(document.components.schemas[nameIn(ref)]));
}

/** A path's own parameters hold for each of its methods. */
const rows: readonly Row[] = Object.entries(document.paths).flatMap(
  ([template, { parameters = [], ...methods }]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      template,
      operation: {
        ...operation,
        parameters: [...(parameters as readonly Parameter[]), ...(operation.parameters ?? [])],
      },
    })),
);

let api: Api;
let issuer: Issuer;
let token: string;
/** What is really there, by the names of parameters: most guesses would find nothing. */
const there: Record<string, string[]> = { version: ['v1.0'], wait: ['0'], top: ['1'] };
beforeAll(async () => {
  console.log(`FUZZ_SEED=${seed}`);
  issuer = await startIssuer();
  const { privateKey } = issuer.addKey('first');
  token = makeToken(privateKey, {
    claims: claimsWith({ iss: 'https://api.botframework.com', aud: bot, tid: tenant }),
  });
  api = await startApi({
    env: { OPWATCH_CALLS_APP_ID: bot, OPWATCH_CALLS_OPENID_URL: issuer.openIdUrl },
  });
  const kinds = ['connectionOperation', 'commsOperation', 'onenoteOperation'] as const;
  for (const path of kinds.map((kind) => api.addOperation(kind))) {
    const { json } = await api.post({ resource: path });
    const segments = path.split('/');
    put('key', String(json['key']));
    put('operationId', segments.at(-1) ?? '');
    for (const name of ['connectionId', 'callId', 'userId', 'groupId', 'siteId'])
      put(name, segments[3] ?? '');
    put('userId', segments[2] ?? '');
  }
});
afterAll(async () => {
  await api.stop();
  await issuer.stop();
});

function put(name: string, value: string): void {
  there[name] = [...(there[name] ?? []), value];
}

/** As a caller would write it, or anybody else. */
function parameterOf({ name, schema }: Parameter): fc.Arbitrary<string> {
  const known = there[name] ?? [];
  const described = name === 'wait' ? fc.constantFrom('0', '-1', 'x') : schemaValues(schema).map(String);
  return fc.oneof(
    ...(known.length === 0 ? [] : [{ weight: 4, arbitrary: fc.constantFrom(...known) }]),
    { weight: 3, arbitrary: described },
    { weight: 1, arbitrary: fc.string({ minLength: 1, unit: 'binary' }) },
  );
}

function bodyOf({ requestBody }: Operation): fc.Arbitrary<string | undefined> {
  if (requestBody === undefined) return fc.constant(undefined);
  const [{ schema } = { schema: {} }] = Object.values(requestBody.content);
  const values = schemaValues(schema);
  const resource = fc.constantFrom(...api.simulator.control.ids().map(({ path }) => path));
  const real = fc
    .tuple(values, resource)
    .map(([value, path]) =>
      typeof value === 'object' && value !== null && 'resource' in value
        ? { ...value, resource: path }
        : value,
    );
  return fc.oneof(
    { weight: 3, arbitrary: real.map((value) => JSON.stringify(value)) },
    { weight: 3, arbitrary: spoiled(real).map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  );
}

const mediaTypes = fc.oneof(
  { weight: 8, arbitrary: fc.constant('application/json') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'application/merge-patch+json',
      'text/plain',
      'x',
      'application/json; charset=utf-16',
    ),
  },
);
/** Printable ASCII: what else may stand in a header is not sent by this client. */
const headerTexts = fc.stringMatching(/^[!-~]{1,40}$/);

function requestOf({ template, operation }: Row): fc.Arbitrary<Request> {
  const parameters = (operation.parameters ?? []).map((one) =>
    '$ref' in one ? present(document.components.parameters[nameIn(one.$ref)]) : one,
  );
  const of = (place: string): fc.Arbitrary<Readonly<Record<string, string>>> => {
    const own = parameters.filter((one) => one.in === place);
    const values = own.map(
      (one) =>
        [one.name, place === 'header' ? fc.oneof(headerTexts, described(one)) : parameterOf(one)] as const,
    );
    const record = fc.record(Object.fromEntries(values), place === 'path' ? {} : { requiredKeys: [] });
    return record.map((given) => given as Readonly<Record<string, string>>);
  };
  return fc
    .record({
      path: of('path'),
      query: of('query'),
      header: of('header'),
      body: bodyOf(operation),
      type: mediaTypes,
      caller: fc.uuid(),
    })
    .map(({ path, query, header, body, type, caller }) => ({
      path: `${template.replaceAll(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(path[name] ?? ''))}${queryText(query)}`,
      headers: {
        ...header,
        ...(body === undefined ? {} : { 'content-type': type }),
        ...(template.endsWith('/calls') ? { authorization: `Bearer ${token}` } : {}),
        // Each a caller of its own, or most would be told that there were too many.
        'x-functions-key': caller,
      },
      body,
    }));
}

function described({ schema }: Parameter): fc.Arbitrary<string> {
  return schema.pattern === undefined ? headerTexts : schemaValues(schema).map(String);
}

function queryText(query: Readonly<Record<string, string>>): string {
  const text = Object.entries(query)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  return text === '' ? '' : `?${text}`;
}

describe('whatever is asked of', () => {
  test.each(rows)(
    '$method $template, the answer is documented and no failure of ours',
    {
      timeout: 30_000 + runs * 500,
    },
    async (row) => {
      await fc.assert(
        fc.asyncProperty(requestOf(row), async ({ path, headers, body }) => {
          const answer = await api.send(row.method, path, { headers, body });
          expect({ isOurs: answer.status >= 500, answer }).toMatchObject({ isOurs: false });
        }),
        { numRuns: runs, seed },
      );
    },
  );

  test('the service goes on', async () => {
    expect((await api.get('/api/health/ready')).json).toEqual({ status: 'pass' });
    expect(api.lines.filter((line) => line.includes('internal_error'))).toEqual([]);
  });
});
