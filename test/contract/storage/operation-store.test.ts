// The store's promises: one transaction a change, nothing half done, and every conflict answered by "not applied".
import { beforeEach, describe, expect, test } from 'vitest';
import { emptyMemory } from '../../../src/domain/shard-memory.ts';
import type { Table } from '../../../src/storage/table.ts';
import {
  aChange,
  anEvent,
  anOperation,
  aParkedPush,
  ended,
  generation,
  knownOf,
  liveOf,
  nowMs,
  openStore,
  running,
  type Store,
  shard,
  tracked,
  trackedAndEnded,
} from './operations.ts';
import { allRows, applied, refused, tables } from './tables.ts';

describe.each(tables)('the store on $name', ({ open }) => {
  let table: Table;
  let store: Store;
  beforeEach(async () => {
    table = await open();
    store = openStore(table);
  });

  async function rowKeys(): Promise<readonly string[]> {
    return (await allRows(table, shard)).map(({ rowKey }) => rowKey);
  }

  test('a tracked operation is live, the very value that was stored', async () => {
    const operation = anOperation('1', {
      label: `it's "ours"`,
      metadata: { team: 'hr' },
      error: { code: 'x', inner: [1, null] },
    });
    expect(await store.track(shard, operation)).toBe(true);
    const etag: unknown = expect.any(String);
    expect(await store.lookUp(shard, operation.key)).toEqual({
      live: { value: operation, etag },
      known: null,
    });
  });

  test('an operation that nobody tracked is neither live nor known', async () => {
    expect(await store.lookUp(shard, anOperation().key)).toEqual({ live: null, known: null });
  });

  test('tracking a live or ended operation again changes nothing', async () => {
    const operation = anOperation();
    await store.track(shard, operation);
    expect(await store.track(shard, anOperation('1', { label: 'second' }))).toBe(false);
    expect((await liveOf(store, operation)).value.label).toBeNull();
    await store.commit(shard, [aChange(await liveOf(store, operation), ended(operation))]);
    expect(await store.track(shard, anOperation('1', { label: 'third' }))).toBe(false);
    expect((await store.lookUp(shard, operation.key)).live).toBeNull();
  });

  test('of 20 trackings at once one is applied', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => store.track(shard, anOperation())));
    expect(answers.filter((applied) => applied)).toHaveLength(1);
  });

  test('a change replaces the live row and adds its event and outbox row', async () => {
    const before = await tracked(store, anOperation());
    const after = running(before.value);
    expect(await store.commit(shard, [aChange(before, after)])).toEqual(applied);
    expect((await liveOf(store, after)).value).toEqual(after);
    const event = anEvent(after);
    expect(await store.listEvents(shard, after.key)).toEqual([event.body]);
    expect(await store.readOutbox(shard, after.key)).toEqual([{ event, committedAtMs: nowMs }]);
  });

  test('a change on an old ETag is refused and leaves no event', async () => {
    const before = await tracked(store, anOperation());
    await store.commit(shard, [aChange(before, running(before.value))]);
    const rows = await allRows(table, shard);
    expect(await store.commit(shard, [aChange(before, { ...before.value, label: 'late' })])).toEqual(refused);
    expect(await store.commit(shard, [aChange(before, running(before.value))])).toEqual(refused);
    expect(await allRows(table, shard)).toEqual(rows);
  });

  test('an end moves the operation from live to known', async () => {
    const before = await tracked(store, anOperation());
    const after = ended(before.value);
    expect(await store.commit(shard, [aChange(before, after)])).toEqual(applied);
    const known = { key: after.key, generation, ended: after };
    const etag: unknown = expect.any(String);
    expect(await store.lookUp(shard, after.key)).toEqual({ live: null, known: { value: known, etag } });
  });

  test('an end on an old ETag is refused, also when its sequence is still free', async () => {
    const before = await tracked(store, anOperation());
    const unreadable = { status: 'unreadable', code: 'timeout', sinceAtMs: nowMs } as const;
    // Changes of health alone add no event, so only the ETag tells that the row moved on.
    await store.commit(shard, [aChange(before, { ...before.value, health: unreadable })]);
    expect(await store.commit(shard, [aChange(before, ended(before.value))])).toEqual(refused);
    expect((await liveOf(store, before.value)).value.health).toEqual(unreadable);
  });

  test('a change that also ends yields all of its events in order', async () => {
    const before = await tracked(store, anOperation());
    const after = ended(running(before.value));
    expect(await store.commit(shard, [aChange(before, after)])).toEqual(applied);
    expect(await store.listEvents(shard, after.key)).toEqual([
      anEvent(after, 1).body,
      anEvent(after, 2).body,
    ]);
  });

  test('of two ends at once one is applied', async () => {
    const before = await tracked(store, anOperation());
    const answers = await Promise.all([
      store.commit(shard, [aChange(before, ended(before.value))]),
      store.commit(shard, [aChange(before, { ...ended(before.value), state: 'cancelled' })]),
    ]);
    expect(answers.filter(({ applied }) => applied)).toHaveLength(1);
    expect(await store.listEvents(shard, before.value.key)).toHaveLength(1);
  });

  test('one conflict refuses all changes of a shared transaction', async () => {
    const one = await tracked(store, anOperation('1'));
    const two = await tracked(store, anOperation('2'));
    await store.commit(shard, [aChange(two, running(two.value))]);
    const rows = await allRows(table, shard);
    const shared = [aChange(one, ended(one.value)), aChange(two, ended(two.value))];
    expect(await store.commit(shard, shared)).toEqual(refused);
    expect(await allRows(table, shard)).toEqual(rows);
  });

  test('25 ends share a transaction of 100 rows', async () => {
    const before = await Promise.all(
      Array.from({ length: 25 }, (_, index) => tracked(store, anOperation(String(index)))),
    );
    const changes = before.map((one) => aChange(one, ended(one.value)));
    expect(await store.commit(shard, changes)).toEqual(applied);
    expect(await store.readShard(shard)).toMatchObject({ live: [], outbox: { length: 25 } });
  });

  test('changes of too many bytes are refused, to be taken apart', async () => {
    const before = await Promise.all(
      Array.from({ length: 33 }, (_, index) => tracked(store, anOperation(String(index)))),
    );
    const changes = before.map((one) => {
      const change = aChange(one, running(one.value));
      return { ...change, events: change.events.map((event) => ({ ...event, body: '"'.repeat(32_000) })) };
    });
    expect(await store.commit(shard, changes)).toEqual(refused);
    expect(await store.commit(shard, changes.slice(0, 1))).toEqual(applied);
  });

  test('an operation with details beyond the size of a property is stored with shorter ones', async () => {
    const before = await tracked(store, anOperation());
    const error = { code: 'tooLong', message: '\u{1F600}'.repeat(40_000) };
    expect(await store.commit(shard, [aChange(before, { ...running(before.value), error })])).toEqual(
      applied,
    );
    const stored = (await liveOf(store, before.value)).value;
    expect(stored).toEqual({
      ...running(before.value),
      error: { code: 'tooLong', message: '\u{1F600}'.repeat(2048) },
    });
  });

  test('a beginning after the end replaces the identity and keeps the old events', async () => {
    await trackedAndEnded(store, anOperation());
    const known = await knownOf(store, anOperation());
    const again = anOperation('1', { generation: generation + 1 });
    expect(await store.restart(shard, known, again)).toBe(true);
    expect((await liveOf(store, again)).value).toEqual(again);
    expect(await store.restart(shard, known, anOperation('1', { generation: generation + 2 }))).toBe(false);
    const live = await liveOf(store, again);
    await store.commit(shard, [aChange(live, ended(live.value))]);
    expect(await store.listEvents(shard, again.key)).toEqual([
      anEvent(anOperation(), 1).body,
      anEvent(again, 1).body,
    ]);
  });

  test('a cleared outbox keeps the event, and clearing again does nothing', async () => {
    const before = await tracked(store, anOperation());
    const change = aChange(before, running(before.value));
    await store.commit(shard, [change]);
    await store.clearOutbox(shard, change.events);
    await store.clearOutbox(shard, change.events);
    expect(await store.readOutbox(shard, before.value.key)).toEqual([]);
    expect(await store.listEvents(shard, before.value.key)).toEqual([anEvent(change.after).body]);
  });

  test('a row that another process cleared does not keep the others', async () => {
    const events = [];
    for (const id of ['1', '2', '3']) {
      const before = await tracked(store, anOperation(id));
      const change = aChange(before, running(before.value));
      await store.commit(shard, [change]);
      events.push(...change.events);
    }
    await store.clearOutbox(shard, events.slice(1, 2));
    await store.clearOutbox(shard, events);
    expect((await store.readShard(shard)).outbox).toEqual([]);
  });

  test('more than 100 outbox rows are cleared in several transactions', async () => {
    const operation = anOperation();
    const events = Array.from({ length: 130 }, (_, index) => anEvent(operation, index + 1));
    const rows = events.map(({ sequence, body }) => {
      const rowKey = `outbox!${operation.key}!${String(generation).padStart(12, '0')}!${String(sequence).padStart(10, '0')}`;
      return { type: 'create', rowKey, properties: { v: 1, body } } as const;
    });
    await table.transact(shard, rows.slice(0, 100));
    await table.transact(shard, rows.slice(100));
    expect((await store.readShard(shard)).outbox.map(({ event }) => event)).toEqual(events);
    await store.clearOutbox(shard, events);
    expect(await rowKeys()).toEqual([]);
  });

  test('memory is created once and replaced under its ETag', async () => {
    expect(await store.readMemory(shard)).toBeNull();
    const memory = {
      ...emptyMemory,
      sweptAtMs: nowMs,
      pauses: { contoso: { untilMs: nowMs + 1000, attempts: 1, code: 'x' } },
    };
    expect(await store.writeMemory(shard, memory, null)).toBe(true);
    expect(await store.writeMemory(shard, { ...emptyMemory, sweptAtMs: 1 }, null)).toBe(false);
    const stored = await store.readMemory(shard);
    expect(stored?.value).toEqual(memory);
    const etag = stored?.etag ?? '';
    expect(await store.writeMemory(shard, { ...memory, sweptAtMs: nowMs + 1 }, etag)).toBe(true);
    expect(await store.writeMemory(shard, { ...memory, sweptAtMs: nowMs + 2 }, etag)).toBe(false);
    expect((await store.readMemory(shard))?.value.sweptAtMs).toBe(nowMs + 1);
  });

  test('a parked push is created, replaced and removed only under its ETag', async () => {
    const operation = anOperation();
    const first = aParkedPush(operation, 'inprogress');
    expect(await store.readParked(shard, operation.key)).toBeNull();
    expect(await store.park(shard, first, null)).toBe(true);
    expect(await store.park(shard, first, null)).toBe(false);
    const before = await store.readParked(shard, operation.key);
    expect(before?.value).toEqual(first);
    const second = aParkedPush(operation, 'completed');
    expect(await store.park(shard, second, before?.etag ?? '')).toBe(true);
    expect(await store.removeParked(shard, { value: first, etag: before?.etag ?? '' })).toBe(false);
    const after = await store.readParked(shard, operation.key);
    expect(after?.value).toEqual(second);
    expect(await store.removeParked(shard, { value: second, etag: after?.etag ?? '' })).toBe(true);
    expect(await rowKeys()).toEqual([]);
  });

  test('one read of the shard brings what is live, remembered, unpublished and parked', async () => {
    await trackedAndEnded(store, anOperation('ended'));
    const live = await tracked(store, anOperation('live'));
    await store.writeMemory(shard, { ...emptyMemory, sweptAtMs: nowMs }, null);
    await store.park(shard, aParkedPush(anOperation('parked')), null);
    const etag: unknown = expect.any(String);
    expect(await store.readShard(shard)).toEqual({
      live: [live],
      memory: { value: { ...emptyMemory, sweptAtMs: nowMs }, etag },
      outbox: [{ event: anEvent(anOperation('ended'), 1), committedAtMs: nowMs }],
      parked: [{ value: aParkedPush(anOperation('parked')), etag }],
    });
    expect(store.unreadable).toEqual([]);
  });
});
