// Ends that are our conclusions: `lost` needs evidence, `expired` a look at or after the deadline. Row of the fault
// matrix: F-48; the rules of `expired` and of what outlives them.
import { describe, expect, test } from 'vitest';
import type { FaultInput } from '../../../dev/simulator/faults.ts';
import type { WatchedEvent, Watching } from './harness.ts';
import { withWatching } from './with-watching.ts';

const second = 1000;
const minute = 60 * second;
const gone: FaultInput = { fault: 'status', status: 404 };
const nothingWritten = { 'table GET': 1 };

/** Sweeps so often, each so long after the one before; @returns the events of all of them. */
async function sweeps(watching: Watching, count: number, everyMs: number): Promise<readonly WatchedEvent[]> {
  const events: WatchedEvent[] = [];
  for (let look = 0; look < count; look += 1) {
    watching.advance(everyMs);
    await watching.sweep();
    events.push(...(await watching.takeNewEvents()));
  }
  return events;
}

/** One operation that was seen running; its event is taken. */
async function oneRunning(watching: Watching, options: { readonly deadlineMs?: number } = {}) {
  const [operation] = await watching.begin(1, 'connectionOperation', options);
  await watching.sweep();
  expect(await watching.takeNewEvents()).toHaveLength(1);
  return { key: operation?.key ?? '', path: operation?.path ?? '' };
}

describe.concurrent('404 (F-48)', { timeout: 90_000 }, () => {
  test('once or twice is missing, and ends with an answer', () =>
    withWatching(async (watching) => {
      const { key } = await oneRunning(watching);
      watching.simulator.control.addFault({ ...gone, times: 2 });
      expect(await sweeps(watching, 2, minute)).toEqual([]);
      expect(await watching.find(key)).toMatchObject({ state: 'running', health: { status: 'missing' } });
      expect(await sweeps(watching, 1, minute)).toEqual([]);
      expect(await watching.find(key)).toMatchObject({ state: 'running', health: { status: 'ok' } });
    }));

  test('three times over a minute is lost, once, with its evidence, however often and by whom it is asked again', () =>
    withWatching(async (watching) => {
      const { key, path } = await oneRunning(watching);
      watching.simulator.control.remove(path);
      const before = await sweeps(watching, 3, 20 * second);
      expect([before, (await watching.find(key)).health.status]).toEqual([[], 'missing']);
      const events = await sweeps(watching, 1, 20 * second);
      expect(events).toMatchObject([
        {
          type: 'opwatch.connectionOperation.lost',
          data: {
            key,
            previous: { state: 'running', status: 'inprogress' },
            current: { state: 'lost', status: 'inprogress' },
            observedBy: 'poll',
            evidence: { httpStatus: 404, count: 4 },
          },
        },
      ]);
      const { firstAt, lastAt } = events[0]?.data.evidence ?? { firstAt: '', lastAt: '' };
      expect(Date.parse(lastAt) - Date.parse(firstAt)).toBe(minute);
      const other = watching.secondApp();
      watching.advance(minute);
      await Promise.all([watching.sweep(), other.pollKind('connectionOperation')]);
      expect(await watching.takeNewEvents()).toEqual([]);
    }));

  test('asked again and again within 20 seconds is one piece of evidence', () =>
    withWatching(async (watching) => {
      const { key } = await oneRunning(watching);
      watching.simulator.control.addFault(gone);
      for (let read = 0; read < 10; read += 1) {
        watching.advance(second);
        await watching.app.flows.pollNow(key);
      }
      watching.advance(minute);
      await watching.app.flows.pollNow(key);
      expect(await watching.find(key)).toMatchObject({ state: 'running', health: { status: 'missing' } });
      expect(await watching.takeNewEvents()).toEqual([]);
    }));

  test('is no evidence any more after an answer in between', () =>
    withWatching(async (watching) => {
      const { key } = await oneRunning(watching);
      for (let round = 0; round < 2; round += 1) {
        watching.simulator.control.addFault({ ...gone, times: 2 });
        expect(await sweeps(watching, 3, 30 * second)).toEqual([]);
      }
      expect(await watching.find(key)).toMatchObject({ state: 'running', health: { status: 'ok' } });
    }));

  test('outlives a failure of transport in between', () =>
    withWatching(async (watching) => {
      await oneRunning(watching);
      const { control } = watching.simulator;
      control.addFault({ ...gone, times: 2 });
      await sweeps(watching, 2, 20 * second);
      control.addFault({ fault: 'status', on: 'request', status: 503, times: 1 });
      expect(await sweeps(watching, 1, 20 * second)).toEqual([]);
      control.addFault(gone);
      expect(await sweeps(watching, 1, 20 * second)).toMatchObject([{ data: { evidence: { count: 3 } } }]);
    }));

  test('inside the grace is nothing, and writes nothing; after it, it counts from its first', () =>
    withWatching(
      async (watching) => {
        const [operation] = await watching.begin(1);
        watching.simulator.control.addFault({ fault: 'lateUrl', seconds: 300 });
        await watching.sweep();
        watching.advance(30 * second);
        expect(await watching.counted(watching.sweep)).toEqual(nothingWritten);
        expect(await watching.find(operation?.key ?? '')).toMatchObject({
          state: 'pending',
          health: { status: 'ok' },
        });
        expect(await sweeps(watching, 7, 20 * second)).toMatchObject([
          { data: { sequence: 1, previous: null, evidence: { httpStatus: 404, count: 4 } } },
        ]);
      },
      { OPWATCH_LOST_GRACE_SECONDS: '100' },
    ));

  test('inside the grace and then an answer is a first sight like any other', () =>
    withWatching(
      async (watching) => {
        await watching.begin(1);
        watching.simulator.control.addFault({ fault: 'lateUrl', seconds: 90 });
        expect(await sweeps(watching, 5, 20 * second)).toMatchObject([
          { data: { sequence: 1, current: { state: 'running' } } },
        ]);
      },
      { OPWATCH_LOST_GRACE_SECONDS: '100' },
    ));
});

