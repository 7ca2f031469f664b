// A sweep ends by itself: before the host's limit, at a stop, when storage fails in its middle. What was not read stays
// due, what was read is kept, and nothing goes on afterwards. Rows of the fault matrix: F-03, F-27.
import { describe, expect, test, vi } from 'vitest';
import type { Watching } from './harness.ts';
import { readsOf, withWatching } from './with-watching.ts';

const second = 1000;
const minute = 60 * second;
const atOnce = { OPWATCH_ONENOTE_OPERATION_FIRST_POLL_SECONDS: '0' };

/** Until the request has reached Graph, however busy the machine is. */
const untilAsked = { interval: 5, timeout: 60_000 };

/** OneNote is read by one request at a time: a sweep of two batches or more, held in its first ones. */
async function heldSweep(watching: Watching, { count = 25, holds = 1 } = {}) {
  const { control } = watching.simulator;
  const operations = await watching.begin(count, 'onenoteOperation');
  control.addFault({ fault: 'latency', ms: 300, times: holds });
  const ended = watching.sweep('onenoteOperation');
  await vi.waitUntil(() => control.requests().length === 1, untilAsked);
  return { operations, ended };
}

async function readLater(
  watching: Watching,
  operations: readonly { readonly key: string }[],
  app = watching.app,
) {
  await app.pollKind('onenoteOperation');
  const events = await watching.takeNewEvents();
  expect(events.map(({ data }) => data.key).toSorted()).toEqual(operations.map(({ key }) => key).toSorted());
}

describe.concurrent('a sweep', { timeout: 90_000 }, () => {
  test('begins no request after its four minutes, and the next one goes on with the rest', () =>
    withWatching(async (watching) => {
      const { operations, ended } = await heldSweep(watching);
      watching.advance(4 * minute);
      await ended;
      expect(readsOf(watching)).toHaveLength(1);
      const seen = new Set((await watching.takeNewEvents()).map(({ data }) => data.key));
      expect(seen.size).toBe(20);
      watching.simulator.control.zero();
      await watching.sweep('onenoteOperation');
      const [next] = readsOf(watching);
      const unread = operations.filter(({ key }) => !seen.has(key));
      // All are due again by now; those that were not read are due for longer.
      expect(next).toEqual(expect.arrayContaining(unread.map(({ path }) => path)));
      const events = await watching.takeNewEvents();
      expect(events.map(({ data }) => data.key).toSorted()).toEqual(unread.map(({ key }) => key).toSorted());
    }, atOnce));

  test('ends the request under way at a stop, keeps what it brought, and begins no other (F-03)', () =>
    withWatching(async (watching) => {
      const { operations, ended } = await heldSweep(watching);
      void watching.app.stop();
      await ended;
      expect(readsOf(watching)).toHaveLength(1);
      const seen = new Set((await watching.takeNewEvents()).map(({ data }) => data.key));
      expect(seen.size).toBe(20);
      await watching.sweep('onenoteOperation');
      expect(readsOf(watching)).toHaveLength(1);
      watching.advance(2 * minute);
      const unread = operations.filter(({ key }) => !seen.has(key));
      await readLater(watching, unread, watching.secondApp());
    }, atOnce));

  test('gives up a request that is never answered soon after a stop, and says nothing of its operations (F-03)', () =>
    withWatching(async (watching) => {
      const operations = await watching.begin(3);
      const { control } = watching.simulator;
      control.addFault({ fault: 'hang', times: 1 });
      let tookMs = Number.NaN;
      const counts = await watching.counted(async () => {
        const ended = watching.sweep();
        await vi.waitUntil(() => control.requests().length === 1, untilAsked);
        const stoppedMs = performance.now();
        void watching.app.stop();
        await ended;
        tookMs = performance.now() - stoppedMs;
      });
      expect(tookMs).toBeLessThan(9 * second);
      expect(counts).toEqual({ 'table GET': 1 });
      for (const { key } of operations)
        expect(await watching.find(key)).toMatchObject({ state: 'pending', health: { status: 'ok' } });
      const other = watching.secondApp();
      await other.pollKind('connectionOperation');
      expect(await watching.takeNewEvents()).toHaveLength(3);
    }));

  test('is one at a time in a process: another tick meanwhile does nothing', () =>
    withWatching(async (watching) => {
      const { operations, ended } = await heldSweep(watching);
      expect(await watching.counted(() => watching.sweep('onenoteOperation'))).toEqual({});
      await ended;
      expect(readsOf(watching)).toHaveLength(2);
      expect(await watching.takeNewEvents()).toHaveLength(operations.length);
    }, atOnce));
});

describe.concurrent('a sweep in whose middle storage refuses us (F-27)', { timeout: 90_000 }, () => {
  test('asks Graph nothing more, tells it, and loses nothing', () =>
    withWatching(async (watching) => {
      const { operations, ended } = await heldSweep(watching, { count: 65, holds: 2 });
      watching.storage.mode = (what) => (what === 'table POST' ? 'refuse' : 'pass');
      await expect(ended).rejects.toMatchObject({ code: 'storage_forbidden' });
      // The second one was under way when the commit of what the first had brought was refused.
      expect(readsOf(watching)).toHaveLength(2);
      watching.storage.mode = 'pass';
      expect(await watching.takeNewEvents()).toEqual([]);
      expect(readsOf(watching)).toHaveLength(2);
      watching.advance(minute);
      await readLater(watching, operations);
    }, atOnce));

  test('or does not answer when it is asked who has to wait goes on with nothing behind its back', () =>
    withWatching(async (watching) => {
      const { operations, ended } = await heldSweep(watching);
      // The memory is asked again after ten seconds.
      watching.advance(11 * second);
      watching.storage.mode = (what) => (what === 'table GET' ? 'busy' : 'pass');
      await expect(ended).rejects.toMatchObject({ code: 'storage_busy' });
      expect(readsOf(watching)).toHaveLength(1);
      watching.storage.mode = 'pass';
      // What the answered request brought is kept and published.
      const seen = new Set((await watching.takeNewEvents()).map(({ data }) => data.key));
      expect(seen.size).toBe(20);
      watching.advance(2 * minute);
      await readLater(
        watching,
        operations.filter(({ key }) => !seen.has(key)),
      );
    }, atOnce));
});
