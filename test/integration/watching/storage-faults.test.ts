// Storage that can't be trusted in the middle of many changes, and another sweeper: each transition is published under one
// id, and none is lost. Rows of the fault matrix: F-04, F-19, F-25, F-29. One call after another: dropped-answers.test.ts.
import { describe, expect, test, vi } from 'vitest';
import type { ProxyMode } from '../../fixtures/storage-proxy.ts';
import { startWatching, type WatchedEvent, type Watching } from './harness.ts';
import { orderly, settle, sweepOrFail, untilOldMs } from './settle.ts';

/** Each test has its own table and queue, so that all of them can run side by side. */
async function withWatching(
  work: (watching: Watching) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const watching = await startWatching(env);
  try {
    await work(watching);
  } finally {
    await watching.stop();
  }
}

const faults: readonly { readonly mode: ProxyMode }[] = [
  { mode: 'busy' },
  { mode: 'reset' },
  { mode: '500' },
  { mode: 'hang' },
];

/** Calls of which a sweep with many changes makes several. */
const calls = [
  { call: 'second commit', what: 'table POST', nth: 2 },
  { call: 'third transaction', what: 'table POST', nth: 3 },
  { call: 'tenth send', what: 'queue POST', nth: 10 },
] as const;

/** Misbehaves at one call, the nth of its sort, and at no other. */
function faultAt(what: string, nth: number, mode: ProxyMode): (seen: string) => ProxyMode {
  let count = 0;
  return (seen) => {
    if (seen !== what) return 'pass';
    count += 1;
    return count === nth ? mode : 'pass';
  };
}

describe.concurrent.each(calls)('the $call', ({ call, what, nth }) => {
  test.each(faults)(
    `answered by $mode loses nothing and publishes under one id (${call})`,
    { timeout: 90_000 },
    ({ mode }) =>
      withWatching(async (watching) => {
        const operations = await watching.begin(40);
        await watching.sweep();
        const events: WatchedEvent[] = [...(await watching.takeEvents())];
        watching.setAll(operations, 'completed');
        let isHit = false;
        const decide = faultAt(what, nth, mode);
        watching.storage.mode = (seen) => {
          const decided = decide(seen);
          isHit ||= decided !== 'pass';
          return decided;
        };
        await vi.waitUntil(
          async () => {
            watching.advance(2000);
            await sweepOrFail(watching);
            return isHit;
          },
          { interval: 0, timeout: 20_000 },
        );
        watching.storage.mode = 'pass';
        await settle(watching, { count: 80, events });
        orderly(events);
        const ends = events.filter(({ data }) => data.current.state === 'succeeded');
        expect(new Set(ends.map(({ data }) => data.key)).size).toBe(40);
      }),
  );
});

describe.concurrent('a sweep', () => {
  test('and another one at the same time commit each change once', () =>
    withWatching(async (watching) => {
      const other = watching.secondApp();
      const operations = await watching.begin(40);
      const events: WatchedEvent[] = [];
      await Promise.all([watching.sweep(), other.pollKind('connectionOperation')]);
      watching.setAll(operations, 'failed');
      await vi.waitUntil(
        async () => {
          watching.advance(2000);
          await Promise.all([watching.sweep(), other.pollKind('connectionOperation')]);
          events.push(...(await watching.takeEvents()));
          return new Set(events.map(({ id }) => id)).size === 80;
        },
        { interval: 0, timeout: 40_000 },
      );
      orderly(events);
      await other.stop();
    }));
});

test.concurrent('what could not be committed is due at the next sweep, not at its next point', () =>
  withWatching(
    async (watching) => {
      const operations = await watching.begin(1);
      await watching.sweep();
      watching.setAll(operations, 'completed');
      watching.advance(10 * 60_000);
      watching.storage.mode = (what) => (what === 'table POST' ? 'busy' : 'pass');
      await watching.sweep();
      expect(await watching.takeEvents()).toHaveLength(1);
      watching.storage.mode = 'pass';
      await watching.sweep();
      expect(await watching.takeEvents()).toMatchObject([{ data: { current: { state: 'succeeded' } } }]);
    },
    { OPWATCH_CONNECTION_OPERATION_INTERVAL_SECONDS: '600' },
  ));

test.concurrent('a sweep that fails half-way has brought to its end what it began', () =>
  withWatching(
    async (watching) => {
      await watching.begin(80, 'onenoteOperation');
      watching.storage.mode = (what) => {
        if (what === 'table GET') return 'pass';
        // From the first commit on the sweep may not read any more, and has to before its next request.
        watching.advance(11_000);
        watching.storage.mode = (next) => (next === 'table GET' ? 'refuse' : 'pass');
        return 'pass';
      };
      await expect(watching.sweep('onenoteOperation')).rejects.toMatchObject({ code: 'storage_forbidden' });
      const requests = watching.storage.requests();
      const events = [...(await watching.takeEvents())];
      expect(events.length).toBeGreaterThan(0);
      watching.storage.mode = 'pass';
      expect(watching.storage.requests()).toBe(requests);
      watching.advance(untilOldMs);
      await watching.sweep('onenoteOperation');
      events.push(...(await watching.takeEvents()));
      expect(events).toHaveLength(80);
      orderly(events);
    },
    { OPWATCH_ONENOTE_OPERATION_FIRST_POLL_SECONDS: '0' },
  ));
