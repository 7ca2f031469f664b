// More rows than a page: nothing is skipped or brought twice, also while rows are removed between two pages.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Operation } from '../../../src/domain/operation.ts';
import { emptyMemory } from '../../../src/domain/shard-memory.ts';
import { writeEnded, writeLive } from '../../../src/storage/rows.ts';
import type { Table, TableAction } from '../../../src/storage/table.ts';
import { anOperation, ended, nowMs, openStore, type Store, shard } from './operations.ts';
import { applied, tables } from './tables.ts';

const count = 1050;
const operations: readonly Operation[] = Array.from({ length: count }, (_, index) =>
  anOperation(String(index)),
);

describe.each(tables)('more rows than a page on $name', ({ open }) => {
  let table: Table;
  let store: Store;
  beforeEach(async () => {
    table = await open();
    store = openStore(table);
  });

  async function createAll(actions: readonly TableAction[]): Promise<void> {
    for (let start = 0; start < actions.length; start += 100) {
      await table.transact(shard, actions.slice(start, start + 100));
    }
  }

  test('a sweep sees all live operations and what stands behind them', async () => {
    await createAll(
      operations.map((one) => ({ type: 'create', rowKey: `live!${one.key}`, properties: writeLive(one) })),
    );
    await store.writeMemory(shard, { ...emptyMemory, sweptAtMs: nowMs }, null);
    const { live, memory } = await store.readShard(shard);
    expect(live.map(({ value }) => value.key)).toEqual(operations.map(({ key }) => key).toSorted());
    expect(memory?.value.sweptAtMs).toBe(nowMs);
  });

  test('retention reaches all that ended while it removes them', async () => {
    await createAll(
      operations.map((one) => ({
        type: 'create',
        rowKey: `known!${one.key}`,
        properties: writeEnded(ended(one)),
      })),
    );
    let seen = 0;
    for await (const page of store.listEndedBefore(shard, nowMs + 1)) {
      seen += page.length;
      const deletes = page.map(
        ({ value, etag }) => ({ type: 'delete', rowKey: `known!${value.key}`, etag }) as const,
      );
      for (let start = 0; start < deletes.length; start += 100) {
        expect(await table.transact(shard, deletes.slice(start, start + 100))).toEqual(applied);
      }
    }
    expect(seen).toBe(count);
  });
});
