// Lists for callers: pages of one phase of one shard, filtered by the service and continued by key.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Operation } from '../../../src/domain/operation.ts';
import type { Table } from '../../../src/storage/table.ts';
import { anOperation, openStore, type Store, shard, tracked, trackedAndEnded } from './operations.ts';
import { tables } from './tables.ts';

type Page = Parameters<Store['readListPage']>[1];

const noFilter: Page['filter'] = { states: null, parentId: null, label: null, operationId: null };

function keys(operations: readonly Pick<Operation, 'key'>[]): readonly string[] {
  return operations.map(({ key }) => key);
}

describe.each(tables)('lists on $name', ({ open }) => {
  let table: Table;
  let store: Store;
  beforeEach(async () => {
    table = await open();
    store = openStore(table);
  });

  function list(page: Partial<Page> & { readonly phase: Page['phase'] }) {
    return store.readListPage(shard, { filter: noFilter, afterKey: null, top: 50, ...page });
  }

  /** All pages of a phase, one after another. */
  async function listAll(phase: Page['phase'], top: number): Promise<readonly (readonly string[])[]> {
    const pages: (readonly string[])[] = [];
    for (let afterKey: string | null = null; ; ) {
      const { operations, next } = await list({ phase, top, afterKey });
      pages.push(keys(operations));
      if (next === null) return pages;
      afterKey = next;
    }
  }

  test('live and ended operations are listed apart, in the order of keys', async () => {
    const live = ['1', '2', '3'].map((id) => anOperation(id));
    for (const operation of live) await tracked(store, operation);
    await trackedAndEnded(store, anOperation('4'));
    expect(await list({ phase: 'live' })).toEqual({
      operations: live.toSorted((one, other) => (one.key < other.key ? -1 : 1)),
      next: null,
    });
    const ended = await list({ phase: 'ended' });
    expect(keys(ended.operations)).toEqual([anOperation('4').key]);
    expect(ended.operations[0]?.state).toBe('succeeded');
  });

  test('an empty shard has an empty page', async () => {
    expect(await list({ phase: 'live' })).toEqual({ operations: [], next: null });
    expect(await list({ phase: 'ended' })).toEqual({ operations: [], next: null });
  });

  test.each(['live', 'ended'] as const)('pages of %s operations bring each once', async (phase) => {
    const all = Array.from({ length: 7 }, (_, index) => anOperation(String(index)));
    for (const one of all) await (phase === 'live' ? tracked(store, one) : trackedAndEnded(store, one));
    const pages = await listAll(phase, 3);
    expect(pages.slice(0, 2).map((page) => page.length)).toEqual([3, 3]);
    expect(pages.flat()).toEqual(keys(all).toSorted());
  });

  test('a page goes on behind a key that is gone meanwhile', async () => {
    const all = ['1', '2', '3'].map((id) => anOperation(id));
    for (const operation of all) await tracked(store, operation);
    const [first = '', second = '', third = ''] = keys(all).toSorted();
    const page = await list({ phase: 'live', top: 2 });
    expect(keys(page.operations)).toEqual([first, second]);
    const live = await store.lookUp(shard, second);
    await table.transact(shard, [{ type: 'delete', rowKey: `live!${second}`, etag: live.live?.etag ?? '' }]);
    expect(keys((await list({ phase: 'live', afterKey: page.next })).operations)).toEqual([third]);
  });

  test.each([
    { case: 'one state', filter: { states: ['running'] }, ids: ['b'] },
    { case: 'several states', filter: { states: ['running', 'pending', 'lost'] }, ids: ['a', 'b', 'c'] },
    { case: 'a parent', filter: { parentId: 'fabrikam' }, ids: ['c'] },
    { case: 'a label with quotes', filter: { label: `o'brien "x" eq 'y'` }, ids: ['a'] },
    { case: 'a label that would end the text', filter: { label: `' or label eq 'plain` }, ids: [] },
    { case: 'the id of the operation', filter: { operationId: 'b' }, ids: ['b'] },
    {
      case: 'all at once',
      filter: { states: ['running'], parentId: 'contosohr', label: 'plain' },
      ids: ['b'],
    },
    { case: 'what nothing has', filter: { states: ['lost'] }, ids: [] },
  ])('live operations are filtered by $case', async ({ filter, ids }) => {
    await tracked(store, anOperation('a', { label: `o'brien "x" eq 'y'` }));
    await tracked(store, anOperation('b', { state: 'running', label: 'plain' }));
    const other = anOperation('c');
    await tracked(store, { ...other, resource: { ...other.resource, parentId: 'fabrikam' } });
    const { operations } = await list({ phase: 'live', filter: { ...noFilter, ...filter } });
    expect(operations.map(({ resource }) => resource.operationId).toSorted()).toEqual(ids);
  });

  test('ended operations are filtered by what they ended as', async () => {
    await trackedAndEnded(store, anOperation('a', { label: 'x' }));
    await trackedAndEnded(store, anOperation('b', { label: 'y' }));
    await tracked(store, anOperation('c', { label: 'x' }));
    const filter = { ...noFilter, states: ['succeeded'], label: 'x' };
    const { operations } = await list({ phase: 'ended', filter });
    expect(keys(operations)).toEqual([anOperation('a').key]);
  });
});
