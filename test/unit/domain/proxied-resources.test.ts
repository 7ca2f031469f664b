// Which paths the proxy serves, and what it makes of them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { connectionTarget, parseProxyAddress } from '../../../src/domain/proxied-resources.ts';
import type { GraphHome } from '../../../src/domain/resources.ts';

const home: GraphHome = {
  cloud: 'global',
  root: 'https://graph.microsoft.com',
  tenantId: '11111111-2222-4333-8444-555555555555',
};
const call = '9b2d1c3e-0000-4000-8000-00000000abcd';
const group = '0a1b2c3d-0000-4000-8000-0000000000ff';
const site = `contoso.sharepoint.com,${call},${group}`;

const served: readonly (readonly [path: string, resource: string, canonical: string])[] = [
  ['external/connections/contosohr', 'externalConnection', '/external/connections/contosohr'],
  ['connections/contosohr', 'externalConnection', '/external/connections/contosohr'],
  ['external/connections/contosohr/schema', 'schema', '/external/connections/contosohr/schema'],
  ['connections/contosohr/schema', 'schema', '/external/connections/contosohr/schema'],
  [
    'external/connections/hr1/operations/1.neu.0f',
    'connectionOperation',
    '/external/connections/hr1/operations/1.neu.0f',
  ],
  [
    "external/connections('hr1')/operations('1.neu.0f')",
    'connectionOperation',
    '/external/connections/hr1/operations/1.neu.0f',
  ],
  ['connections/hr1/operations/op', 'connectionOperation', '/external/connections/hr1/operations/op'],
  [
    `communications/calls/${call}/operations/op`,
    'commsOperation',
    `/communications/calls/${call}/operations/op`,
  ],
  [`app/calls/${call}/operations/op`, 'commsOperation', `/communications/calls/${call}/operations/op`],
  [
    `App/Calls/${call.toUpperCase()}/Operations/op`,
    'commsOperation',
    `/communications/calls/${call}/operations/op`,
  ],
  [
    `communications/calls/${call.replaceAll('-', '')}/operations/op`,
    'commsOperation',
    `/communications/calls/${call}/operations/op`,
  ],
  [`users/${call}/onenote/operations/op`, 'onenoteOperation', `/users/${call}/onenote/operations/op`],
  [
    'users/Ada@contoso.com/onenote/operations/op',
    'onenoteOperation',
    '/users/ada@contoso.com/onenote/operations/op',
  ],
  [
    'users/ada%40contoso.com/onenote/operations/op',
    'onenoteOperation',
    '/users/ada@contoso.com/onenote/operations/op',
  ],
  [`groups/${group}/onenote/operations/op`, 'onenoteOperation', `/groups/${group}/onenote/operations/op`],
  [`sites/${site}/onenote/operations/op`, 'onenoteOperation', `/sites/${site}/onenote/operations/op`],
  [
    `groups/${group}/sites/${site}/onenote/operations/op`,
    'onenoteOperation',
    `/groups/${group}/sites/${site}/onenote/operations/op`,
  ],
];

describe('a path that is served', () => {
  test.each(served)('%s is the resource %s', (path, name, canonical) => {
    for (const version of ['v1.0', 'beta'] as const) {
      const address = parseProxyAddress(version, path, home);
      expect(
        address.type === 'target' && { ...address.target, resource: address.target.resource.name },
      ).toEqual(expect.objectContaining({ resource: name, version, path: canonical }));
    }
  });

  test.each([
    ['connections/contosohr/schema', '/external/connections/{id}/schema'],
    ['external/connections/hr1/operations/1.neu.0f', '/external/connections/{id}/operations/{id}'],
    [`app/calls/${call}/operations/op`, '/communications/calls/{id}/operations/{id}'],
    ['users/Ada@contoso.com/onenote/operations/op', '/users/{id}/onenote/operations/{id}'],
    [
      `groups/${group}/sites/${site}/onenote/operations/op`,
      '/groups/{id}/sites/{id}/onenote/operations/{id}',
    ],
  ])('%s has a route that names nobody', (path, route) => {
    const address = parseProxyAddress('v1.0', path, home);
    expect(address.type === 'target' && address.target.route).toBe(route);
  });

  test('an operation has the same key in every spelling and version', () => {
    const keys = [
      parseProxyAddress('v1.0', `communications/calls/${call}/operations/op`, home),
      parseProxyAddress('beta', `app/calls/${call.toUpperCase()}/operations/op`, home),
      parseProxyAddress('beta', `app/calls('${call.replaceAll('-', '')}')/operations('op')`, home),
    ].map((address) => (address.type === 'target' ? address.target.named?.key : undefined));
    expect(keys[0]).toMatch(/^[a-z2-7]{26}$/);
    expect(new Set(keys).size).toBe(1);
  });

  test.each(['connections', 'externalConnection', 'connectionOperation', 'commsOperation', 'operation'])(
    '%s has its id in the body',
    (form) => {
      expect(parseProxyAddress('beta', form, home)).toEqual({ type: 'literal', form, version: 'beta' });
    },
  );

  test('a connection of a body makes the same path as that of an address', () => {
    expect(connectionTarget('contosohr', 'v1.0', home)?.path).toBe('/external/connections/contosohr');
    expect(connectionTarget('../users', 'v1.0', home)).toBeNull();
  });
});

