// The attack list of the tracking API for what a caller writes into a well-formed body: no row of it reaches Graph or
// storage.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Answer } from './client.ts';
import { type Api, startApi } from './harness.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => {
  expect((await api.get('/api/operations')).json['value'], 'nothing is stored').toEqual([]);
  expect(await api.post({ resource: connection }), 'the next good request').toMatchObject({ status: 201 });
  await api.stop();
});
afterEach(() => expect(api.simulator.control.stats().httpRequests).toBe(0));

function expectRefused(answer: Answer, [status, code]: readonly [number, string]): void {
  expect(answer).toMatchObject({ status, json: { status, code } });
}

const connection = '/external/connections/contosohr/operations/op.1';
const call = '9b2d1c3e-0000-4000-8000-00000000abcd';

/** `ROOT` stands for the origin of the configured Graph. */
const resources: readonly string[] = [
  // another origin
  'https://evil.example/v1.0/external/connections/contosohr/operations/op.1',
  'https://graph.microsoft.com/v1.0/external/connections/contosohr/operations/op.1',
  'https://graph.microsoft.us/v1.0/external/connections/contosohr/operations/op.1',
  '//evil.example/v1.0/external/connections/contosohr/operations/op.1',
  '\\\\evil.example\\v1.0\\external\\connections\\contosohr\\operations\\op.1',
  `ROOT@evil.example/v1.0${connection}`,
  `ROOT.evil.example/v1.0${connection}`,
  `ROOT1/v1.0${connection}`,
  `ROOT\\@evil.example/v1.0${connection}`,
  `ROOT:443/v1.0${connection}`,
  `ROOT//v1.0${connection}`,
  `ROOTv1.0${connection}`,
  `http://user:pass@127.0.0.1/v1.0${connection}`,
  `https://127.0.0.1/v1.0${connection}`,
  `ftp://127.0.0.1/v1.0${connection}`,
  `javascript:alert(1)//v1.0${connection}`,
  `file:///v1.0${connection}`,
  `http:/v1.0${connection}`,
  'ROOT',
  'ROOT/',
  // another path
  '',
  '/',
  '/v1.0',
  '/me',
  '/users/ada/messages/1',
  '/external/connections/contosohr',
  '/external/connections/contosohr/items/1',
  '/external/connections/contosohr/operations',
  '/external/connections/contosohr/operations/',
  `${connection}/more`,
  `/v2.0${connection}`,
  `/V1.0${connection}`,
  `/v1.0/beta${connection}`,
  `/v1.0/v1.0${connection}`,
  `/$batch${connection}`,
  // ways up and around
  '/external/connections/contosohr/operations/..',
  '/external/connections/contosohr/operations/.',
  '/external/connections/contosohr/operations/%2e%2e',
  '/external/connections/contosohr/operations/.%2E',
  '/external/connections/../operations/op.1',
  '/external/connections/contosohr/../contosohr/operations/op.1',
  '/external/connections/contosohr%2foperations/op.1',
  '/external/connections/contosohr/operations/..%2f..%2fusers',
  '/external/connections/contosohr/operations/..%5c..%5cusers',
  '/external/connections/contosohr/operations/a%252e%252e',
  '/external/connections/contosohr/operations/%c0%ae%c0%ae',
  '/external//connections/contosohr/operations/op.1',
  // more than a path
  `${connection}?$expand=x`,
  `${connection}%3fx=1`,
  `${connection}#x`,
  `${connection}%23x`,
  `${connection};x=1`,
  `${connection}%00`,
  `${connection}%0d%0aHost:evil.example`,
  `${connection}\r\nHost: evil.example`,
  `${connection}\t`,
  ` ${connection}`,
  `${connection} `,
  `${connection}\u202e`,
  `${connection}％２ｅ`,
  `${connection}%`,
  `${connection}%zz`,
  `${connection}%ff`,
  // ids outside their grammar
  "/external/connections('a')/operations('b')",
  "/external/connections('contosohr')/operations('op.1",
  "/external/connections('contoso'hr')/operations('op.1')",
  "/external/connections('contosohr')('op.1')",
  '/external/connections(contosohr)/operations(op.1)',
  '/external/connections/ab/operations/op.1',
  '/external/connections/contoso-hr/operations/op.1',
  `/external/connections/${'a'.repeat(33)}/operations/op.1`,
  '/external/connections/contosohr/operations/-op',
  `/external/connections/contosohr/operations/${'a'.repeat(257)}`,
  '/communications/calls/x/operations/op.1',
  `/communications/calls/${call}0/operations/op.1`,
  `/communications/calls/{${call}}/operations/op.1`,
  '/users/$ada@contoso.com/onenote/operations/op.1',
  '/users/@contoso.com/onenote/operations/op.1',
  '/groups/ada@contoso.com/onenote/operations/op.1',
  '/sites/root/onenote/operations/op.1',
  `/sites/contoso.sharepoint.com,${call}/onenote/operations/op.1`,
  '/me/onenote/operations/op.1',
  `/external/connections/contosohr/operations/${'a'.repeat(10_240)}`,
];

