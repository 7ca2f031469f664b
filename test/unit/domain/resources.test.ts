// Which addresses name an operation, and that all spellings of one are one. Whatever else a caller writes names nothing.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Version } from '../../../src/domain/operation.ts';
import { type GraphHome, parseResource } from '../../../src/domain/resources.ts';
import { home } from '../../fixtures/builders.ts';

const root = home.root;
const call = '9b2d1c3e-0000-4000-8000-00000000abcd';
const op = '0fe0623f-d628-42ed-b4bd-8ac290072cc5';
const group = '0a1b2c3d-0000-4000-8000-0000000000ff';
const bare = (guid: string): string => guid.replaceAll('-', '');
const upper = (guid: string): string => guid.toUpperCase();

function keyOf(address: string, at: GraphHome = home, version: Version | null = null): string | undefined {
  return parseResource(address, at, version)?.key;
}

/** Each resource with its canonical path and other legal spellings of it. */
const resources: readonly { kind: string; path: string; parent: string; spellings: readonly string[] }[] = [
  {
    kind: 'connectionOperation',
    path: '/external/connections/contosohr/operations/1.neu.0f3c-A_b',
    parent: 'contosohr',
    spellings: [
      'external/connections/contosohr/operations/1.neu.0f3c-A_b',
      '/connections/contosohr/operations/1.neu.0f3c-A_b',
      '/External/Connections/contosohr/Operations/1.neu.0f3c-A_b',
      "/external/connections('contosohr')/operations('1.neu.0f3c-A_b')",
      "/external/connections('contosohr')/operations/1.neu.0f3c-A_b",
      '/external/connections(%27contosohr%27)/operations/1.neu.0f3c-A_b',
      '/external/connections%28%27contosohr%27%29/operations/1.neu.0f3c-A_b',
      "/connections/contosohr/operations('1%2Eneu%2e0f3c-A_b')",
      '/%65xternal/connections/contoso%68r/operations/1.neu.0f3c-A%5Fb',
      '/external/connections/contosohr/operations/1.neu.0f3c-A_b/',
    ],
  },
  {
    kind: 'connectionOperation',
    path: `/external/connections/contosohr/operations/${op}`,
    parent: 'contosohr',
    spellings: [upper(op), bare(op), upper(bare(op))].map((id) => `/connections/contosohr/operations/${id}`),
  },
  {
    kind: 'commsOperation',
    path: `/communications/calls/${call}/operations/${op}`,
    parent: call,
    spellings: [
      `/app/calls/${call}/operations/${op}`,
      `/App/Calls/${upper(bare(call))}/operations/${upper(bare(op))}`,
      `/communications/calls/${upper(call)}/operations/${bare(op)}`,
      `/app/calls('${upper(bare(call))}')/operations('${upper(op)}')`,
    ],
  },
  {
    kind: 'onenoteOperation',
    path: `/users/${call}/onenote/operations/1-x`,
    parent: call,
    spellings: [
      `/users/${upper(bare(call))}/onenote/operations/1-x`,
      `/Users('${call}')/OneNote/operations('1-x')`,
    ],
  },
  {
    kind: 'onenoteOperation',
    path: "/users/o'hara_contoso.com#ext#@fabrikam.com/onenote/operations/1-x",
    parent: "o'hara_contoso.com#ext#@fabrikam.com",
    spellings: [
      "/users/O'Hara_contoso.com%23EXT%23@Fabrikam.com/onenote/operations/1-x",
      '/users/o%27hara_contoso.com%23ext%23%40fabrikam.com/onenote/operations/1-x',
      "/users('o''hara_contoso.com%23EXT%23%40fabrikam.com')/onenote/operations('1-x')",
      '/users(%27o%27%27hara_contoso.com%23EXT%23%40fabrikam.com%27)/onenote/operations/1-x',
    ],
  },
  {
    kind: 'onenoteOperation',
    path: `/groups/${group}/onenote/operations/1-x`,
    parent: group,
    spellings: [
      `/groups/${upper(group)}/onenote/operations/1-x`,
      `/groups/${bare(group)}/onenote/operations/1-x`,
    ],
  },
  {
    kind: 'onenoteOperation',
    path: `/sites/contoso.sharepoint.com,${call},${group}/onenote/operations/1-x`,
    parent: `contoso.sharepoint.com,${call},${group}`,
    spellings: [
      `/sites/Contoso.SharePoint.com,${upper(call)},${bare(group)}/onenote/operations/1-x`,
      `/sites('contoso.sharepoint.com%2C${call}%2c${group}')/onenote/operations/1-x`,
    ],
  },
  {
    kind: 'onenoteOperation',
    path: `/groups/${group}/sites/${call}/onenote/operations/1-x`,
    parent: call,
    spellings: [`/groups('${bare(group)}')/sites('${upper(bare(call))}')/onenote/operations('1-x')`],
  },
];

