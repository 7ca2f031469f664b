// Retention: what ended long ago goes, its events first and its identity last; a generation that began meanwhile stays.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Known, Stored } from '../../../src/domain/stored.ts';
import type { Table } from '../../../src/storage/table.ts';
import {
  aChange,
  anEvent,
  anOperation,
  ended,
  generation,
  knownOf,
  liveOf,
  nowMs,
  openStore,
  type Store,
  shard,
  tracked,
  trackedAndEnded,
} from './operations.ts';
import { allRows, tables } from './tables.ts';

const day = 86_400_000;

describe.each(tables)('retention on $name', ({ open }) => {
  let table: Table;
  let store: Store;
  beforeEach(async () => {
    table = await open();
    store = openStore(table);
  });

  async function listEndedBefore(beforeMs: number): Promise<readonly Stored<Known>[]> {
    const found: Stored<Known>[] = [];
    for await (const page of store.listEndedBefore(shard, beforeMs)) found.push(...page);
    return found;
  }

  async function rowKeys(): Promise<readonly string[]> {
    return (await allRows(table, shard)).map(({ rowKey }) => rowKey);
  }

  test('what ended before the instant is listed, what ended at it or lives is not', async () => {
    await trackedAndEnded(store, anOperation('old'), nowMs - 31 * day);
    await trackedAndEnded(store, anOperation('new'), nowMs - 30 * day);
    await tracked(store, anOperation('live', { trackedAtMs: nowMs - 90 * day }));
    const found = await listEndedBefore(nowMs - 30 * day);
    expect(found).toEqual([await knownOf(store, anOperation('old'))]);
  });

  test('a generation that ended is known by its first event until it is removed', async () => {
    const { key } = anOperation();
    await tracked(store, anOperation());
    expect(await store.hasGeneration(shard, key, generation)).toBe(false);
    await trackedAndEnded(store, anOperation('2'));
    const other = anOperation('2').key;
    expect(await store.hasGeneration(shard, other, generation)).toBe(true);
    for (const never of [generation - 1, generation + 1])
      expect(await store.hasGeneration(shard, other, never)).toBe(false);
    await store.removeEnded(shard, await knownOf(store, anOperation('2')));
    expect(await store.hasGeneration(shard, other, generation)).toBe(false);
  });

  test('removal takes the events and the identity of that operation only', async () => {
    await trackedAndEnded(store, anOperation('1'));
    await trackedAndEnded(store, anOperation('2'));
    await store.clearOutbox(
      shard,
      ['1', '2'].map((id) => anEvent(anOperation(id), 1)),
    );
    expect(await store.removeEnded(shard, await knownOf(store, anOperation('1')))).toBe(true);
    expect(await store.lookUp(shard, anOperation('1').key)).toEqual({ live: null, known: null });
    expect(await store.listEvents(shard, anOperation('1').key)).toEqual([]);
    expect(await store.listEvents(shard, anOperation('2').key)).toHaveLength(1);
    expect(await rowKeys()).toHaveLength(2);
  });

  test('removal leaves events that were not published yet in the outbox', async () => {
    await trackedAndEnded(store, anOperation());
    await store.removeEnded(shard, await knownOf(store, anOperation()));
    expect((await store.readShard(shard)).outbox.map(({ event }) => event)).toEqual([
      anEvent(anOperation(), 1),
    ]);
  });

  test('more events than a transaction holds are removed in several', async () => {
    await trackedAndEnded(store, anOperation());
    const { key } = anOperation();
    const more = Array.from({ length: 230 }, (_, index) => ({
      type: 'create' as const,
      rowKey: `event!${key}!${String(generation).padStart(12, '0')}!${String(index + 2).padStart(10, '0')}`,
      properties: { v: 1, body: '{}' },
    }));
    for (let start = 0; start < more.length; start += 100) {
      await table.transact(shard, more.slice(start, start + 100));
    }
    expect(await store.listEvents(shard, key)).toHaveLength(231);
    expect(await store.removeEnded(shard, await knownOf(store, anOperation()))).toBe(true);
    expect(await store.listEvents(shard, key)).toEqual([]);
  });

  test('an operation that began again meanwhile keeps its identity and its own events', async () => {
    await trackedAndEnded(store, anOperation());
    const old = await knownOf(store, anOperation());
    const again = anOperation('1', { generation: generation + 1 });
    await store.restart(shard, old, again);
    const live = await liveOf(store, again);
    await store.commit(shard, [aChange(live, ended(live.value))]);
    expect(await store.removeEnded(shard, old)).toBe(false);
    expect((await knownOf(store, again)).value.ended).toEqual(ended(again));
    expect(await store.listEvents(shard, again.key)).toEqual([anEvent(again, 1).body]);
  });

  test('a removed operation can be tracked as if it never was', async () => {
    await trackedAndEnded(store, anOperation());
    await store.removeEnded(shard, await knownOf(store, anOperation()));
    expect(await store.track(shard, anOperation('1', { generation: generation + 100 }))).toBe(true);
  });
});
