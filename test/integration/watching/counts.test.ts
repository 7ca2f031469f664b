// What watching costs, as counts of requests: these are promises, and a benchmark only shows their times.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startWatching, type Watching } from './harness.ts';

let watching: Watching;

beforeEach(async () => {
  watching = await startWatching();
});

afterEach(async () => {
  await watching.stop();
});

/** Every grid has a point a second, moved by a tenth at most: all that was read is due again after two. */
const untilDueAgainMs = 2000;

test('reads a hundred operations by five requests', async () => {
  await watching.begin(100);
  await watching.sweep();
  const { httpRequests, items } = watching.simulator.control.stats();
  expect({ httpRequests, items }).toEqual({ httpRequests: 5, items: 100 });
});

test('tracks by one transaction, and by two reads more when it was there', async () => {
  const [first] = await watching.begin(1);
  const again = () =>
    watching.app.flows.track({
      named: {
        key: first?.key ?? '',
        kind: 'connectionOperation',
        resource: {
          ...watching.app.home,
          version: 'v1.0',
          path: first?.path ?? '',
          parentId: '',
          operationId: '',
        },
      },
      label: null,
      metadata: {},
      deadlineMs: null,
      restartAfter: null,
      trackedBy: 'api',
    });
  expect(await watching.counted(() => watching.begin(1))).toEqual({ 'table POST': 1 });
  const counts = await watching.counted(again);
  expect(counts['table POST']).toBe(1);
  expect(counts['table GET']).toBeLessThanOrEqual(2);
});

test('writes nothing for polls that bring nothing, and reads the table once', async () => {
  await watching.begin(60);
  await watching.sweep();
  watching.advance(untilDueAgainMs);
  const before = watching.simulator.control.stats().items;
  expect(await watching.counted(() => watching.sweep())).toEqual({ 'table GET': 1 });
  expect(watching.simulator.control.stats().items - before).toBe(60);
});

test('costs a transition its share of a commit, one send and its share of a clear', async () => {
  const operations = await watching.begin(66);
  await watching.sweep();
  watching.setAll(operations, 'completed');
  watching.advance(untilDueAgainMs);
  const { 'queue POST': sends = 0, 'table POST': transactions = 0 } = await watching.counted(() =>
    watching.sweep(),
  );
  expect(sends).toBe(66);
  // 25 ends fill a transaction; the first ones of a sweep do not wait for it to be full.
  expect(transactions).toBeLessThanOrEqual(12);
});

test('costs a transition at most one and a half storage operations, at thirty and more changes a commit', async () => {
  const operations = await watching.begin(330);
  await watching.sweep();
  watching.setAll(operations, 'waiting');
  watching.advance(untilDueAgainMs);
  const { 'queue POST': sends = 0, 'table POST': transactions = 0 } = await watching.counted(() =>
    watching.sweep(),
  );
  expect(sends).toBe(330);
  expect((sends + transactions) / sends).toBeLessThanOrEqual(1.5);
});

test('stores how far it swept once a minute, and nothing else of polls that bring nothing', async () => {
  await watching.stop();
  watching = await startWatching({}, 'stopped');
  await watching.begin(20);
  await watching.sweep();
  await watching.takeEvents();
  let writes = 0;
  for (let look = 0; look < 24; look += 1) {
    watching.advance(5000);
    const {
      'table GET': reads,
      'table POST': stored = 0,
      ...others
    } = await watching.counted(watching.sweep);
    expect({ reads, others }).toEqual({ reads: 1, others: {} });
    writes += stored;
  }
  // Two minutes.
  expect(writes).toBe(2);
});

test('costs what is due, and of what is not only its pages of the table', { timeout: 90_000 }, async () => {
  const minutely = {
    OPWATCH_CONNECTION_OPERATION_FIRST_POLL_SECONDS: '3600',
    OPWATCH_CONNECTION_OPERATION_INTERVAL_SECONDS: '60',
  };
  await watching.stop();
  watching = await startWatching(minutely, 'stopped');
  const { control } = watching.simulator;
  await watching.begin(3);
  watching.advance(1800 * 1000);
  await watching.begin(1100);
  // A page a thousand rows; nobody is due.
  expect(await watching.counted(() => watching.sweep())).toEqual({ 'table GET': 2 });
  expect(control.stats().httpRequests).toBe(0);
  watching.advance(1800 * 1000);
  const first = await watching.counted(() => watching.sweep());
  // Three first sights share a commit and a clear; then how far it swept.
  expect(first).toEqual({ 'table GET': 2, 'table POST': 3, 'queue POST': 3 });
  expect(control.stats()).toMatchObject({ httpRequests: 1, items: 3 });
  watching.advance(70 * 1000);
  expect(await watching.counted(() => watching.sweep())).toEqual({ 'table GET': 2, 'table POST': 1 });
  expect(control.stats()).toMatchObject({ httpRequests: 2, items: 6 });
  watching.advance(58 * 1000);
  expect(await watching.counted(() => watching.sweep())).toEqual({ 'table GET': 2 });
});

test('asks nobody but the table while nothing is watched', async () => {
  expect(await watching.counted(() => watching.sweep())).toEqual({ 'table GET': 1 });
});