const c32 = 'c'.repeat(32);
const badIds = [
  'ab',
  `${c32}c`,
  '..',
  '.',
  '%2e%2e',
  '.%2e',
  '..%2f..%2fusers',
  '..%5c..',
  '%5c',
  '%252e%252e',
  'a%2fb',
  'hr1%3f',
  'hr1%23',
  'hr1;x=1',
  'hr1%00',
  'hr1%09',
  'hr1%0d%0a',
  'hr%E2%80%AE1',
  '%EF%BD%88r1',
  '%zz',
  '',
  'https:%2f%2fevil.example',
  'graph.microsoft.com:x@evil.example',
  'hr1%20',
] as const;

describe('a path that is not served', () => {
  test.each(badIds)('the connection id "%s" is refused', (id) => {
    expect(parseProxyAddress('v1.0', `external/connections/${id}`, home).type).toBe('idInvalid');
    expect(parseProxyAddress('v1.0', `external/connections/${id}/schema`, home).type).toBe('idInvalid');
    const operation = `external/connections/${id}/operations/op`;
    expect(parseProxyAddress('v1.0', operation, home).type).toBe('idInvalid');
  });

  test.each([
    ['an operation id that begins with a dot', 'external/connections/hr1/operations/.op'],
    ['an operation id of 257 characters', `external/connections/hr1/operations/${'o'.repeat(257)}`],
    ['a call that is no GUID', 'communications/calls/mycall/operations/op'],
    ['a group that is no GUID', 'groups/mygroup/onenote/operations/op'],
    ['a user that is neither GUID nor principal name', 'users/ada/onenote/operations/op'],
    ['a site of one part', 'sites/root/onenote/operations/op'],
  ])('%s is an invalid id', (_what, path) => {
    expect(parseProxyAddress('v1.0', path, home)).toEqual({ type: 'idInvalid' });
  });

  test.each([
    'users/ada@contoso.com',
    'users/ada@contoso.com/onenote/pages/p',
    'me/onenote/operations/op',
    'external/connections',
    'external/connections/hr1/items/i',
    'external/connections/hr1/operations',
    'external/connections/hr1/operations/op/more',
    'external/connections/hr1/../hr2/extra/x',
    'toString',
    'constructor',
    '__proto__',
    'Connections',
    '',
  ])('the path "%s" is unknown', (path) => {
    expect(parseProxyAddress('v1.0', path, home).type).toBe('unknown');
  });

  test.each(['v2', 'V1.0', 'v1.0/..', '', 'Beta', '__proto__'])('the version "%s" is unknown', (version) => {
    expect(parseProxyAddress(version, 'external/connections/hr1', home)).toEqual({ type: 'unknown' });
  });
});

describe('whatever a caller writes', () => {
  const pieces = [
    'external',
    'connections',
    'communications',
    'calls',
    'app',
    'users',
    'groups',
    'sites',
    'onenote',
    'operations',
    'schema',
    call,
    group,
    site,
    'hr1',
    'ada@contoso.com',
    '..',
    '.',
    '',
    '%2e%2e',
    '%2f',
    '%5c',
    '%00',
    '%zz',
    ';x=1',
    "('hr1')",
    "operations('op')",
    '?',
    '#',
    '\\',
    '@evil.example',
    'https:',
    '\u202e',
    '$batch',
    '__proto__',
  ];
  const piece = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...pieces) },
    { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
  );
  const path = fc.oneof(
    fc.array(piece, { maxLength: 8 }),
    fc.tuple(piece, piece).map(([one, two]) => ['external', 'connections', one, 'operations', two]),
    fc.tuple(piece, piece).map(([one, two]) => ['app', 'calls', one, 'operations', two]),
    fc.tuple(piece, piece).map(([one, two]) => ['users', one, 'onenote', 'operations', two]),
    fc.tuple(piece, piece).map(([one, two]) => ['sites', one, 'onenote', 'operations', two]),
  );

  test('becomes a path of safe segments under a root that is served, or nothing', () => {
    fc.assert(
      fc.property(path, (parts) => {
        const address = parseProxyAddress('v1.0', parts.join('/'), home);
        if (address.type !== 'target') return;
        const segments = address.target.path.slice(1).split('/');
        expect(['external', 'communications', 'users', 'groups', 'sites']).toContain(segments[0]);
        for (const segment of segments) expect(segment).toMatch(/^[A-Za-z0-9][\w.,'#$!^~+@-]*$/);
        const url = new URL(`/v1.0/${segments.map(encodeURIComponent).join('/')}`, home.root);
        expect(url.origin).toBe(home.root);
        expect(url.pathname.split('/').slice(2).map(decodeURIComponent)).toEqual(segments);
      }),
      { numRuns: 3000 },
    );
  });
});
