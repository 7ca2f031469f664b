// Graph asks to wait: nobody calls earlier, also after a restart, and nobody else waits. Graph itself counts calls that
// come too early. Rows of the fault matrix: F-51, F-54.
import { describe, expect, test } from 'vitest';
import type { Watching } from './harness.ts';
import { readsOf, withWatching } from './with-watching.ts';

const second = 1000;
const minute = 60 * second;
const onenoteAtOnce = { OPWATCH_ONENOTE_OPERATION_FIRST_POLL_SECONDS: '0' };

/** Requests to Graph, and operations asked for, while the work is done; and calls that came too early so far. */
async function asked({ simulator }: Watching, work: () => Promise<unknown>) {
  const before = simulator.control.stats();
  await work();
  const after = simulator.control.stats();
  return {
    httpRequests: after.httpRequests - before.httpRequests,
    items: after.items - before.items,
    early: after.earlyCalls,
  };
}

const nothing = { httpRequests: 0, items: 0, early: 0 };

describe.concurrent('a throttled item', { timeout: 90_000 }, () => {
  test.each([
    { what: 'a decimal', retryAfter: 2.128, waitMs: 2128 },
    { what: 'five minutes', retryAfter: 315, waitMs: 315 * second },
    { what: 'a date', retryAfter: { dateInSeconds: 40 }, waitMs: 40 * second },
    { what: 'a day, of which an hour is believed', retryAfter: 86_400, waitMs: 3600 * second },
    { what: 'no time', retryAfter: null, waitMs: second },
    { what: 'garbage', retryAfter: 'soon', waitMs: second },
  ])('with $what is not asked for before, nor are others of its kind', ({ retryAfter, waitMs }) =>
    withWatching(async (watching) => {
      const [first, ...others] = await watching.begin(3);
      const [key, path] = [first?.key ?? '', first?.path ?? ''];
      watching.simulator.control.addFault({ fault: 'throttle', retryAfter, where: { path }, times: 1 });
      await watching.sweep();
      const seen = (await watching.takeNewEvents()).map(({ data }) => data.key);
      expect(seen.toSorted()).toEqual(others.map((one) => one.key).toSorted());
      watching.advance(waitMs - 1);
      expect(await asked(watching, watching.sweep)).toEqual(nothing);
      const throttled = { status: 'throttled', code: 'http_429' };
      expect(await watching.find(key)).toMatchObject({ state: 'pending', health: throttled });
      watching.advance(1);
      const { httpRequests } = await asked(watching, watching.sweep);
      expect(httpRequests).toBe(1);
      expect(await watching.takeNewEvents()).toMatchObject([{ data: { key } }]);
    }),
  );

  test('writes the wait when it first appears, and nothing else', () =>
    withWatching(async (watching) => {
      await watching.begin(3);
      await watching.sweep();
      watching.advance(2 * second);
      watching.simulator.control.addFault({ fault: 'throttle', retryAfter: 30 });
      expect(await watching.counted(watching.sweep)).toEqual({ 'table GET': 1, 'table POST': 1 });
      watching.advance(9 * second);
      expect(await watching.counted(watching.sweep)).toEqual({ 'table GET': 1 });
    }));

  test('holds up a read by hand for as long as announced', () =>
    withWatching(async (watching) => {
      const [operation] = await watching.begin(1);
      const poll = () => watching.app.flows.pollNow(operation?.key ?? '');
      watching.simulator.control.addFault({ fault: 'throttle', retryAfter: 7, times: 1 });
      expect(await poll()).toEqual({ outcome: 'throttled', retryAfterMs: 7 * second });
      watching.advance(5 * second);
      expect(await asked(watching, poll)).toEqual(nothing);
      expect(await poll()).toEqual({ outcome: 'throttled', retryAfterMs: 2 * second });
      expect(await asked(watching, watching.sweep)).toEqual(nothing);
      watching.advance(2 * second);
      expect(await asked(watching, poll)).toEqual({ httpRequests: 1, items: 1, early: 0 });
      expect(await watching.find(operation?.key ?? '')).toMatchObject({ state: 'running' });
    }));
});