describe.each(resources)('$path', ({ kind, path, parent, spellings }) => {
  const canonical = path.split('/').map(encodeURIComponent).join('/');

  test('is named by its canonical path', () => {
    expect(parseResource(canonical, home)).toEqual({
      key: expect.stringMatching(/^[cmn][a-z2-7]{25}$/),
      kind,
      resource: {
        cloud: 'global',
        tenantId: home.tenantId,
        version: 'v1.0',
        path,
        parentId: parent,
        operationId: path.split('/').at(-1),
      },
    });
  });

  test.each([canonical, ...spellings])('has the same key in the spelling %s', (spelling) => {
    const relative = spelling.replace(/^\//, '');
    const versions = ['v1.0', 'beta', 'v1%2E0', 'bet%61'].map((version) => `/${version}/${relative}`);
    for (const one of [spelling, ...versions]) {
      const absolute = one.startsWith('/') ? one : `/${one}`;
      for (const address of [one, `${root}${absolute}`, `HTTPS://Graph.Microsoft.COM${absolute}`]) {
        expect([address, keyOf(address)]).toEqual([address, keyOf(canonical)]);
      }
    }
  });

  test.each(spellings)('is called by its canonical path when it is spelled %s', (spelling) => {
    const named = parseResource(spelling, home)?.resource;
    // OneNote's operation ids are opaque and called as they came; here all are spelled alike.
    expect(named).toMatchObject({ path, parentId: parent });
  });
});

test('a GUID of a OneNote operation is called as it came and compared without case and dashes', () => {
  const at = (id: string) => parseResource(`/users/${call}/onenote/operations/${id}`, home);
  expect(at(upper(op))?.resource.operationId).toBe(upper(op));
  expect(new Set([op, upper(op), bare(op)].map((id) => at(id)?.key)).size).toBe(1);
});

describe('the version', () => {
  const path = '/external/connections/contosohr/operations/1';
  test.each<{ address: string; asked: Version | null; version: Version | undefined }>([
    { address: path, asked: null, version: 'v1.0' },
    { address: path, asked: 'beta', version: 'beta' },
    { address: `/beta${path}`, asked: null, version: 'beta' },
    { address: `/beta${path}`, asked: 'beta', version: 'beta' },
    { address: `${root}/beta${path}`, asked: 'v1.0', version: undefined },
    { address: `/v1.0${path}`, asked: 'beta', version: undefined },
    { address: `/v2.0${path}`, asked: null, version: undefined },
    { address: `/V1.0${path}`, asked: null, version: undefined },
    { address: `/v1.0/beta${path}`, asked: null, version: undefined },
  ])('of $address, asked for in $asked, is $version', ({ address, asked, version }) => {
    expect(parseResource(address, home, asked)?.resource.version).toBe(version);
  });
});

describe('a cloud', () => {
  const connection = '/external/connections/contosohr/operations/1';
  const onenote = `/users/${call}/onenote/operations/1`;
  const at = (cloud: GraphHome['cloud'], own = root): GraphHome => ({ ...home, cloud, root: own });
  test.each([
    { cloud: at('usgov'), address: connection, isNamed: true },
    { cloud: at('usgovdod'), address: `/app/calls/${call}/operations/1`, isNamed: true },
    { cloud: at('usgov'), address: onenote, isNamed: false },
    { cloud: at('usgovdod'), address: onenote, isNamed: false },
    { cloud: at('custom', 'http://127.0.0.1:7080'), address: onenote, isNamed: true },
    {
      cloud: at('custom', 'http://127.0.0.1:7080'),
      address: `http://127.0.0.1:7080${onenote}`,
      isNamed: true,
    },
    {
      cloud: at('custom', 'http://127.0.0.1:7080'),
      address: `http://127.0.0.1:70801${onenote}`,
      isNamed: false,
    },
    { cloud: at('custom', 'http://127.0.0.1:7080'), address: `http://127.0.0.1${onenote}`, isNamed: false },
    { cloud: at('usgov', 'https://graph.microsoft.us'), address: `${root}${connection}`, isNamed: false },
    { cloud: home, address: `https://graph.microsoft.us${connection}`, isNamed: false },
    { cloud: home, address: `https://dod-graph.microsoft.us${connection}`, isNamed: false },
  ])('$cloud.cloud at $cloud.root has $address: $isNamed', ({ cloud, address, isNamed }) => {
    expect(parseResource(address, cloud) !== null).toBe(isNamed);
  });
});

const literals =
  'external connections communications calls app users groups sites onenote operations v1.0 beta';
const ids = `${call} ${bare(call)} ${op} ${group} host,${call},${group} contosohr 1.neu.0f3c ada@contoso.com`;
/** The last of them is empty. */
const hostile = `connections('hr1') calls('x') operations('op') .. . %2e%2e %2f %5c %00 %zz %EF%BC%8E ;x=1 ? # \\ @evil https: ${root} `;

/** Segments of every spelling: literals, ids, and what an attacker would put between them. */
const piece = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(...literals.split(' '), ...ids.split(' '), ...hostile.split(' ')),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
);
const shaped = fc.oneof(
  fc.array(piece, { maxLength: 8 }),
  fc.tuple(piece, piece).map(([one, two]) => ['external', 'connections', one, 'operations', two]),
  fc.tuple(piece, piece).map(([one, two]) => ['app', 'calls', one, 'operations', two]),
  fc.tuple(piece, piece, piece).map(([first, one, two]) => [first, one, 'onenote', 'operations', two]),
);

test('whatever is written names a path that is read back as the same resource, segment by segment, or nothing', () => {
  let named = 0;
  fc.assert(
    fc.property(shaped, fc.constantFrom('', '/', root, `${root}/`), (parts, start) => {
      const found = parseResource(start + parts.join('/'), home);
      if (found === null) return;
      named += 1;
      const segments = found.resource.path.slice(1).split('/');
      const url = new URL(`${root}/${found.resource.version}/${segments.map(encodeURIComponent).join('/')}`);
      expect([url.origin, url.search, url.hash, url.username]).toEqual([root, '', '', '']);
      expect(url.pathname.split('/').slice(2).map(decodeURIComponent)).toEqual(segments);
      expect(segments.slice(-2)).toEqual(['operations', found.resource.operationId]);
      expect(parseResource(url.href, home)).toEqual(found);
    }),
    { numRuns: 5000 },
  );
  expect(named).toBeGreaterThan(50);
});
