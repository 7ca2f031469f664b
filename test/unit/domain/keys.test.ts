// Keys and shards: functions of what they name, injective, evenly spread and legal as row keys.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fraction, keyOf, kindOfKey, parseShard, shardOf, shardsOf } from '../../../src/domain/keys.ts';
import { kindNames, kinds } from '../../../src/domain/kinds.ts';
import type { Cloud, Kind } from '../../../src/domain/operation.ts';
import { parseResource } from '../../../src/domain/resources.ts';
import { home } from '../../fixtures/builders.ts';

const kindNamed = fc.constantFrom<Kind>(...kindNames);
const cloud = fc.constantFrom<Cloud>('global', 'usgov', 'usgovdod', 'custom');
const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: length, maxLength: length });
const letters = 'ABCXYZabcxyz0189'.split('');
const word = (more: string, maxLength: number) =>
  fc
    .tuple(
      fc.constantFrom(...letters),
      fc.string({ unit: fc.constantFrom(...letters, ...more.split('')), maxLength }),
    )
    .map((parts) => parts.join(''));

/** A GUID in lower case with dashes, from few so that equal ones occur. */
const guid = fc
  .tuple(hex(8), fc.constantFrom('0000', 'abcd'), hex(4))
  .map(([head, middle, tail]) => `${head}-${middle}-4000-8000-00000000${tail}`);
const operation = fc.oneof(word('._-', 40), guid);
const site = fc.oneof(
  guid,
  fc.tuple(guid, guid).map(([one, other]) => `contoso.sharepoint.com,${one},${other}`),
);
const principal = fc
  .tuple(word("._'#$!^~+-", 20), word('.-', 20))
  .map((parts) => parts.join('@').toLowerCase());

/** Canonical paths of every template. */
const path = fc.oneof(
  fc.tuple(
    fc.constant('/external/connections/'),
    word('', 20).filter((id) => id.length > 2),
    fc.constant(''),
    operation,
  ),
  fc.tuple(fc.constant('/communications/calls/'), guid, fc.constant(''), operation),
  fc.tuple(fc.constantFrom('/users/', '/groups/', '/sites/'), guid, fc.constant('/onenote'), operation),
  fc.tuple(fc.constant('/users/'), principal, fc.constant('/onenote'), operation),
  fc.tuple(
    guid.map((id) => `/groups/${id}/sites/`),
    site,
    fc.constant('/onenote'),
    operation,
  ),
);
type Path = readonly [before: string, parent: string, middle: string, operation: string];
const addressOf = ([before, parent, middle, id]: Path): string =>
  `${before}${encodeURIComponent(parent)}${middle}/operations/${encodeURIComponent(id)}`;

/** Another spelling of a path, decided by a few bits. */
function respell([before, parent, middle, id]: Path, bits: number): string {
  const on = (bit: number): boolean => Math.floor(bits / 2 ** bit) % 2 === 1;
  const guids = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
  const spellGuid = (text: string): string =>
    text.replace(guids, (one) => (on(0) ? one.toUpperCase() : one).replaceAll('-', on(1) ? '' : '-'));
  const encode = (text: string): string =>
    on(2)
      ? text
          .split('')
          .map((one) => `%${one.charCodeAt(0).toString(16).padStart(2, '0')}`)
          .join('')
      : encodeURIComponent(text);
  const keyed = (text: string): string =>
    on(3)
      ? `('${encode(text).replaceAll(on(2) ? '%27' : "'", on(2) ? '%27%27' : "''")}')`
      : `/${encode(text)}`;
  const spelledParent = spellGuid(parent.includes('@') && on(4) ? parent.toUpperCase() : parent);
  const isGuid = id.replace(guids, '') === '';
  const alias = on(5) ? before.replace('/external/', '/').replace('/communications/', '/app/') : before;
  const root = spellGuid(on(6) ? alias.replace(/^\/[a-z]+/, (one) => one.toUpperCase()) : alias).replace(
    /\/$/,
    '',
  );
  const start = [on(7) ? home.root : '', on(8) ? '/beta' : ''].join('');
  const operations = `${middle}/operations${keyed(isGuid ? spellGuid(id) : id)}`;
  return `${start}${root}${keyed(spelledParent)}${operations}${on(9) ? '/' : ''}`;
}

