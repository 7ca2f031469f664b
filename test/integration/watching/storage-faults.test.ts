// Storage that can't be trusted, under the real flows: whatever its answers, each transition is published under one id,
// and none is lost. Rows of the fault matrix: F-19, F-23, F-25, F-29, F-30.
import { describe, expect, test, vi } from 'vitest';
import type { ProxyMode } from '../../fixtures/storage-proxy.ts';
import { startWatching, type WatchedEvent, type Watching } from './harness.ts';

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

/** Leftovers are 15 seconds old before a sweep sends them. */
const untilOldMs = 16_000;

/** Sweeps until every operation has published so many events. */
async function settle(watching: Watching, count: number, events: WatchedEvent[]): Promise<void> {
  await vi.waitUntil(
    async () => {
      watching.advance(untilOldMs);
      await sweepOrFail(watching);
      events.push(...(await watching.takeEvents()));
      return new Set(events.map(({ id }) => id)).size === count;
    },
    { interval: 0, timeout: 40_000 },
  );
}

/** A sweep that storage does not answer fails; the next one comes. */
async function sweepOrFail({ sweep }: Watching): Promise<void> {
  await sweep().catch(() => undefined);
}

function assertOrderly(events: readonly WatchedEvent[]): void {
  const texts = new Map<string, string>();
  for (const event of events) {
    const text = JSON.stringify(event);
    expect(texts.get(event.id) ?? text).toBe(text);
    texts.set(event.id, text);
  }
  const byKey = Map.groupBy(
    [...texts.values()].map((text) => JSON.parse(text) as WatchedEvent),
    ({ data }) => data.key,
  );
  for (const own of byKey.values()) {
    const sequences = own.map(({ data }) => data.sequence).toSorted((one, other) => one - other);
    expect(sequences).toEqual(sequences.map((_one, index) => index + 1));
  }
}

const faults: readonly { readonly mode: ProxyMode }[] = [
  { mode: 'busy' },
  { mode: 'reset' },
  { mode: '500' },
  { mode: 'hang' },
];

/** The storage calls of a sweep in which something changes; the first transaction is a commit, the last ones clear. */
const calls = [
  { call: 'read of the shard', what: 'table GET', nth: 1 },
  { call: 'commit', what: 'table POST', nth: 1 },
  { call: 'second commit', what: 'table POST', nth: 2 },
  { call: 'clear', what: 'table POST', nth: 3 },
  { call: 'send', what: 'queue POST', nth: 1 },
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
        await settle(watching, 80, events);
        assertOrderly(events);
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
      assertOrderly(events);
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
      assertOrderly(events);
    },
    { OPWATCH_ONENOTE_OPERATION_FIRST_POLL_SECONDS: '0' },
  ));

describe.concurrent('a stop', () => {
  test.each(faults)(
    'is told the truth or 503 when storage answers by $mode',
    { timeout: 60_000 },
    ({ mode }) =>
      withWatching(async (watching) => {
        const [operation] = await watching.begin(1);
        await watching.sweep();
        const events: WatchedEvent[] = [...(await watching.takeEvents())];
        watching.storage.mode = mode;
        const stopped = await watching.app.flows
          .stop(operation?.key ?? '', null)
          .catch(() => ({ outcome: 'storageBusy' }));
        watching.storage.mode = 'pass';
        expect(['ended', 'storageBusy']).toContain(stopped.outcome);
        const again = await watching.app.flows.stop(operation?.key ?? '', null);
        expect(again).toMatchObject({ outcome: 'ended', operation: { state: 'cancelled', sequence: 2 } });
        await settle(watching, 2, events);
        assertOrderly(events);
      }),
  );
});