describe.concurrent('410 (F-48)', { timeout: 90_000 }, () => {
  test('is lost at once', () =>
    withWatching(async (watching) => {
      await oneRunning(watching);
      watching.simulator.control.addFault({ fault: 'status', status: 410 });
      expect(await sweeps(watching, 1, 2 * second)).toMatchObject([
        { data: { current: { state: 'lost' }, evidence: { httpStatus: 410, count: 1 } } },
      ]);
    }));
});

test.each([404, 410])('%i of whole answers, batches and single reads alike, is no evidence', (status) =>
  withWatching(async (watching) => {
    const { key } = await oneRunning(watching);
    watching.simulator.control.addFault({ fault: 'status', on: 'request', status });
    expect(await sweeps(watching, 5, minute)).toEqual([]);
    expect(await watching.find(key)).toMatchObject({ state: 'running', health: { status: 'unreadable' } });
  }),
);

test('a call that is over loses its operations, each once', () =>
  withWatching(
    async (watching) => {
      const parent = '2f1c1d10-3a2b-4c3d-8e9f-0a1b2c3d4e5f';
      const operations = await watching.begin(3, 'commsOperation', { parent });
      await watching.sweep('commsOperation');
      await watching.takeNewEvents();
      watching.simulator.control.endCall(parent);
      const events: WatchedEvent[] = [];
      for (let look = 0; look < 6; look += 1) {
        watching.advance(20 * second);
        await watching.sweep('commsOperation');
        events.push(...(await watching.takeNewEvents()));
      }
      expect(events.map(({ data }) => data.key).toSorted()).toEqual(
        operations.map(({ key }) => key).toSorted(),
      );
      expect(new Set(events.map(({ data }) => data.current.state))).toEqual(new Set(['lost']));
    },
    { OPWATCH_COMMS_OPERATION_FIRST_POLL_SECONDS: '0' },
  ));

describe.concurrent('a deadline', { timeout: 90_000 }, () => {
  const hour = 60 * minute;
  const slow = { OPWATCH_CONNECTION_OPERATION_INTERVAL_SECONDS: '86400' };

  test('that passes while it is seen running is expired by a read at or after it, and not before', () =>
    withWatching(async (watching) => {
      const { key } = await oneRunning(watching, { deadlineMs: hour });
      watching.advance(hour - 1);
      await watching.sweep();
      expect(await watching.find(key)).toMatchObject({ state: 'running' });
      expect(await sweeps(watching, 1, 1)).toMatchObject([
        {
          type: 'opwatch.connectionOperation.expired',
          data: {
            observedBy: 'deadline',
            current: { state: 'expired', status: 'inprogress' },
            evidence: null,
          },
        },
      ]);
      expect(await sweeps(watching, 2, minute)).toEqual([]);
    }, slow));

  test('that passes while nobody can read it is expired a minute later, and not before', () =>
    withWatching(async (watching) => {
      await oneRunning(watching, { deadlineMs: hour });
      watching.simulator.control.addFault({ fault: 'status', on: 'request', status: 500 });
      expect(await sweeps(watching, 1, hour)).toEqual([]);
      expect(await sweeps(watching, 1, minute - 1)).toEqual([]);
      expect(await sweeps(watching, 1, 1)).toMatchObject([{ data: { current: { state: 'expired' } } }]);
    }, slow));

  test('that passes while Graph asks to wait is expired by the first read after it', () =>
    withWatching(async (watching) => {
      await oneRunning(watching, { deadlineMs: hour });
      watching.simulator.control.addFault({ fault: 'throttle', retryAfter: 3000, times: 1 });
      watching.advance(hour - second);
      await watching.app.flows.pollNow((await watching.begin(1))[0]?.key ?? '');
      expect(await sweeps(watching, 2, 5 * minute)).toEqual([]);
      const events = await sweeps(watching, 1, hour);
      expect(events.map(({ data }) => data.current.state)).toContain('expired');
    }, slow));

  test('is not what an operation ends by that has ended when it is read', () =>
    withWatching(async (watching) => {
      const operation = await oneRunning(watching, { deadlineMs: hour });
      watching.setAll([operation], 'completed');
      expect(await sweeps(watching, 1, 2 * hour)).toMatchObject([
        { data: { sequence: 2, current: { state: 'succeeded', status: 'completed' }, observedBy: 'poll' } },
      ]);
    }, slow));

  test('that passes before the first sight tells of both, in order', () =>
    withWatching(async (watching) => {
      const [operation] = await watching.begin(1, 'connectionOperation', { deadlineMs: hour });
      const events = await sweeps(watching, 1, 2 * hour);
      expect(events.map(({ data }) => [data.sequence, data.current.state, data.current.status])).toEqual([
        [1, 'running', 'inprogress'],
        [2, 'expired', 'inprogress'],
      ]);
      expect(await watching.find(operation?.key ?? '')).toMatchObject({ state: 'expired', nextPollAt: null });
    }, slow));
});
