// Storage that refuses us, or that somebody deleted: a sweep fails fast and asks Graph nothing, what is missing is made
// again, and the outbox keeps what the queue could not take. Rows of the fault matrix: F-27, F-28.
import { describe, expect, test } from 'vitest';
import { withWatching } from './with-watching.ts';

const second = 1000;

describe.concurrent('storage that refuses us (F-27)', { timeout: 90_000 }, () => {
  test.each([
    { what: 'the table', refused: 'table' },
    { what: 'table and queue', refused: '' },
  ])('by $what fails a sweep at once; Graph is not asked, and health says so', ({ refused }) =>
    withWatching(async (watching) => {
      const readiness = async () => {
        const { isReady, details } = await watching.app.flows.checkReadiness(true);
        return { isReady, storage: details?.storage.code ?? null };
      };
      await watching.begin(3);
      expect(await readiness()).toEqual({ isReady: true, storage: null });
      watching.storage.mode = (what) => (what.startsWith(refused) ? 'refuse' : 'pass');
      const counts = await watching.counted(async () => {
        await expect(watching.sweep()).rejects.toMatchObject({ code: 'storage_forbidden' });
      });
      expect(counts).toEqual({ 'table GET': 1 });
      expect(watching.simulator.control.stats().httpRequests).toBe(0);
      expect(await readiness()).toEqual({ isReady: false, storage: 'storage_forbidden' });
      watching.storage.mode = 'pass';
      await watching.sweep();
      expect(await readiness()).toEqual({ isReady: true, storage: null });
      expect(await watching.takeNewEvents()).toHaveLength(3);
    }),
  );

  test('at the start fails it too, and is tried again by the next', () =>
    withWatching(async (watching) => {
      await watching.begin(1);
      const other = watching.secondApp();
      watching.storage.mode = 'refuse';
      await expect(other.start()).rejects.toMatchObject({ code: 'storage_forbidden' });
      await expect(other.pollKind('connectionOperation')).rejects.toMatchObject({
        code: 'storage_forbidden',
      });
      expect(watching.simulator.control.stats().httpRequests).toBe(0);
      watching.storage.mode = 'pass';
      await other.pollKind('connectionOperation');
      expect(await watching.takeNewEvents()).toHaveLength(1);
    }));

  test('by the queue alone keeps the events until it takes them', () =>
    withWatching(async (watching) => {
      await watching.begin(3);
      watching.storage.mode = (what) => (what.startsWith('queue') ? 'refuse' : 'pass');
      await watching.sweep();
      expect(watching.logged.map(({ message }) => message)).toContain('event was not sent');
      watching.storage.mode = 'pass';
      watching.advance(16 * second);
      await watching.sweep();
      expect(await watching.takeNewEvents()).toHaveLength(3);
    }));
});

describe.concurrent('storage that was deleted (F-28)', { timeout: 90_000 }, () => {
  test('or was never there is made by two processes at once', () =>
    withWatching(async (watching) => {
      await watching.table.deleteTable();
      await watching.transitionsQueue.delete();
      await watching.sweepsQueue.delete();
      const others = [watching.secondApp(), watching.secondApp()];
      await Promise.all(others.map((other) => other.start()));
      await watching.begin(2);
      await Promise.all(others.map((other) => other.pollKind('connectionOperation')));
      const events = await watching.takeNewEvents();
      expect(new Set(events.map(({ id }) => id)).size).toBe(2);
      expect(await watching.sweepsQueue.exists()).toBe(true);
    }));

  test('in mid-run: the queue is made again by the first who sends, and gets every event', () =>
    withWatching(async (watching) => {
      const operations = await watching.begin(20);
      await watching.sweep();
      await watching.takeNewEvents();
      await watching.transitionsQueue.delete();
      watching.setAll(operations, 'completed');
      watching.advance(2 * second);
      await watching.sweep();
      watching.advance(16 * second);
      await watching.sweep();
      expect(await watching.takeNewEvents()).toHaveLength(20);
    }));

  test('in mid-run: without a table there is nothing to sweep, and what is registered then is watched', () =>
    withWatching(async (watching) => {
      await watching.begin(3);
      await watching.sweep();
      await watching.takeNewEvents();
      await watching.table.deleteTable();
      watching.simulator.control.zero();
      watching.advance(2 * second);
      await watching.sweep();
      expect(watching.simulator.control.stats().httpRequests).toBe(0);
      await watching.begin(2);
      await watching.sweep();
      expect(await watching.takeNewEvents()).toHaveLength(2);
    }));

  test('between a read and its commit costs the operations, and no sweep after it', () =>
    withWatching(async (watching) => {
      const operations = await watching.begin(3);
      let isDeleted = false;
      const deleting = Promise.withResolvers<void>();
      watching.storage.mode = (what) => {
        if (what !== 'table POST' || isDeleted) return 'pass';
        isDeleted = true;
        watching.table.deleteTable().then(() => deleting.resolve(), deleting.reject);
        return 'busy';
      };
      await watching.sweep();
      await deleting.promise;
      expect(await watching.app.flows.find(operations[0]?.key ?? '')).toBeNull();
      await watching.begin(1);
      watching.advance(2 * second);
      await watching.sweep();
      expect(await watching.takeNewEvents()).toHaveLength(1);
    }));
});
