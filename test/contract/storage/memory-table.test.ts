// The faults of the fake: what the real table can do to a caller, on demand.
import { expect, test } from 'vitest';
import { createMemoryTable } from '../../fakes/memory-table.ts';
import { unknown } from './tables.ts';

const create = { type: 'create', rowKey: 'live!a', properties: {} } as const;

test('a refused transaction is not applied, a lost answer is', async () => {
  const table = createMemoryTable();
  table.fault = () => 'refuse';
  expect(await table.transact('p', [create])).toEqual(unknown);
  expect(table.rows('p')).toEqual([]);
  table.fault = () => 'lose';
  expect(await table.transact('p', [create])).toEqual(unknown);
  expect(table.rows('p')).toHaveLength(1);
});

test('the hook sees what is to be written and may fail as storage does', async () => {
  const table = createMemoryTable();
  table.fault = (partitionKey, actions) => {
    throw new Error(`${partitionKey} ${actions.map(({ rowKey }) => rowKey).join()}`);
  };
  await expect(table.transact('p', [create])).rejects.toThrow('p live!a');
  expect(table.rows('p')).toEqual([]);
});
