// An identity that Graph refuses: said once, asked again slowly, and no reason to stop the others. Rows of the fault
// matrix: F-45, F-47.
import { describe, expect, test } from 'vitest';
import type { Watching } from './harness.ts';
import { readsOf, withWatching } from './with-watching.ts';

const second = 1000;
const minute = 60 * second;
const atOnce = {
  OPWATCH_COMMS_OPERATION_FIRST_POLL_SECONDS: '0',
  OPWATCH_ONENOTE_OPERATION_FIRST_POLL_SECONDS: '0',
};
const identity = { fault: 'status', on: 'request', status: 401 } as const;

/** Sweeps every 15 seconds; what was asked in each minute. */
async function minutes(watching: Watching, count: number, kind: Parameters<Watching['sweep']>[0]) {
  const { control } = watching.simulator;
  const counts: { httpRequests: number; items: number }[] = [];
  for (let index = 0; index < count; index += 1) {
    const before = control.stats();
    for (let look = 0; look < 4; look += 1) {
      await watching.sweep(kind);
      watching.advance(15 * second);
    }
    const after = control.stats();
    counts.push({
      httpRequests: after.httpRequests - before.httpRequests,
      items: after.items - before.items,
    });
  }
  return counts;
}

describe.concurrent('a token that is refused', { timeout: 90_000 }, () => {
  test('once costs one more request, and nothing is lost (F-45)', () =>
    withWatching(async (watching) => {
      await watching.begin(3);
      watching.simulator.control.addFault({ ...identity, times: 1 });
      await watching.sweep();
      expect(watching.simulator.control.stats().httpRequests).toBe(2);
      expect(await watching.takeNewEvents()).toHaveLength(3);
    }));

  test('for good blocks its kind, with one probe a minute at most, until it is taken (F-45)', () =>
    withWatching(async (watching) => {
      const operations = await watching.begin(60);
      const comms = await watching.begin(2, 'commsOperation');
      watching.simulator.control.addFault({ ...identity, where: { kind: 'connectionOperation' } });
      const [first, ...later] = await minutes(watching, 6, 'connectionOperation');
      // Three requests at once, each with a second try; then one of them, and a second try with a fresh token.
      expect(first?.httpRequests).toBeLessThanOrEqual(6);
      for (const { httpRequests } of later) expect(httpRequests).toBeLessThanOrEqual(2);
      for (const { key } of operations)
        expect(await watching.find(key)).toMatchObject({ state: 'pending', health: { status: 'blocked' } });
      await watching.sweep('commsOperation');
      expect((await watching.takeNewEvents()).map(({ data }) => data.key).toSorted()).toEqual(
        comms.map(({ key }) => key).toSorted(),
      );
      watching.simulator.control.clearFaults();
      await minutes(watching, 9, 'connectionOperation');
      expect(await watching.takeNewEvents()).toHaveLength(60);
    }, atOnce));

  test('is told by each operation that it was refused for, once', () =>
    withWatching(async (watching) => {
      const [operation] = await watching.begin(1);
      await watching.sweep();
      watching.advance(2 * second);
      watching.simulator.control.addFault({ ...identity, code: 'InvalidAuthenticationToken' });
      await watching.sweep();
      expect(await watching.find(operation?.key ?? '')).toMatchObject({
        state: 'running',
        status: 'inprogress',
        health: { status: 'blocked', code: 'InvalidAuthenticationToken' },
      });
      watching.advance(minute);
      const { 'table POST': writes = 0 } = await watching.counted(watching.sweep);
      // The next wait, and how far the shard was swept.
      expect(writes).toBeLessThanOrEqual(2);
    }));
});

describe.concurrent('OneNote with an app-only token', { timeout: 90_000 }, () => {
  test.each([401, 403] as const)(
    'answered by %i blocks the kind with its code, and asks slowly (F-47)',
    (status) =>
      withWatching(async (watching) => {
        const operations = await watching.begin(40, 'onenoteOperation');
        await watching.begin(2);
        watching.simulator.control.addFault({ fault: 'onenoteAppOnly', status });
        await watching.sweep('onenoteOperation');
        const health = await Promise.all(
          operations.map(async ({ key }) => (await watching.find(key)).health),
        );
        expect(health.map((one) => one.status)).toEqual(operations.map(() => 'blocked'));
        expect(new Set(health.map(({ code }) => code))).toEqual(new Set(['40001', 'identity_refused']));
        watching.advance(minute);
        const counts = await minutes(watching, 8, 'onenoteOperation');
        for (const { httpRequests } of counts) expect(httpRequests).toBeLessThanOrEqual(1);
        const views = await Promise.all(operations.map(({ key }) => watching.find(key)));
        expect(views.map(({ health }) => health.status)).toEqual(operations.map(() => 'blocked'));
        expect(views.map(({ health }) => health.code)).toEqual(operations.map(() => '40001'));
        await watching.sweep();
        expect(await watching.takeNewEvents()).toHaveLength(2);
      }, atOnce),
  );
});

describe.concurrent('an operation that this identity may not read', { timeout: 90_000 }, () => {
  test('is blocked with Graph’s code and asked ever more slowly, the others as before (F-47)', () =>
    withWatching(async (watching) => {
      const [refused, ...others] = await watching.begin(3);
      const where = { path: refused?.path ?? '' };
      watching.simulator.control.addFault({
        fault: 'status',
        status: 403,
        code: 'insufficient_claims',
        where,
      });
      for (let look = 0; look < 40; look += 1) {
        await watching.sweep();
        watching.advance(15 * second);
      }
      const reads = readsOf(watching).flat();
      const countOf = (path = '') => reads.filter((one) => one === path).length;
      expect(countOf(others[0]?.path)).toBe(40);
      // After 1, 2, 4 … 256 seconds and then every 300, seen at steps of 15.
      expect(countOf(refused?.path)).toBeLessThanOrEqual(9);
      expect(countOf(refused?.path)).toBeGreaterThanOrEqual(6);
      expect(await watching.find(refused?.key ?? '')).toMatchObject({
        state: 'pending',
        health: { status: 'blocked', code: 'insufficient_claims' },
      });
      watching.simulator.control.clearFaults();
      watching.advance(5 * minute);
      await watching.sweep();
      expect(await watching.find(refused?.key ?? '')).toMatchObject({
        state: 'running',
        health: { status: 'ok' },
      });
    }));

  test('writes its trouble once', () =>
    withWatching(async (watching) => {
      await watching.begin(2);
      await watching.sweep();
      watching.simulator.control.addFault({ fault: 'status', status: 403 });
      watching.advance(2 * second);
      expect(await watching.counted(watching.sweep)).toEqual({ 'table GET': 1, 'table POST': 1 });
      watching.advance(2 * second);
      expect(await watching.counted(watching.sweep)).toEqual({ 'table GET': 1 });
    }));
});
