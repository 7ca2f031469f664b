// Two sweepers and an API process at once on the same operations: each ends once, and whoever is answered is told the
// truth. Rows of the fault matrix: F-04, F-11, F-90.
import { describe, expect, test } from 'vitest';
import type { WatchedEvent, Watching } from './harness.ts';
import { withWatching } from './with-watching.ts';

const second = 1000;
const untilOldMs = 16 * second;
const kind = 'connectionOperation';

/** Sequences run from 1 without gaps, each follows the one before, and one event ends each operation. */
function assertHistories(events: readonly WatchedEvent[], keys: readonly string[]): void {
  const byKey = Map.groupBy(events, ({ data }) => data.key);
  expect([...byKey.keys()].toSorted()).toEqual(keys.toSorted());
  for (const own of byKey.values()) {
    const inOrder = own.toSorted((one, other) => one.data.sequence - other.data.sequence);
    expect(inOrder.map(({ data }) => data.sequence)).toEqual(inOrder.map((_one, index) => index + 1));
    for (const [index, { data }] of inOrder.entries()) {
      const before = inOrder[index - 1]?.data.current;
      expect(data.previous).toEqual(before ? { state: before.state, status: before.status } : null);
    }
    const ends = inOrder.filter(({ data }) =>
      ['succeeded', 'failed', 'cancelled'].includes(data.current.state),
    );
    expect(ends).toHaveLength(1);
  }
}

async function drain(watching: Watching): Promise<readonly WatchedEvent[]> {
  watching.advance(untilOldMs);
  await watching.sweep();
  return watching.takeNewEvents();
}

describe.concurrent('two sweepers and an API process', { timeout: 90_000 }, () => {
  test('stop, read and sweep the same operations at once', () =>
    withWatching(async (watching) => {
      const [other, api] = [watching.secondApp(), watching.secondApp()];
      const operations = await watching.begin(8);
      const keys = operations.map(({ key }) => key);
      await Promise.all([watching.sweep(), other.pollKind(kind)]);
      const events = [...(await drain(watching))];
      watching.setAll(operations, 'completed');
      watching.advance(2 * second);
      const stop = (key: string) =>
        api.flows.stop(key, null).catch(() => ({ outcome: 'storageBusy' as const }));
      const [stopped] = await Promise.all([
        Promise.all(keys.map(stop)),
        watching.sweep(),
        other.pollKind(kind),
        ...keys.flatMap((key) => [watching.app.flows.pollNow(key).catch(() => null), stop(key)]),
      ]);
      events.push(...(await drain(watching)));
      assertHistories(events, keys);
      for (const [index, answer] of stopped.entries()) {
        const key = keys[index] ?? '';
        const view = await watching.find(key);
        const end = events.find(({ data }) => data.key === key && data.current.state === view.state);
        expect(end).toBeDefined();
        const isAnswered = answer.outcome !== 'storageBusy';
        expect(answer).toEqual(isAnswered ? { outcome: 'ended', operation: view } : answer);
      }
    }));

  test('see each word of a busy shard once, whoever reads it first', () =>
    withWatching(async (watching) => {
      const other = watching.secondApp();
      const operations = await watching.begin(40);
      const events: WatchedEvent[] = [];
      for (const word of ['inprogress', 'validating', 'indexing', 'failed']) {
        watching.setAll(operations, word);
        watching.advance(2 * second);
        await Promise.all([watching.sweep(), other.pollKind(kind)]);
        events.push(...(await watching.takeNewEvents()));
      }
      events.push(...(await drain(watching)));
      expect(events).toHaveLength(4 * 40);
      assertHistories(
        events,
        operations.map(({ key }) => key),
      );
    }));

  test('leave what was just committed to its committer for fifteen seconds', () =>
    withWatching(async (watching) => {
      const other = watching.secondApp();
      await watching.begin(5);
      watching.storage.mode = (what) => (what === 'queue POST' ? 'busy' : 'pass');
      await watching.sweep();
      watching.storage.mode = 'pass';
      // A sweep looks at the clock before storage has told it the time.
      for (const [waitMs, events] of [
        [14_999, 0],
        [1001, 5],
      ] as const) {
        watching.advance(waitMs);
        await other.pollKind(kind);
        expect(await watching.takeEvents()).toHaveLength(events);
      }
    }));

  test('publish what a third left behind, both at once: copies have one id and the same bytes', () =>
    withWatching(async (watching) => {
      const other = watching.secondApp();
      await watching.begin(20);
      watching.storage.mode = (what) => (what === 'queue POST' ? 'busy' : 'pass');
      await watching.sweep();
      watching.storage.mode = 'pass';
      watching.advance(untilOldMs);
      await Promise.all([watching.sweep(), other.pollKind(kind)]);
      const events = await watching.takeEvents();
      const byId = Map.groupBy(events, ({ id }) => id);
      expect(byId.size).toBe(20);
      for (const copies of byId.values())
        expect(new Set(copies.map((one) => JSON.stringify(one))).size).toBe(1);
      expect(events.length).toBeLessThanOrEqual(40);
      watching.advance(untilOldMs);
      await watching.sweep();
      expect(await watching.takeEvents()).toEqual([]);
    }));
});
