// The attack list of the proxy through the built app in its host: one row of each sort. All their forms are held against
// the handlers in the files beside this one.
import { afterAll, beforeAll, beforeEach, test } from 'vitest';
import { type ConnectionHost, change, connection, graph, startConnectionHost } from './connection-host.ts';
import { expectProblem, type Sent } from './host-harness.ts';

const call = '9b2d1c3e-0000-4000-8000-00000000abcd';

let at: ConnectionHost;
beforeAll(async () => {
  at = await startConnectionHost();
});
afterAll(() => at.stop());
beforeEach(() => at.reset());

const refusals: readonly (readonly [
  what: string,
  method: string,
  path: string,
  sent: Sent,
  status: number,
  code: string,
])[] = [
  [
    'A-29 an encoded dot segment and slash',
    'GET',
    `${graph}/external/connections/..%2f..%2fusers`,
    {},
    400,
    'id_invalid',
  ],
  [
    'A-29 a doubly encoded dot segment',
    'GET',
    `${graph}/external/connections/%252e%252e`,
    {},
    400,
    'id_invalid',
  ],
  [
    'A-29 an encoded query',
    'GET',
    `${graph}/external/connections/hr1%3f$expand=items`,
    {},
    400,
    'id_invalid',
  ],
  ['A-29 an encoded NUL', 'GET', `${graph}/external/connections/hr1%00`, {}, 400, 'id_invalid'],
  [
    'A-29 an encoded line break',
    'GET',
    `${graph}/external/connections/hr1%0d%0aX-Evil:1`,
    {},
    400,
    'id_invalid',
  ],
  ['A-29 a host as id', 'GET', `${graph}/external/connections/%2f%2fevil`, {}, 400, 'id_invalid'],
  [
    'A-29 a host as id in the body',
    'PATCH',
    `${graph}/connections`,
    { body: '{"id":"//evil","name":"x"}' },
    400,
    'id_invalid',
  ],
  [
    'A-29 dot segments that the host resolves',
    'GET',
    `${graph}/external/connections/contosohr/../../users`,
    {},
    404,
    'route_not_found',
  ],
  ['A-32 a person', 'PATCH', `${graph}/users/${call}`, { body: change }, 404, 'route_not_found'],
  ['A-32 pages', 'GET', `${graph}/users/ada@contoso.com/onenote/pages`, {}, 404, 'route_not_found'],
  ['A-32 me', 'GET', `${graph}/me/onenote/operations/op`, {}, 404, 'route_not_found'],
  ['A-32 another version', 'GET', '/api/graph/v2/external/connections/contosohr', {}, 404, 'route_not_found'],
  [
    'A-32 a version in capitals',
    'GET',
    '/api/graph/V1.0/external/connections/contosohr',
    {},
    404,
    'route_not_found',
  ],
  [
    'A-32 the batch endpoint',
    'PATCH',
    `${graph}/$batch`,
    { body: '{"requests":[]}' },
    404,
    'route_not_found',
  ],
  ['A-34 a query of Graph', 'GET', `${connection}?$select=id&api-version=beta`, {}, 400, 'query_not_allowed'],
  [
    'A-34 a method in the query',
    'PATCH',
    `${connection}?_method=DELETE`,
    { body: change },
    400,
    'query_not_allowed',
  ],
  [
    'A-37 a configuration',
    'PATCH',
    connection,
    { body: `{"configuration":{"authorizedAppIds":["${call}"]}}` },
    403,
    'property_forbidden',
  ],
  [
    'A-38 apps beside a configuration',
    'PATCH',
    connection,
    { body: `{"authorizedAppIds":["${call}"]}` },
    400,
    'property_not_allowed',
  ],
  ['A-38 a state', 'PATCH', connection, { body: '{"state":"ready"}' }, 400, 'property_not_allowed'],
  [
    'A-38 a prototype',
    'PATCH',
    connection,
    { body: '{"__proto__":{"isAdmin":true}}' },
    400,
    'property_not_allowed',
  ],
  ['A-38 another id', 'PATCH', connection, { body: '{"id":"contosoit","name":"x"}' }, 400, 'id_mismatch'],
  [
    'A-39 an id that nobody tracks',
    'PATCH',
    `${graph}/commsOperation`,
    { body: '{"id":"op","status":"failed"}' },
    404,
    'operation_unknown',
  ],
  [
    'A-39 several ids',
    'PATCH',
    `${graph}/commsOperation`,
    { body: '{"id":["a","b"],"status":"failed"}' },
    400,
    'value_invalid',
  ],
  ['A-40 a name twice', 'PATCH', connection, { body: '{"name":"a","name":"b"}' }, 400, 'body_duplicate_key'],
  [
    'A-40 a word of no kind',
    'PATCH',
    `${connection}/operations/op`,
    { body: '{"status":"done"}' },
    400,
    'value_invalid',
  ],
  ['A-42 no body', 'PATCH', connection, { body: '' }, 400, 'body_empty'],
  ['A-42 half a surrogate', 'PATCH', connection, { body: '{"name":"\\ud800"}' }, 400, 'body_invalid_json'],
  [
    'A-42 bad UTF-8',
    'PATCH',
    connection,
    { body: Uint8Array.from([0x22, 0xff, 0x22]) },
    400,
    'body_invalid_json',
  ],
  [
    'A-43 a form',
    'PATCH',
    connection,
    { body: 'name=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    415,
    'media_type_unsupported',
  ],
  [
    'A-43 a compressed body',
    'PATCH',
    connection,
    { body: Uint8Array.from([0x1f, 0x8b]), headers: { 'content-encoding': 'gzip' } },
    415,
    'encoding_unsupported',
  ],
];

test.each(refusals)('%s is refused over HTTP too', async (_what, method, path, sent, status, code) => {
  expectProblem(await at.host.send(method, path, sent), status, code);
  await at.expectUnharmed();
});
