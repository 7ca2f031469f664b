// Graph is away for half an hour and comes back, and we start anew in between: nobody is asked more than at other times.
// Row of the fault matrix: F-64; that of a queue that is away: F-30.
import { describe, expect, test } from 'vitest';
import type { FaultInput } from '../../../dev/simulator/faults.ts';
import type { App } from '../../../src/app.ts';
import type { WatchedEvent, Watching } from './harness.ts';
import { readsOf, withWatching } from './with-watching.ts';

const second = 1000;
const minute = 60 * second;
const count = 40;
/** Points of the grid move by a tenth of an interval, so that some minutes have more of them than others. */
const most = 1.2 * count;
const everyMinute = {
  OPWATCH_CONNECTION_OPERATION_FIRST_POLL_SECONDS: '60',
  OPWATCH_CONNECTION_OPERATION_INTERVAL_SECONDS: '60',
};

/** Two sweeps a minute; what Graph was asked in each. */
async function pass(watching: Watching, minutes: number, app: App = watching.app) {
  const { control } = watching.simulator;
  const asked: { httpRequests: number; items: number; ofOne: number }[] = [];
  for (let index = 0; index < minutes; index += 1) {
    control.zero();
    for (let look = 0; look < 2; look += 1) {
      watching.advance(30 * second);
      await app.pollKind('connectionOperation');
    }
    const { httpRequests, items } = control.stats();
    const reads = [...Map.groupBy(readsOf(watching).flat(), (path) => path).values()];
    asked.push({ httpRequests, items, ofOne: Math.max(0, ...reads.map((one) => one.length)) });
  }
  return asked;
}

/** Operations tracked over a minute, as they are in life, and the requests of a usual minute. */
async function steady(watching: Watching) {
  const operations: { readonly key: string; readonly path: string }[] = [];
  for (let group = 0; group < 4; group += 1) {
    operations.push(...(await watching.begin(count / 4)));
    watching.advance(15 * second);
  }
  await pass(watching, 2);
  expect(await watching.takeNewEvents()).toHaveLength(count);
  return operations;
}

describe.concurrent('Graph away for half an hour', { timeout: 90_000 }, () => {
  test.each<{ what: string; fault: FaultInput }>([
    { what: 'answers 503', fault: { fault: 'status', on: 'request', status: 503 } },
    { what: 'resets all connections', fault: { fault: 'reset' } },
  ])('($what) is asked less and less, and not more than usual when it is back', ({ fault }) =>
    withWatching(async (watching) => {
      const operations = await steady(watching);
      watching.simulator.control.addFault(fault);
      const away = await pass(watching, 30);
      expect(Math.max(...away.map(({ items }) => items))).toBeLessThanOrEqual(most);
      expect(away.slice(2).reduce((sum, { items }) => sum + items, 0)).toBeLessThanOrEqual(6 * count);
      expect(await watching.takeNewEvents()).toEqual([]);
      watching.simulator.control.clearFaults();
      watching.setAll(operations, 'completed');
      const back = await pass(watching, 8);
      expect(back[0]?.items).toBeLessThanOrEqual(count);
      expect(Math.max(...back.map(({ items }) => items))).toBeLessThanOrEqual(most);
      const events = await watching.takeNewEvents();
      expect(events.map(({ data }) => data.key).toSorted()).toEqual(
        operations.map(({ key }) => key).toSorted(),
      );
      expect(new Set(events.map(({ data }) => data.current.state))).toEqual(new Set(['succeeded']));
    }, everyMinute),
  );

  test('writes a trouble once for each operation, and its end once', () =>
    withWatching(async (watching) => {
      await steady(watching);
      watching.simulator.control.addFault({ fault: 'status', on: 'request', status: 503 });
      const away = await watching.counted(() => pass(watching, 10));
      // A transaction for each batch that was refused first, and how far the shard was swept.
      expect(away['table POST']).toBeLessThanOrEqual(8 + 10);
      watching.simulator.control.clearFaults();
      const back = await watching.counted(() => pass(watching, 9));
      expect(back['table POST']).toBeLessThanOrEqual(20 + 9);
      expect(back['queue POST']).toBeUndefined();
    }, everyMinute));
});

