// What a sweep says of itself, as its log line has it.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startWatching, type Watching } from './harness.ts';

let watching: Watching;

beforeEach(async () => {
  watching = await startWatching();
});

afterEach(async () => {
  await watching.stop();
});

const untilDueAgainMs = 2000;
const lastReport = () => watching.logged.findLast(({ message }) => message === 'sweep ended')?.fields;

test('tells what it found, read, stored and sent', async () => {
  await watching.begin(45);
  watching.advance(90_000);
  await watching.sweep();
  expect(lastReport()).toEqual({
    shard: 'connectionOperation-00',
    durationMs: expect.any(Number),
    live: 45,
    oldestAgeSeconds: expect.closeTo(90, -1),
    due: 45,
    read: 45,
    httpRequests: 3,
    items: 45,
    throttledItems: 0,
    refusedItems: 0,
    unreadableItems: 0,
    throttledForSeconds: 0,
    heldBackMs: 0,
    unread: 0,
    ignored: 0,
    committed: 45,
    commits: expect.any(Number),
    left: 0,
    published: 45,
    unpublished: 0,
    outboxDepth: 0,
    outboxOldestSeconds: 0,
    parked: 0,
    maxLatenessMs: expect.any(Number),
  });
});

test('writes no line when it brought nothing but unchanged polls', async () => {
  await watching.begin(5);
  await watching.sweep();
  const before = watching.logged.length;
  watching.advance(untilDueAgainMs);
  await watching.sweep();
  expect(watching.simulator.control.stats().items).toBe(10);
  expect(watching.logged.length).toBe(before);
});

test('counts what Graph throttled, refused and could not answer, each for itself', async () => {
  await watching.stop();
  // Of a wait, time takes away; here it stands still.
  watching = await startWatching({}, 'stopped');
  const operations = await watching.begin(6);
  const paths = operations.map(({ path }) => path);
  const fault = (path: string | undefined, status: number) =>
    watching.simulator.control.addFault({
      fault: 'status',
      status,
      where: { path: path ?? '' },
      retryAfter: 20,
    });
  fault(paths[0], 429);
  fault(paths[1], 403);
  fault(paths[2], 500);
  fault(paths[3], 500);
  await watching.sweep();
  expect(lastReport()).toMatchObject({
    items: 6,
    read: 5,
    throttledItems: 1,
    refusedItems: 1,
    unreadableItems: 2,
    throttledForSeconds: 20,
  });
});

test('counts answers of replicas that lag behind', async () => {
  const operations = await watching.begin(1);
  await watching.sweep();
  watching.setAll(operations, 'unspecified');
  watching.advance(untilDueAgainMs);
  await watching.sweep();
  expect(lastReport()).toMatchObject({ ignored: 1, committed: 0 });
});

test('tells how many events wait for the queue, and since when', async () => {
  await watching.begin(3);
  watching.storage.mode = (what) => (what.startsWith('queue') ? 'busy' : 'pass');
  await watching.sweep();
  expect(lastReport()).toMatchObject({ committed: 3, published: 0, unpublished: 3 });
  watching.storage.mode = 'pass';
  watching.advance(20_000);
  await watching.sweep();
  expect(lastReport()).toMatchObject({
    outboxDepth: 3,
    outboxOldestSeconds: expect.closeTo(20, -1),
    published: 3,
  });
});
