// A row of somebody else's content where an operation's next event belongs: a breach that nobody can decide but a person.
// That operation stands still and says so, nothing is overwritten, and its neighbours go on. Row of the fault matrix: F-26.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { present } from '../../fixtures/present.ts';
import { startWatching, type Watching } from './harness.ts';

const shard = 'connectionOperation-00';
const foreign = { v: 1, body: '{"id":"of somebody else"}', committedAt: '2026-11-22T06:00:00.000Z' };
const conflict = 'another event stands where the next one belongs';
const untilDueAgainMs = 2000;
/** Blocked operations are read ever more rarely, at least every five minutes. */
const untilReadAgainMs = 301_000;

let watching: Watching;
beforeEach(async () => {
  watching = await startWatching();
});
afterEach(() => watching.stop());

/** Puts a foreign row where the second event of an operation belongs. */
async function occupy(key: string): Promise<string> {
  const { generation } = present(await watching.app.flows.find(key));
  const rowKey = `event!${key}!${String(generation).padStart(12, '0')}!${'2'.padStart(10, '0')}`;
  await watching.table.createEntity({ partitionKey: shard, rowKey, ...foreign });
  return rowKey;
}

function alarms(): readonly unknown[] {
  return watching.logged
    .filter(({ message }) => message === conflict)
    .map(({ fields }) => [fields['operationKey'], fields['sequence']]);
}

test('an event row of other content freezes its operation alone, and is never overwritten', async () => {
  const operations = await watching.begin(5);
  await watching.sweep();
  await watching.takeEvents();
  const { key } = present(operations[2]);
  const rowKey = await occupy(key);
  watching.setAll(operations, 'completed');
  watching.advance(untilDueAgainMs);
  await watching.sweep();

  const found = await Promise.all(operations.map(({ key }) => watching.app.flows.find(key)));
  expect(found.map((one) => one?.state)).toEqual([
    'succeeded',
    'succeeded',
    'running',
    'succeeded',
    'succeeded',
  ]);
  expect(found[2]).toMatchObject({ sequence: 1, health: { status: 'blocked', code: 'event_conflict' } });
  expect(found[2]?.health.explanation).toContain('event row');
  expect((await watching.takeEvents()).map(({ data }) => data.key)).not.toContain(key);
  expect(await watching.table.getEntity(shard, rowKey)).toMatchObject(foreign);
  expect(alarms()).toEqual([[key, 2]]);

  // It goes on by itself once the row is gone, and alarms until then.
  watching.advance(untilReadAgainMs);
  await watching.sweep();
  expect(alarms().length).toBe(2);
  await watching.table.deleteEntity(shard, rowKey);
  watching.advance(untilReadAgainMs);
  await watching.sweep();
  expect(await watching.takeEvents()).toMatchObject([
    { data: { key, sequence: 2, current: { state: 'succeeded' } } },
  ]);
});

test('a stop of such an operation is told that it could not be done', async () => {
  const [operation] = await watching.begin(1);
  const { key } = present(operation);
  await watching.sweep();
  await occupy(key);
  expect(await watching.app.flows.stop(key, null)).toEqual({ outcome: 'storageBusy' });
  expect(await watching.app.flows.find(key)).toMatchObject({ state: 'running', sequence: 1 });
  expect(alarms()).toEqual([[key, 2]]);
});

test('a read on demand of such an operation shows why it stands still', async () => {
  const [operation] = await watching.begin(1);
  const { key } = present(operation);
  await watching.sweep();
  await occupy(key);
  watching.setAll([present(operation)], 'failed');
  expect(await watching.app.flows.pollNow(key)).toMatchObject({
    outcome: 'polled',
    operation: { state: 'running', health: { status: 'blocked', code: 'event_conflict' } },
  });
});