describe.concurrent('a restart', { timeout: 90_000 }, () => {
  test.each([
    { what: 'in quiet times', isAway: false },
    { what: 'while Graph is away', isAway: true },
  ])('$what costs one early read an operation at most', ({ isAway }) =>
    withWatching(async (watching) => {
      await steady(watching);
      if (isAway) watching.simulator.control.addFault({ fault: 'status', on: 'request', status: 503 });
      await pass(watching, 3);
      const [after, later] = await pass(watching, 2, watching.secondApp());
      expect(after?.items).toBeLessThanOrEqual(most + count);
      expect(after?.ofOne).toBeLessThanOrEqual(2);
      expect(later?.items).toBeLessThanOrEqual(most);
    }, everyMinute),
  );

  test('reads nothing anew but what was read within a minute of the last mark', () =>
    withWatching(
      async (watching) => {
        await steady(watching);
        await pass(watching, 2);
        const [after] = await pass(watching, 1, watching.secondApp());
        expect(after?.items).toBeLessThan(count);
      },
      { ...everyMinute, OPWATCH_CONNECTION_OPERATION_INTERVAL_SECONDS: '3600' },
    ));

  test('after an hour in which nobody swept reads each operation once', () =>
    withWatching(async (watching) => {
      await steady(watching);
      watching.advance(60 * minute);
      watching.simulator.control.zero();
      const started = watching.secondApp();
      await started.pollKind('connectionOperation');
      expect(watching.simulator.control.stats()).toMatchObject({ httpRequests: 2, items: count });
      const [first] = await pass(watching, 1, started);
      expect(first?.items).toBeLessThanOrEqual(most);
    }, everyMinute));
});

describe.concurrent('a queue that is away (F-30)', { timeout: 90_000 }, () => {
  const untilOldMs = 16 * second;

  test('holds up no poll and no new operation; all is published later, in order', () =>
    withWatching(async (watching) => {
      const operations = [...(await watching.begin(20))];
      watching.storage.mode = (what) => (what === 'queue POST' ? 'busy' : 'pass');
      const words = ['validating', 'indexing', 'completed'];
      await watching.sweep();
      for (const word of words) {
        watching.setAll(operations, word);
        watching.advance(untilOldMs);
        const { 'queue POST': sends = 0 } = await watching.counted(watching.sweep);
        // Leftovers and news are tried until 16 failed; those in flight by then fail too.
        expect(sends).toBeLessThanOrEqual(32);
      }
      const late = await watching.begin(5);
      watching.advance(untilOldMs);
      await watching.sweep();
      const views = await Promise.all([...operations, ...late].map(({ key }) => watching.find(key)));
      expect(views.map(({ state }) => state)).toEqual([
        ...operations.map(() => 'succeeded'),
        ...late.map(() => 'running'),
      ]);
      expect(await watching.takeNewEvents()).toEqual([]);
      watching.storage.mode = 'pass';
      watching.advance(untilOldMs);
      await watching.sweep();
      const events = await watching.takeNewEvents();
      expect(events).toHaveLength(20 * 4 + 5);
      for (const own of Map.groupBy(events, ({ data }) => data.key).values()) inOrder(own);
      watching.advance(untilOldMs);
      await watching.sweep();
      expect(await watching.takeNewEvents()).toEqual([]);
    }));

  test('for some of an operation’s events keeps the rest in order', () =>
    withWatching(async (watching) => {
      const operations = await watching.begin(3);
      let sends = 0;
      watching.storage.mode = (what) => {
        if (what !== 'queue POST') return 'pass';
        sends += 1;
        return sends % 2 === 0 ? 'busy' : 'pass';
      };
      const events: WatchedEvent[] = [];
      for (const word of ['validating', 'indexing', 'completed', 'completed']) {
        watching.setAll(operations, word);
        watching.advance(untilOldMs);
        await watching.sweep();
        events.push(...(await watching.takeNewEvents()));
        if (word === 'completed') watching.storage.mode = 'pass';
      }
      expect(events).toHaveLength(9);
      for (const own of Map.groupBy(events, ({ data }) => data.key).values()) inOrder(own);
    }));

  function inOrder(events: readonly WatchedEvent[]): void {
    const sequences = events.map(({ data }) => data.sequence);
    expect(sequences).toEqual(sequences.map((_one, index) => index + 1));
  }
});