describe('a key', () => {
  test('is the same for every spelling of any resource', () => {
    fc.assert(
      fc.property(path, fc.nat({ max: 1023 }), (one, bits) => {
        const spelling = respell(one, bits);
        const key = parseResource(addressOf(one), home)?.key;
        expect(key).toMatch(/^[cmn][a-z2-7]{25}$/);
        expect([spelling, parseResource(spelling, home)?.key]).toEqual([spelling, key]);
      }),
      { numRuns: 3000 },
    );
  });

  test('differs for any two paths, clouds and tenants that differ', () => {
    const tenantId = fc.constantFrom(home.tenantId, '11111111-2222-3333-4444-555555555556');
    const identity = fc.record({ path, cloud: fc.constantFrom<Cloud>('global', 'custom'), tenantId });
    const keys = new Map<string, string>();
    fc.assert(
      fc.property(identity, ({ path: one, ...at }) => {
        const address = addressOf(one);
        const key = parseResource(address, { ...home, ...at })?.key ?? '';
        const text = JSON.stringify([at.cloud, at.tenantId, address]);
        expect(keys.get(key) ?? text).toBe(text);
        keys.set(key, text);
      }),
      { numRuns: 5000 },
    );
    expect(new Set(keys.values()).size).toBe(keys.size);
    expect(keys.size).toBeGreaterThan(4000);
  });

  test('differs when text moves from one part of the identity to the next', () => {
    const part = fc.string({ unit: fc.constantFrom('a', 'b', '/', '-'), maxLength: 3 });
    const parts = fc.record({ kind: kindNamed, cloud, tenantId: part, identityPath: part });
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const same = JSON.stringify(one) === JSON.stringify(other);
        expect(keyOf(kinds[one.kind], one) === keyOf(kinds[other.kind], other)).toBe(same);
      }),
      { numRuns: 3000, examples: [[aPart('a', '/b'), aPart('a/', 'b')]] },
    );
  });

  function aPart(tenantId: string, identityPath: string) {
    return { kind: 'commsOperation', cloud: 'global', tenantId, identityPath } as const;
  }

  test('does not change with the case of the tenant, nor with the release', () => {
    const row = kinds.connectionOperation;
    const identity = {
      cloud: 'global',
      tenantId: 'ABCD',
      identityPath: 'external/connections/hr1/operations/1',
    } as const;
    expect(keyOf(row, identity)).toBe(keyOf(row, { ...identity, tenantId: 'abcd' }));
    // Rows of every release so far are found by this key: it never changes.
    expect(keyOf(row, identity)).toBe('cfrd6iy6isp2aqsmct2od4eij2');
  });

  test.each<[start: string, kind: Kind | undefined]>([
    ['c', 'connectionOperation'],
    ['m', 'commsOperation'],
    ['n', 'onenoteOperation'],
    ['x', undefined],
  ])('that begins with %s belongs to %s', (start, kind) => {
    for (const rest of ['a', 'z', '2', '7']) expect(kindOfKey(start + rest.repeat(25))).toBe(kind ?? null);
  });

  const a24 = 'a'.repeat(24);
  const noKeys = [
    'c',
    `c${a24}`,
    `c${a24}aa`,
    `C${a24}a`,
    `c${a24}A`,
    `c${a24}1`,
    `c${a24}8`,
    `c${a24}é`,
    `c${a24} `,
  ];
  const more = [
    '',
    '..',
    '%00',
    `c${a24}\n`,
    `c${a24}a\n`,
    `\nc${a24}a`,
    `c${a24}\0`,
    "c' or PartitionKey ne 'aaa",
  ];
  test.each([...noKeys, ...more])('is not %j', (text) => {
    expect(kindOfKey(text)).toBeNull();
  });

  test('and every row key made of it are legal in Azure Tables', () => {
    fc.assert(
      fc.property(path, (one) => {
        const { key, kind } = parseResource(addressOf(one), home) ?? { key: '', kind: null };
        expect(kindOfKey(key)).toBe(kind);
        // No "/", "\\", "#", "?" and no control character, 1,024 characters at most. @see Table service data model
        expect(`outbox!${key}!${'9'.repeat(12)}!${'9'.repeat(10)}`).toMatch(/^[a-z0-9!]{1,64}$/);
      }),
    );
  });
});

const manyKeys = Array.from({ length: 12_800 }, (_, index) =>
  keyOf(kinds.connectionOperation, {
    cloud: 'global',
    tenantId: 't',
    identityPath: `external/connections/hr1/operations/${index}`,
  }),
);

describe('a shard', () => {
  test.each([1, 2, 3, 7, 10, 64])('of %i holds its even share of keys', (count) => {
    const sizes = new Map(shardsOf('connectionOperation', count).map((shard) => [shard, 0]));
    for (const key of manyKeys) {
      const shard = shardOf('connectionOperation', key, count);
      sizes.set(shard, (sizes.get(shard) ?? Number.NaN) + 1);
    }
    const share = manyKeys.length / count;
    // Four standard deviations of a fair draw.
    const margin = 4 * Math.sqrt(share);
    for (const size of sizes.values()) expect(Math.abs(size - share)).toBeLessThanOrEqual(margin);
    expect(sizes.size).toBe(count);
  });

  test('of a key is the same whenever it is asked for, and one of its kind', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...manyKeys),
        kindNamed,
        fc.integer({ min: 1, max: 64 }),
        (key, kind, count) => {
          const shard = shardOf(kind, key, count);
          expect(shardOf(kind, key, count)).toBe(shard);
          expect(shardsOf(kind, count)).toContain(shard);
          expect(shard).toMatch(new RegExp(`^${kind}-\\d\\d$`));
          expect(parseShard(shard, count)).toEqual({ kind, shard });
        },
      ),
    );
  });

  test('is read from the names of a deployment and from no other text', () => {
    for (const kind of kindNames) {
      const names = shardsOf(kind, 64);
      expect(new Set(names).size).toBe(64);
      expect(names.toSorted()).toEqual(names);
      for (const shard of names) expect(parseShard(shard, 64)).toEqual({ kind, shard });
    }
    const others = [
      'connectionOperation-64',
      'connectionOperation-0',
      'connectionOperation-000',
      'commsOperation',
    ];
    const more = [
      'connectionoperation-00',
      'x-00',
      '-00',
      '',
      'meta',
      'connectionOperation-00 ',
      '__proto__-00',
    ];
    for (const name of [...others, ...more]) expect(parseShard(name, 64)).toBeNull();
    expect(parseShard('connectionOperation-02', 2)).toBeNull();
  });
});

test.each(['shard', 'phase'] as const)('the %s of keys is spread evenly from 0 to 2^30', (purpose) => {
  const values = manyKeys.map((key) => fraction(key, purpose) / 2 ** 30);
  const tenths = Array.from(
    { length: 10 },
    (_, tenth) => values.filter((value) => Math.floor(value * 10) === tenth).length,
  );
  for (const size of tenths) expect(Math.abs(size - 1280)).toBeLessThanOrEqual(4 * Math.sqrt(1280));
  expect(tenths.reduce((sum, size) => sum + size)).toBe(manyKeys.length);
});
