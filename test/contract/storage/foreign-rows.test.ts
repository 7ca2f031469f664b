// Rows of a newer release and garbage: skipped, told, never overwritten and never in the way of others.
import { beforeEach, describe, expect, test } from 'vitest';
import { emptyMemory } from '../../../src/domain/shard-memory.ts';
import type { Properties, Row, Table } from '../../../src/storage/table.ts';
import {
  aChange,
  anEvent,
  anOperation,
  aParkedPush,
  ended,
  liveOf,
  nowMs,
  openStore,
  running,
  type Store,
  shard,
  tracked,
  trackedAndEnded,
} from './operations.ts';
import { allRows, applied, tables } from './tables.ts';

describe.each(tables)('foreign rows on $name', ({ open }) => {
  let table: Table;
  let store: Store;
  const { key } = anOperation();
  beforeEach(async () => {
    table = await open();
    store = openStore(table);
  });

  /** Puts other columns into a row, whoever wrote it. */
  async function overwrite(rowKey: string, change: (properties: Properties) => Properties): Promise<Row> {
    const properties = change((await table.get(shard, rowKey))?.properties ?? {});
    const row = (await table.get(shard, rowKey)) === null;
    await table.transact(shard, [
      row ? { type: 'create', rowKey, properties } : { type: 'replace', rowKey, etag: '*', properties },
    ]);
    return (await table.get(shard, rowKey)) ?? { rowKey, etag: '', properties: {} };
  }

  const newer = (properties: Properties): Properties => ({ ...properties, v: 2 });

  test.each([
    { case: 'a newer version', change: newer },
    { case: 'no version', change: ({ value = '' }: Properties) => ({ value }) },
    { case: 'no JSON', change: (properties: Properties) => ({ ...properties, value: '{"key":' }) },
    { case: 'no value', change: () => ({ v: 1 }) },
    { case: 'another shape', change: (properties: Properties) => ({ ...properties, value: '[1]' }) },
    {
      case: 'the value of another operation',
      change: (properties: Properties) => ({ ...properties, value: JSON.stringify(anOperation('2')) }),
    },
  ])('a live row with $case is skipped, told and left as it is', async ({ change }) => {
    await tracked(store, anOperation());
    const other = await tracked(store, anOperation('3'));
    const row = await overwrite(`live!${key}`, change);
    expect((await store.readShard(shard)).live).toEqual([other]);
    expect(await store.lookUp(shard, key)).toMatchObject({ live: null, known: { value: { ended: null } } });
    expect(store.unreadable).toEqual([`live!${key}`, `live!${key}`]);
    expect(await store.track(shard, anOperation())).toBe(false);
    expect(await store.commit(shard, [aChange(other, running(other.value))])).toEqual(applied);
    expect(await table.get(shard, `live!${key}`)).toEqual(row);
  });

  test('a known row of a newer release is not known to this one and left as it is', async () => {
    await trackedAndEnded(store, anOperation());
    const row = await overwrite(`known!${key}`, newer);
    expect(await store.lookUp(shard, key)).toEqual({ live: null, known: null });
    expect(await store.track(shard, anOperation())).toBe(false);
    for await (const page of store.listEndedBefore(shard, nowMs + 1)) expect(page).toEqual([]);
    expect(await table.get(shard, `known!${key}`)).toEqual(row);
  });

  test.each(['outbox!', 'outbox!x!y!z', `outbox!${key}!1!2`, 'parked!x'])(
    'a row named %s is skipped and told',
    async (rowKey) => {
      const row = await overwrite(rowKey, () => ({ v: 1, body: '{}', value: '{}' }));
      expect(await store.readShard(shard)).toEqual({ live: [], memory: null, outbox: [], parked: [] });
      expect(store.unreadable).toEqual([rowKey]);
      expect(await allRows(table, shard)).toEqual([row]);
    },
  );

  test.each([
    { case: 'a year ahead', committedAt: '2027-11-22T06:00:00.000Z' },
    { case: 'no date', committedAt: 'yesterday' },
  ])('an outbox row whose time is $case counts as long past', async ({ committedAt }) => {
    const before = await tracked(store, anOperation());
    await store.commit(shard, [aChange(before, ended(before.value))]);
    const rows = await allRows(table, shard);
    const rowKey = rows.find((row) => row.rowKey.startsWith('outbox!'))?.rowKey ?? '';
    await overwrite(rowKey, (properties) => ({ ...properties, committedAt }));
    expect((await store.readShard(shard)).outbox).toEqual([
      { event: anEvent(anOperation(), 1), committedAtMs: 0 },
    ]);
  });

  test('garbled memory counts as empty and can be replaced', async () => {
    const { etag } = await overwrite('memory', () => ({ v: 1, value: 'garbage' }));
    expect(await store.readMemory(shard)).toEqual({ value: emptyMemory, etag });
    expect((await store.readShard(shard)).memory).toEqual({ value: emptyMemory, etag });
    expect(await store.writeMemory(shard, { ...emptyMemory, sweptAtMs: nowMs }, etag)).toBe(true);
  });

  test('memory of a newer release is neither used nor replaced', async () => {
    await store.writeMemory(shard, { ...emptyMemory, sweptAtMs: nowMs }, null);
    const row = await overwrite('memory', newer);
    expect(await store.readMemory(shard)).toBeNull();
    expect((await store.readShard(shard)).memory).toBeNull();
    expect(await store.writeMemory(shard, { ...emptyMemory, sweptAtMs: nowMs + 1 }, null)).toBe(false);
    expect(await table.get(shard, 'memory')).toEqual(row);
  });

  test('times of memory that lie absurdly ahead count as absent', async () => {
    const near = { untilMs: nowMs + 60 * 60_000, attempts: 1, code: 'near' };
    const far = { untilMs: nowMs + 66 * 60_000, attempts: 1, code: 'far' };
    const pushedAtMs = { near: nowMs, far: nowMs + 6 * 60_000 };
    const memory = { ...emptyMemory, sweptAtMs: nowMs + 6 * 60_000, pauses: { near, far }, pushedAtMs };
    await store.writeMemory(shard, memory, null);
    expect((await store.readMemory(shard))?.value).toEqual({
      ...emptyMemory,
      pauses: { near },
      pushedAtMs: { near: nowMs },
    });
  });

  test('a parked push of another shape is not applied and left as it is', async () => {
    await store.park(shard, aParkedPush(anOperation()), null);
    const row = await overwrite(`parked!${key}`, (properties) => ({ ...properties, value: '{"key":1}' }));
    expect(await store.readParked(shard, key)).toBeNull();
    expect(await store.park(shard, aParkedPush(anOperation()), null)).toBe(false);
    expect(await table.get(shard, `parked!${key}`)).toEqual(row);
  });

  test('columns that a newer release adds to a row of this version are ignored', async () => {
    const live = await tracked(store, anOperation());
    await overwrite(`live!${key}`, (properties) => ({
      ...properties,
      added: 'x',
      value: JSON.stringify({ ...live.value, added: true }),
    }));
    expect((await liveOf(store, anOperation())).value).toEqual(anOperation());
  });
});
