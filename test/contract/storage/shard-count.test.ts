// The number of shards is recorded once, by whoever comes first.
import { beforeEach, describe, expect, test } from 'vitest';
import { checkShardCount } from '../../../src/storage/shard-count.ts';
import type { Table } from '../../../src/storage/table.ts';
import { allRows, tables } from './tables.ts';

describe.each(tables)('the number of shards on $name', ({ open }) => {
  let table: Table;
  beforeEach(async () => {
    table = await open();
  });

  test('the first number is recorded and accepted again', async () => {
    await checkShardCount(table, 4);
    await checkShardCount(table, 4);
    expect(await allRows(table, 'meta')).toMatchObject([{ rowKey: 'shards', properties: { count: 4 } }]);
  });

  test('another number is refused by the name of its setting', async () => {
    await checkShardCount(table, 4);
    await expect(checkShardCount(table, 1)).rejects.toMatchObject({
      code: 'shards_changed',
      action: 'refuse',
      message: expect.stringMatching(/OPWATCH_SHARDS.*4/) as unknown,
    });
  });

  test('of many processes with two numbers at once those with one number win', async () => {
    const counts = Array.from({ length: 10 }, (_, index) => (index % 2) + 1);
    const results = await Promise.allSettled(counts.map((count) => checkShardCount(table, count)));
    const accepted = counts.filter((_, index) => results[index]?.status === 'fulfilled');
    expect(new Set(accepted).size).toBe(1);
    expect(accepted).toHaveLength(5);
  });
});