describe.concurrent('a throttled batch', { timeout: 90_000 }, () => {
  test('stops the other requests of its kind', () =>
    withWatching(async (watching) => {
      await watching.begin(60, 'onenoteOperation');
      const { control } = watching.simulator;
      control.addFault({ fault: 'throttle', on: 'request', retryAfter: 30, skip: 1 });
      expect(await asked(watching, () => watching.sweep('onenoteOperation'))).toMatchObject({
        httpRequests: 2,
      });
      watching.advance(29 * second);
      expect(await asked(watching, () => watching.sweep('onenoteOperation'))).toEqual(nothing);
    }, onenoteAtOnce));

  test('is waited for as long as the longest of its wave says, by all processes and after a restart', () =>
    withWatching(async (watching) => {
      await watching.begin(100);
      const { control } = watching.simulator;
      for (const retryAfter of [7, 300, 2.128])
        control.addFault({ fault: 'throttle', on: 'request', retryAfter, times: 1 });
      control.addFault({ fault: 'throttle', on: 'request', retryAfter: 5 });
      const other = watching.secondApp();
      // It begins with so many at a time.
      expect(await asked(watching, watching.sweep)).toMatchObject({ httpRequests: 4 });
      control.clearFaults();
      for (const waitMs of [8 * second, minute, 3 * minute, 51_999]) {
        watching.advance(waitMs);
        expect(await asked(watching, watching.sweep)).toEqual(nothing);
        expect(await asked(watching, () => other.pollKind('connectionOperation'))).toEqual(nothing);
      }
      // Who was not told itself waits for a second more: the storage service tells no parts of one.
      watching.advance(1 + second);
      const restarted = watching.secondApp();
      const after = await asked(watching, () => restarted.pollKind('connectionOperation'));
      expect(after).toEqual({ httpRequests: 5, items: 100, early: 0 });
    }));

  test('is written once, however many of its wave were refused', () =>
    withWatching(async (watching) => {
      await watching.begin(100);
      watching.simulator.control.addFault({ fault: 'throttle', on: 'request', retryAfter: 30 });
      expect(await watching.counted(watching.sweep)).toEqual({ 'table GET': 1, 'table POST': 1 });
    }));

  test('that answers 424 as a whole is judged by its items', () =>
    withWatching(async (watching) => {
      const operations = await watching.begin(4);
      const { control } = watching.simulator;
      const faultOn = (index: number) => ({ where: { path: operations[index]?.path ?? '' } });
      control.addFault({ fault: 'batchOuter424' });
      control.addFault({ fault: 'throttle', retryAfter: 20, ...faultOn(0) });
      control.addFault({ fault: 'status', status: 424, ...faultOn(1) });
      control.addFault({ fault: 'status', status: 503, ...faultOn(2) });
      await watching.sweep();
      control.clearFaults();
      expect((await watching.takeNewEvents()).map(({ data }) => data.key)).toEqual([operations[3]?.key]);
      watching.advance(20 * second);
      const views = await Promise.all(operations.map(({ key }) => watching.find(key)));
      expect(views.map(({ health }) => `${health.status} ${health.code}`)).toEqual([
        'ok null',
        'unreadable not_executed',
        'unreadable ServiceUnavailable',
        'ok null',
      ]);
      await watching.sweep();
      const rest = operations.slice(0, 3).map(({ key }) => key);
      expect((await watching.takeNewEvents()).map(({ data }) => data.key).toSorted()).toEqual(
        rest.toSorted(),
      );
      expect(control.stats().earlyCalls).toBe(0);
    }));

  test('without a time is asked again ever later, by one request, until it is answered', () =>
    withWatching(async (watching) => {
      await watching.begin(60);
      const { control } = watching.simulator;
      control.addFault({ fault: 'throttle', on: 'request', retryAfter: null });
      for (let look = 0; look < 70; look += 1) {
        await watching.sweep();
        watching.advance(second);
      }
      // The first wave of three was in flight before anybody was told to wait.
      const [, , ...atMs] = control.requests().map((request) => request.atMs);
      const gaps = atMs.slice(1).map((one, index) => one - (atMs[index] ?? 0));
      expect(gaps.length).toBeGreaterThanOrEqual(5);
      for (const [index, gapMs] of gaps.entries()) {
        const guessedMs = second * 2 ** index;
        expect(gapMs).toBeGreaterThanOrEqual(Math.max(second, guessedMs / 2));
        expect(gapMs).toBeLessThanOrEqual(guessedMs + second);
      }
      control.clearFaults();
      watching.advance(5 * minute);
      expect(await asked(watching, watching.sweep)).toMatchObject({ httpRequests: 3, items: 60 });
    }));

  test('whose wait can not be stored is not asked before by those who know of it', () =>
    withWatching(async (watching) => {
      await watching.begin(3);
      watching.simulator.control.addFault({ fault: 'throttle', on: 'request', retryAfter: 60, times: 1 });
      watching.storage.mode = (what) => (what === 'table POST' ? 'busy' : 'pass');
      await watching.sweep();
      watching.storage.mode = 'pass';
      watching.advance(minute - 1);
      expect(await asked(watching, watching.sweep)).toEqual(nothing);
      watching.advance(1);
      expect(await asked(watching, watching.sweep)).toEqual({ httpRequests: 1, items: 3, early: 0 });
    }));
});

