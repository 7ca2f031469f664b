// A shard of many live rows is read in part: what was written since the read before, and a slice of the rest in turn.
// Nothing that begins or changes may be missed, nothing that ended may stay, and few rows are to come.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Operation } from '../../../src/domain/operation.ts';
import type { Table } from '../../../src/storage/table.ts';
import { createMemoryTable } from '../../fakes/memory-table.ts';
import {
  aChange,
  anOperation,
  ended,
  knownOf,
  openStore,
  running,
  type Store,
  shard,
  tracked,
} from './operations.ts';
import { tables } from './tables.ts';

const minuteMs = 60_000;
const wholeUpTo = 2;
const four = ['1', '2', '3', '4'].map((id) => anOperation(id));

/** The table, and how many rows each of its queries brought. */
function counting(table: Table): { readonly table: Table; readonly brought: number[] } {
  const brought: number[] = [];
  return { table: { ...table, query }, brought };

  async function* query(...given: Parameters<Table['query']>): ReturnType<Table['query']> {
    const place = brought.push(0) - 1;
    for await (const page of table.query(...given)) {
      brought[place] = (brought[place] ?? 0) + page.length;
      yield page;
    }
  }
}

async function liveOperations(store: Store): Promise<readonly Operation[]> {
  const { live } = await store.readShard(shard);
  return live.map(({ value }) => value).toSorted((one, another) => (one.key < another.key ? -1 : 1));
}

function inOrder(operations: readonly Operation[]): readonly Operation[] {
  return operations.toSorted((one, another) => (one.key < another.key ? -1 : 1));
}

describe.each(tables)('a large shard on $name', ({ open }) => {
  const clock = { nowMs: Date.now, monotonicMs: () => performance.now() };
  let table: Table;
  let reading: Store;
  let other: Store;
  beforeEach(async () => {
    table = await open();
    reading = openStore(table, wholeUpTo, clock);
    other = openStore(table, wholeUpTo, clock);
    for (const one of four) await tracked(other, one);
    await reading.readShard(shard);
  });

  test('what another process begins is seen at the next read', async () => {
    const begun = anOperation('5');
    await tracked(other, begun);
    expect(await liveOperations(reading)).toEqual(inOrder([...four, begun]));
  });

  test('what another process changes is seen at the next read, under its new ETag', async () => {
    const [first, ...rest] = (await other.readShard(shard)).live;
    if (first === undefined) throw new Error('nothing lives');
    const after = running(first.value);
    await other.commit(shard, [aChange(first, after)]);
    expect(await liveOperations(reading)).toEqual(inOrder([after, ...rest.map(({ value }) => value)]));
    const seen = (await reading.readShard(shard)).live.find(({ value }) => value.key === after.key);
    expect((await other.lookUp(shard, after.key)).live?.etag).toBe(seen?.etag);
  });

  test('what this process ends is gone at once', async () => {
    const [first, ...rest] = (await reading.readShard(shard)).live;
    if (first === undefined) throw new Error('nothing lives');
    await reading.commit(shard, [aChange(first, ended(first.value))]);
    expect(await liveOperations(reading)).toEqual(inOrder(rest.map(({ value }) => value)));
  });

  test('what another process ended is gone once this one has looked it up', async () => {
    const [first, ...rest] = (await reading.readShard(shard)).live;
    if (first === undefined) throw new Error('nothing lives');
    await other.commit(shard, [aChange(first, ended(first.value))]);
    await reading.lookUp(shard, first.value.key);
    expect(await liveOperations(reading)).toEqual(inOrder(rest.map(({ value }) => value)));
  });

  test('what ended and began again elsewhere is the new one', async () => {
    const [first, ...rest] = (await reading.readShard(shard)).live;
    if (first === undefined) throw new Error('nothing lives');
    await other.commit(shard, [aChange(first, ended(first.value))]);
    const next: Operation = { ...first.value, generation: first.value.generation + 1 };
    await other.restart(shard, await knownOf(other, next), next);
    expect(await liveOperations(reading)).toEqual(inOrder([next, ...rest.map(({ value }) => value)]));
  });

  test('a row that was written by a newer release is told of and no longer known', async () => {
    const [first, ...rest] = (await reading.readShard(shard)).live;
    if (first === undefined) throw new Error('nothing lives');
    const rowKey = `live!${first.value.key}`;
    await table.transact(shard, [{ type: 'replace', rowKey, etag: '*', properties: { v: 9, value: '{}' } }]);
    expect(await liveOperations(reading)).toEqual(inOrder(rest.map(({ value }) => value)));
    expect(reading.unreadable).toEqual([rowKey]);
  });

  test('memory, outbox and parked pushes are read whole each time', async () => {
    const [first] = (await reading.readShard(shard)).live;
    if (first === undefined) throw new Error('nothing lives');
    await reading.commit(shard, [aChange(first, running(first.value))]);
    await reading.readShard(shard);
    const { outbox } = await reading.readShard(shard);
    expect(outbox.map(({ event }) => event.key)).toEqual([first.value.key]);
  });
});

