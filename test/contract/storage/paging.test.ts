// More rows than a page: nothing is skipped or brought twice, also while rows are removed between two pages.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Operation } from '../../../src/domain/operation.ts';
import { emptyMemory } from '../../../src/domain/shard-memory.ts';
import { outboxRowKey, writeEnded, writeEvent, writeLive, writeParked } from '../../../src/storage/rows.ts';
import type { Table, TableAction } from '../../../src/storage/table.ts';
import { createMemoryTable } from '../../fakes/memory-table.ts';
import { anOperation, ended, generation, nowMs, openStore, type Store, shard } from './operations.ts';
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

describe('an outbox that grew while the queue was down', () => {
  /** A table that counts the rows it gives out. */
  function countingTable(): Table & { readonly rowsGiven: () => number } {
    const table = createMemoryTable();
    let given = 0;
    return {
      ...table,
      async *query(partitionKey, range) {
        for await (const page of table.query(partitionKey, range)) {
          given += page.length;
          yield page;
        }
      },
      rowsGiven: () => given,
    };
  }

  test('is read up to a bound, the oldest of each key first, and hides nothing that stands behind it', async () => {
    const table = countingTable();
    const store = openStore(table);
    const { key } = anOperation();
    const events = Array.from({ length: 20_000 }, (_, index) => ({
      key,
      generation,
      sequence: index + 1,
      body: '{}',
    }));
    for (let start = 0; start < events.length; start += 100) {
      const actions = events.slice(start, start + 100).map((event) => {
        const properties = writeEvent(event, nowMs);
        return { type: 'create', rowKey: outboxRowKey(event), properties } as const;
      });
      await table.transact(shard, actions);
    }
    const details = { error: null, result: null, clientContext: null, percentComplete: null };
    const dates = { sentAtMs: nowMs, arrivedAtMs: nowMs };
    const observation = {
      type: 'status',
      observedBy: 'push',
      status: 'completed',
      details,
      ...dates,
    } as const;
    const parked = { key, parkedAtMs: nowMs, observation };
    await table.transact(shard, [
      { type: 'create', rowKey: `live!${key}`, properties: writeLive(anOperation()) },
      { type: 'create', rowKey: `parked!${key}`, properties: writeParked(parked) },
    ]);
    const contents = await store.readShard(shard);
    expect(contents.live).toHaveLength(1);
    expect(contents.parked).toMatchObject([{ value: parked }]);
    expect(contents.outbox.length).toBeGreaterThanOrEqual(5000);
    expect(contents.outbox.length).toBeLessThanOrEqual(6000);
    const sequences = contents.outbox.map(({ event }) => event.sequence);
    expect(sequences).toEqual(sequences.map((_one, index) => index + 1));
    expect(table.rowsGiven()).toBeLessThanOrEqual(6002);
    await store.clearOutbox(
      shard,
      contents.outbox.map(({ event }) => event),
    );
    const rest = await store.readShard(shard);
    expect(rest.outbox[0]?.event.sequence).toBe(sequences.length + 1);
  });
});