describe.concurrent('a wait', { timeout: 90_000 }, () => {
  test('is not cut short by a process whose clock was behind when it was announced', () =>
    withWatching(async (watching) => {
      await watching.begin(1);
      // The storage service tells whole seconds: who starts late in one is behind by almost a second.
      watching.advance(950);
      const late = watching.secondApp();
      watching.simulator.control.addFault({ fault: 'throttle', retryAfter: 30, times: 1 });
      expect(await asked(watching, () => late.pollKind('connectionOperation'))).toMatchObject({ items: 1 });
      watching.advance(29_999);
      for (const app of [watching.app, late, watching.secondApp()])
        expect(await asked(watching, () => app.pollKind('connectionOperation'))).toEqual(nothing);
      watching.advance(1000);
      expect(await asked(watching, watching.sweep)).toMatchObject({ items: 1, early: 0 });
    }));

  test('delays its kind and tenant alone', () =>
    withWatching(
      async (watching) => {
        const { control } = watching.simulator;
        const away = await watching.begin(2, 'connectionOperation', { parent: 'away' });
        const tenantId = '22222222-2222-2222-2222-222222222222';
        const near = await watching.begin(2, 'connectionOperation', { parent: 'near', tenantId });
        await watching.begin(2, 'commsOperation');
        control.addFault({ fault: 'throttle', retryAfter: 300, where: { path: '/away/' } });
        await watching.sweep();
        await watching.sweep('commsOperation');
        const health = (begun: typeof away) =>
          Promise.all(begun.map(async ({ key }) => (await watching.find(key)).health.status));
        expect(await health(away)).toEqual(['throttled', 'throttled']);
        expect(await health(near)).toEqual(['ok', 'ok']);
        control.zero();
        watching.advance(20 * second);
        await watching.sweep();
        await watching.sweep('commsOperation');
        expect(control.stats().itemsByKind).toMatchObject({ connectionOperation: 2, commsOperation: 2 });
        expect(
          readsOf(watching)
            .flat()
            .filter((path) => path.includes('/away/')),
        ).toEqual([]);
      },
      { OPWATCH_COMMS_OPERATION_FIRST_POLL_SECONDS: '0' },
    ));

  test('is over when one request of the earliest due says so, and then the others follow', () =>
    withWatching(async (watching) => {
      const begun: { readonly path: string }[] = [];
      for (let group = 0; group < 3; group += 1) {
        begun.push(...(await watching.begin(20)));
        watching.advance(100);
      }
      const { control } = watching.simulator;
      control.addFault({ fault: 'throttle', on: 'request', retryAfter: 30, times: 4 });
      await watching.sweep();
      for (const requests of [1, 3]) {
        control.zero();
        watching.advance(30 * second);
        await watching.sweep();
        const [first, ...more] = readsOf(watching);
        expect(more).toHaveLength(requests - 1);
        expect(first?.toSorted()).toEqual(
          begun
            .slice(0, 20)
            .map(({ path }) => path)
            .toSorted(),
        );
      }
    }));

  test('without a time, again and again, starves nobody', () =>
    withWatching(async (watching) => {
      const operations = await watching.begin(20, 'onenoteOperation');
      const { control } = watching.simulator;
      control.setQuota({ itemsPerSecond: 7 / 60, burst: 7, retryAfter: null, chargesRefused: false });
      const reads = new Map<string, number>();
      for (let look = 0; look < 60; look += 1) {
        await watching.sweep('onenoteOperation');
        watching.advance(minute);
      }
      for (const path of readsOf(watching).flat()) reads.set(path, (reads.get(path) ?? 0) + 1);
      const views = await Promise.all(operations.map(({ key }) => watching.find(key)));
      expect(views.map(({ state }) => state)).toEqual(operations.map(() => 'running'));
      expect(Math.min(...reads.values()) * 3).toBeGreaterThan(Math.max(...reads.values()));
    }, onenoteAtOnce));
});