describe('A-58: a resource', () => {
  test.each(resources.map((resource) => [resource.slice(0, 80), resource]))(
    '%j is refused',
    async (_what, text) => {
      const resource = text.replace('ROOT', api.simulator.url);
      expectRefused(await api.post({ resource }), [400, 'resource_invalid']);
    },
  );

  test.each([
    ['a number', { resource: 1 }],
    ['null', { resource: null }],
    ['a list', { resource: [connection] }],
    ['an object', { resource: { path: connection } }],
    ['missing', {}],
    ['beside an unknown member', { resource: connection, url: connection }],
  ])('that is %s is refused', async (_what, body) => {
    expectRefused(await api.post(body), [400, 'body_invalid']);
  });

  test('whose version differs from the one beside it is refused', async () => {
    const body = { resource: `/v1.0${connection}`, version: 'beta' };
    expectRefused(await api.post(body), [400, 'resource_invalid']);
  });
});

const sixteen = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`n${index}`, 'x']));
const token = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl';

describe('A-59: a request', () => {
  test.each<[string, object, string]>([
    ['for another tenant', { tenantId: call }, 'tenant_not_allowed'],
    ['for no tenant', { tenantId: '' }, 'tenant_not_allowed'],
    ['for all tenants', { tenantId: '*' }, 'tenant_not_allowed'],
    ['for a tenant that is a number', { tenantId: 1 }, 'body_invalid'],
    ...[-1, 0, 0.5, 2_592_001, 1e12, '60', null].map((deadlineSeconds): [string, object, string] => [
      `with ${JSON.stringify(deadlineSeconds)} as deadline`,
      { deadlineSeconds },
      'value_invalid',
    ]),
    ...[-1, 0, 1.5, 1e10, 1e300, 'x', null, []].map((restartAfter): [string, object, string] => [
      `with ${JSON.stringify(restartAfter)} as restartAfter`,
      { restartAfter },
      'value_invalid',
    ]),
    ...['v2.0', 'V1.0', '', 1, null].map((version): [string, object, string] => [
      `with ${JSON.stringify(version)} as version`,
      { version },
      'value_invalid',
    ]),
    ['with a label of 129 characters', { label: 'x'.repeat(129) }, 'value_invalid'],
    ['with a label of two lines', { label: 'a\r\nb' }, 'value_invalid'],
    ['with a coloured label', { label: '\u001b[31mred' }, 'value_invalid'],
    ['with a label that is a number', { label: 1 }, 'value_invalid'],
    ['with a token as label', { label: `Bearer ${token}` }, 'value_invalid'],
    ['with 17 names of metadata', { metadata: { ...sixteen, more: 'x' } }, 'value_invalid'],
    ['with a long name in metadata', { metadata: { ['n'.repeat(65)]: 'x' } }, 'value_invalid'],
    ['with an empty name in metadata', { metadata: { '': 'x' } }, 'value_invalid'],
    ['with a name that is a path in metadata', { metadata: { 'a/b': 'x' } }, 'value_invalid'],
    ['with a text of 257 characters in metadata', { metadata: { a: 'x'.repeat(257) } }, 'value_invalid'],
    ['with a number in metadata', { metadata: { a: 1 } }, 'value_invalid'],
    ['with depth in metadata', { metadata: { a: { b: 'x' } } }, 'value_invalid'],
    ['with a list as metadata', { metadata: ['x'] }, 'value_invalid'],
    ['with control characters in metadata', { metadata: { a: 'a\u007fb' } }, 'value_invalid'],
    ['with a token in metadata', { metadata: { a: token } }, 'value_invalid'],
    ['with constructor in metadata', { metadata: { constructor: 'x' } }, 'property_not_allowed'],
  ])('%s is refused', async (_what, more, code) => {
    expectRefused(await api.post({ resource: connection, ...more }), [400, code]);
  });

  test.each<[string, unknown, string]>([
    ['none', [], 'value_invalid'],
    ['101', Array.from({ length: 101 }, () => ({ resource: connection })), 'value_invalid'],
    ['what is no list', { 0: { resource: connection } }, 'body_invalid'],
    ['a text', connection, 'body_invalid'],
    ['null', null, 'body_invalid'],
  ])('for many that has %s is refused', async (_what, operations, code) => {
    expectRefused(await api.post({ operations }), [400, code]);
  });

  test('for one and many at once is refused', async () => {
    const body = { resource: connection, operations: [{ resource: connection }] };
    expectRefused(await api.post(body), [400, 'body_invalid']);
  });

  test('with a query is refused', async () => {
    for (const query of ['x=1', 'resource=a', '$filter=true'])
      expectRefused(await api.send('POST', `/api/operations?${query}`, { body: { resource: connection } }), [
        400,
        'query_invalid',
      ]);
  });
});
