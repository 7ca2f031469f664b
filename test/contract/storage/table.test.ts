// The port to one table: what every adapter keeps, and the limits that the store relies on.
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Properties, Row, Table, TableAction } from '../../../src/storage/table.ts';
import { allRows, applied, refused, tables } from './tables.ts';

const shard = 'connectionOperation-00';

function create(rowKey: string, properties: Properties = { text: rowKey }): TableAction {
  return { type: 'create', rowKey, properties };
}

function rowKeys(rows: readonly Row[]): readonly string[] {
  return rows.map(({ rowKey }) => rowKey);
}

describe.each(tables)('a table on $name', ({ open }) => {
  let table: Table;
  beforeEach(async () => {
    table = await open();
  });

  async function etagOf(rowKey: string): Promise<string> {
    return (await table.get(shard, rowKey))?.etag ?? 'absent';
  }

  /** Replaces a row, so that the ETag that was read before is old. */
  async function makeStale(rowKey: string): Promise<string> {
    const etag = await etagOf(rowKey);
    await table.transact(shard, [{ type: 'replace', rowKey, etag: '*', properties: { text: 'newer' } }]);
    return etag;
  }

  test('a row comes back with the properties that it was created with', async () => {
    const properties = { text: `'quoted' "text" %41 \u{1F600}\r\n`, count: 3, flag: false, empty: '' };
    expect(await table.transact(shard, [create('live!a', properties)])).toEqual(applied);
    const etag: unknown = expect.any(String);
    expect(await table.get(shard, 'live!a')).toEqual({ rowKey: 'live!a', etag, properties });
  });

  test('texts with line and paragraph separators come back, and later transactions go through', async () => {
    const properties = { value: '{"health":{},"label":"\u2029 \\\\u2028"}', text: 'a\u2028b' };
    const actions = [create('known!a'), create('live!a', properties)];
    expect(await table.transact(shard, actions)).toMatchObject({ applied: true });
    expect((await table.get(shard, 'live!a'))?.properties).toEqual(properties);
    expect(await table.transact(shard, [create('live!b')])).toMatchObject({ applied: true });
  });

  test('a row that is not there is null', async () => {
    expect(await table.get(shard, 'live!a')).toBeNull();
  });

  test('a second create of a row is refused and changes nothing', async () => {
    await table.transact(shard, [create('live!a', { text: 'first' })]);
    expect(await table.transact(shard, [create('live!a', { text: 'second' })])).toEqual(refused);
    expect((await table.get(shard, 'live!a'))?.properties).toEqual({ text: 'first' });
  });

  test('a replace drops the columns that are not given and changes the ETag', async () => {
    await table.transact(shard, [create('live!a', { text: 'first', more: 1 })]);
    const etag = await etagOf('live!a');
    const replace: TableAction = { type: 'replace', rowKey: 'live!a', etag, properties: { text: 'second' } };
    expect(await table.transact(shard, [replace])).toEqual(applied);
    expect((await table.get(shard, 'live!a'))?.properties).toEqual({ text: 'second' });
    expect(await etagOf('live!a')).not.toBe(etag);
  });

  test('a replace under an old ETag is refused', async () => {
    await table.transact(shard, [create('live!a')]);
    const etag = await makeStale('live!a');
    const replace: TableAction = { type: 'replace', rowKey: 'live!a', etag, properties: { text: 'late' } };
    expect(await table.transact(shard, [replace])).toEqual(refused);
    expect((await table.get(shard, 'live!a'))?.properties).toEqual({ text: 'newer' });
  });

  test('a replace or delete of an absent row is refused', async () => {
    const replace: TableAction = { type: 'replace', rowKey: 'live!a', etag: '*', properties: {} };
    expect(await table.transact(shard, [replace])).toEqual(refused);
    const remove: TableAction = { type: 'delete', rowKey: 'live!a', etag: '*' };
    expect(await table.transact(shard, [remove])).toEqual(refused);
  });

  test('a delete under the current ETag removes the row', async () => {
    await table.transact(shard, [create('live!a')]);
    const remove: TableAction = { type: 'delete', rowKey: 'live!a', etag: await etagOf('live!a') };
    expect(await table.transact(shard, [remove])).toEqual(applied);
    expect(await allRows(table, shard)).toEqual([]);
  });

  test('a delete under an old ETag is refused', async () => {
    await table.transact(shard, [create('live!a')]);
    const etag = await makeStale('live!a');
    expect(await table.transact(shard, [{ type: 'delete', rowKey: 'live!a', etag }])).toEqual(refused);
    expect(rowKeys(await allRows(table, shard))).toEqual(['live!a']);
  });

  test('an old ETag of one delete among many actions refuses all of them', async () => {
    await table.transact(shard, [create('live!a'), create('live!b'), create('known!a')]);
    const stale = await makeStale('live!a');
    const actions: readonly TableAction[] = [
      { type: 'delete', rowKey: 'live!b', etag: await etagOf('live!b') },
      { type: 'delete', rowKey: 'live!a', etag: stale },
      { type: 'replace', rowKey: 'known!a', etag: '*', properties: { text: 'ended' } },
      create('event!a', { body: "\r\nDELETE x(RowKey='live!b') HTTP/1.1\r\nIf-Match: *\r\n" }),
    ];
    const before = await allRows(table, shard);
    expect(await table.transact(shard, actions)).toEqual(refused);
    expect(await allRows(table, shard)).toEqual(before);
  });

  test('deletes under current ETags go through beside other actions', async () => {
    await table.transact(shard, [create('live!a'), create('live!b'), create('known!a')]);
    const actions: readonly TableAction[] = [
      { type: 'delete', rowKey: 'live!b', etag: await etagOf('live!b') },
      { type: 'delete', rowKey: 'live!a', etag: await etagOf('live!a') },
      { type: 'delete', rowKey: 'known!a', etag: '*' },
      create('event!a'),
    ];
    expect(await table.transact(shard, actions)).toEqual(applied);
    expect(rowKeys(await allRows(table, shard))).toEqual(['event!a']);
  });

  test('transactions under way at once keep their own ETags', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `live!${index}`);
    await table.transact(
      shard,
      names.map((name) => create(name)),
    );
    const stale = await Promise.all(names.slice(0, 6).map(makeStale));
    const current = await Promise.all(names.slice(6).map(etagOf));
    const etags = [...stale, ...current];
    const answers = await Promise.all(
      names.map((rowKey, index) =>
        table.transact(shard, [{ type: 'delete', rowKey, etag: etags[index] ?? '' }]),
      ),
    );
    expect(answers.map(({ applied }) => applied)).toEqual([...Array(6).fill(false), ...Array(6).fill(true)]);
    expect(rowKeys(await allRows(table, shard)).toSorted()).toEqual(names.slice(0, 6).toSorted());
  });

  test('one row named twice refuses the transaction', async () => {
    const twice = [create('live!a'), create('live!a', { text: 'again' })];
    expect(await table.transact(shard, twice)).toEqual(refused);
    expect(await allRows(table, shard)).toEqual([]);
  });

  test('100 rows fit into a transaction, none and 101 are a mistake', async () => {
    const rows = Array.from({ length: 101 }, (_, index) => create(`event!${String(index).padStart(3, '0')}`));
    await expect(table.transact(shard, rows)).rejects.toThrow(TypeError);
    await expect(table.transact(shard, [])).rejects.toThrow(TypeError);
    expect(await table.transact(shard, rows.slice(1))).toEqual(applied);
    expect(await allRows(table, shard)).toHaveLength(100);
  });

  test('more than 4 MiB in a transaction are a mistake', async () => {
    const text = 'x'.repeat(30_000);
    const rows = Array.from({ length: 80 }, (_, index) => create(`event!${index}`, { one: text, two: text }));
    await expect(table.transact(shard, rows)).rejects.toThrow(TypeError);
    expect(await allRows(table, shard)).toEqual([]);
  });

  test('a text beyond 32 Ki UTF-16 units refuses the transaction', async () => {
    const longest = '\u{1F600}'.repeat(16 * 1024);
    expect(await table.transact(shard, [create('live!a', { longest })])).toEqual(applied);
    const longer = create('live!b', { longest: `${longest}more` });
    expect(await table.transact(shard, [create('live!c'), longer])).toEqual(refused);
    expect(rowKeys(await allRows(table, shard))).toEqual(['live!a']);
  });

  test('a range begins with its first name and ends before its last', async () => {
    await table.transact(
      shard,
      ['a', 'b', 'c', 'd'].map((name) => create(name)),
    );
    const pages: string[] = [];
    for await (const page of table.query(shard, { from: 'b', to: 'd' })) pages.push(...rowKeys(page));
    expect(pages).toEqual(['b', 'c']);
  });

  test('names come in the order in which the store relies on them', async () => {
    const names = [
      'parked!a',
      'live!b',
      'known!a',
      'outbox!a!1',
      'memory',
      'live!a',
      'event!a!1',
      'outbox!a!0',
    ];
    await table.transact(
      shard,
      names.map((name) => create(name)),
    );
    const expected = [
      'event!a!1',
      'known!a',
      'live!a',
      'live!b',
      'memory',
      'outbox!a!0',
      'outbox!a!1',
      'parked!a',
    ];
    expect(rowKeys(await allRows(table, shard))).toEqual(expected);
  });

  test('another partition is not seen', async () => {
    await table.transact('commsOperation-00', [create('live!a')]);
    expect(await allRows(table, shard)).toEqual([]);
  });

  test('pages are no larger than asked for and bring every row once', async () => {
    const names = Array.from({ length: 23 }, (_, index) => `live!${String(index).padStart(2, '0')}`);
    await table.transact(
      shard,
      names.map((name) => create(name)),
    );
    const pages: (readonly string[])[] = [];
    for await (const page of table.query(shard, { from: 'live!', to: 'live!~', pageSize: 5 })) {
      pages.push(rowKeys(page));
    }
    expect(pages.flat()).toEqual(names);
    expect(Math.max(...pages.map((page) => page.length))).toBe(5);
  });

  test('columns are compared with texts that hold quotes, and with flags', async () => {
    const label = `it's "ours" or 1 eq 1`;
    await table.transact(shard, [
      create('a', { label, ended: true }),
      create('b', { label: 'its ours', ended: true }),
      create('c', { label, ended: false }),
      create('d', { ended: true }),
    ]);
    const filter = [
      { column: 'label', oneOf: [label, `'`] },
      { column: 'ended', oneOf: [true] },
    ];
    const found: string[] = [];
    for await (const page of table.query(shard, { from: 'a', to: '~', filter })) found.push(...rowKeys(page));
    expect(found).toEqual(['a']);
  });

  test('a column that may equal none of no values filters everything out', async () => {
    await table.transact(shard, [create('a', { label: '' })]);
    for await (const page of table.query(shard, {
      from: 'a',
      to: '~',
      filter: [{ column: 'label', oneOf: [] }],
    })) {
      expect(page).toEqual([]);
    }
  });

  test('a text column is compared with an upper bound', async () => {
    const days = ['2026-11-21', '2026-11-22', '2026-11-23'].map((day) => `${day}T00:00:00.000Z`);
    await table.transact(
      shard,
      days.map((day, index) => create(`known!${index}`, { endedAt: day })),
    );
    await table.transact(shard, [create('known!9', { ended: false })]);
    const below = { column: 'endedAt', value: '2026-11-22T00:00:00.000Z' };
    const found: string[] = [];
    for await (const page of table.query(shard, { from: 'known!', to: 'known!~', below })) {
      found.push(...rowKeys(page));
    }
    expect(found).toEqual(['known!0']);
  });

  test('of the rows before a key only those of a slice and those that were written since', async () => {
    await table.transact(
      shard,
      ['live!a', 'live!b', 'live!c', 'live!d', 'memory'].map((name) => create(name)),
    );
    const writtenSinceMs = await nextMillisecond();
    await table.transact(shard, [
      { type: 'replace', rowKey: 'live!a', etag: '*', properties: { text: 'newer' } },
      create('live!ab'),
    ]);
    const slice = { from: 'live!c', to: 'live!d' };
    const part = { before: 'memory', writtenSinceMs, slice };
    const found: string[] = [];
    for await (const page of table.query(shard, { from: 'live!', to: 'parked!~', columns: ['text'], part }))
      found.push(...rowKeys(page));
    expect(found).toEqual(['live!a', 'live!ab', 'live!c', 'memory']);
  });
});

/** Of the clock by which both services of the suite stamp their rows. */
async function nextMillisecond(): Promise<number> {
  const beganMs = Date.now();
  await vi.waitUntil(() => Date.now() > beganMs, { interval: 1 });
  return Date.now();
}