describe('as time goes on', () => {
  const startMs = Date.UTC(2026, 10, 26);
  const many = Array.from({ length: 30 }, (_, index) => anOperation(String(index)));
  let nowMs: number;
  let aheadMs: number;
  let asleepMs: number;
  let reading: Store;
  let other: Store;
  let brought: number[];
  let fails: boolean;
  beforeEach(async () => {
    nowMs = startMs;
    aheadMs = 0;
    asleepMs = 0;
    fails = false;
    const counted = counting(createMemoryTable(() => nowMs));
    brought = counted.brought;
    const clock = { nowMs: () => nowMs + aheadMs, monotonicMs: () => nowMs - startMs - asleepMs };
    reading = openStore({ ...counted.table, query: failing(counted.table) }, wholeUpTo, clock);
    other = openStore(counted.table, wholeUpTo, clock);
    for (const one of many) await tracked(other, one);
    nowMs += minuteMs;
    await reading.readShard(shard);
    brought.length = 0;
  });

  function failing(table: Table): Table['query'] {
    return async function* query(...given) {
      for await (const page of table.query(...given)) {
        yield page.slice(0, fails ? 3 : page.length);
        if (fails) throw new Error('storage is gone');
      }
    };
  }

  async function endElsewhere({ key }: Operation): Promise<void> {
    const { live } = await other.lookUp(shard, key);
    if (live === null) throw new Error('not live');
    await other.commit(shard, [aChange(live, ended(live.value))]);
  }

  async function keysAfter(ms: number): Promise<readonly string[]> {
    nowMs += ms;
    return (await reading.readShard(shard)).live.map(({ value }) => value.key);
  }

  test('where nothing happens, five minutes of reads bring each row once', async () => {
    for (let read = 0; read < 30; read += 1) expect(await keysAfter(10_000)).toHaveLength(many.length);
    expect(Math.max(...brought)).toBe(2);
    expect(brought.reduce((sum, rows) => sum + rows, 0)).toBe(many.length);
  });

  test.each([10_000, 60_000])(
    'what ended elsewhere is let go of within five minutes of reads every %i ms',
    async (everyMs) => {
      for (const one of many.slice(3)) await endElsewhere(one);
      for (let passedMs = 0; passedMs < 5 * minuteMs; passedMs += everyMs) await keysAfter(everyMs);
      expect(await keysAfter(0)).toEqual(inOrder(many.slice(0, 3)).map(({ key }) => key));
    },
  );

  test('after five minutes without a read the whole is read', async () => {
    await keysAfter(minuteMs);
    brought.length = 0;
    for (const one of many.slice(3)) await endElsewhere(one);
    expect(await keysAfter(5 * minuteMs)).toHaveLength(3);
    expect(brought).toEqual([3 + 27]); // what lives, and what waits in the outbox
  });

  test('a read that fails in its middle changes nothing, and the next one misses nothing', async () => {
    fails = true;
    await tracked(other, anOperation('new'));
    await expect(keysAfter(2 * minuteMs)).rejects.toThrow('storage is gone');
    fails = false;
    expect(await keysAfter(2 * minuteMs)).toHaveLength(many.length + 1);
  });

  test('a write that can be read only half a minute after its stamp is not missed', async () => {
    nowMs -= 29_000; // of a request that began before the last read
    await tracked(other, anOperation('slow'));
    nowMs += 29_000;
    expect(await keysAfter(10_000)).toHaveLength(many.length + 1);
  });

  test('a clock that is an hour ahead hides nothing for longer than it is', async () => {
    aheadMs = 60 * minuteMs;
    await keysAfter(10_000);
    aheadMs = 0;
    await tracked(other, anOperation('new'));
    expect(await keysAfter(10_000)).toHaveLength(many.length + 1);
  });

  test('what was written while the machine slept is seen', async () => {
    nowMs += minuteMs;
    await tracked(other, anOperation('new'));
    nowMs += 60 * minuteMs;
    asleepMs = 61 * minuteMs;
    expect(await keysAfter(10_000)).toHaveLength(many.length + 1);
  });
});
