// A shard is read again and again by one process while others write: a row that is as it was is not parsed a second time,
// and one that somebody changed always is.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Table } from '../../../src/storage/table.ts';
import { aChange, anOperation, ended, openStore, running, type Store, shard, tracked } from './operations.ts';
import { applied, tables } from './tables.ts';

describe.each(tables)('reading again on $name', ({ open }) => {
  let table: Table;
  let reading: Store;
  let other: Store;
  beforeEach(async () => {
    table = await open();
    reading = openStore(table);
    other = openStore(table);
  });

  test('an unchanged row is the very object that it was', async () => {
    await tracked(other, anOperation());
    const [first] = (await reading.readShard(shard)).live;
    const [second] = (await reading.readShard(shard)).live;
    expect(second).toBe(first);
  });

  test('a row that another process changed is read anew, and its neighbour is not', async () => {
    const changed = await tracked(other, anOperation('1'));
    const neighbour = await tracked(other, anOperation('2'));
    const before = (await reading.readShard(shard)).live;
    expect(await other.commit(shard, [aChange(changed, running(changed.value))])).toEqual(applied);
    const after = (await reading.readShard(shard)).live;
    expect(after.find(({ value }) => value.key === changed.value.key)?.value).toEqual(running(changed.value));
    const ofNeighbour = ({ value }: { value: { key: string } }) => value.key === neighbour.value.key;
    expect(after.find(ofNeighbour)).toBe(before.find(ofNeighbour));
  });

  test('an operation that ended and began again is another one, under the same row key', async () => {
    const first = await tracked(other, anOperation());
    await reading.readShard(shard);
    await other.commit(shard, [aChange(first, ended(first.value))]);
    expect((await reading.readShard(shard)).live).toEqual([]);
    const { known } = await other.lookUp(shard, first.value.key);
    if (known === null) throw new Error('not known');
    const next = anOperation('1', { generation: first.value.generation + 1 });
    expect(await other.restart(shard, known, next)).toBe(true);
    expect((await reading.readShard(shard)).live.map(({ value }) => value)).toEqual([next]);
  });

  test('a row that can not be read is told at each read', async () => {
    await table.transact(shard, [{ type: 'create', rowKey: 'live!x', properties: { v: 1, value: '{' } }]);
    await reading.readShard(shard);
    await reading.readShard(shard);
    expect(reading.unreadable).toEqual(['live!x', 'live!x']);
  });
});
