// Answers that can't be trusted, in a sweep on real storage: none of them is an event, each is told as health and written
// once, and the next good answer counts. Rows of the fault matrix: F-32, F-40, F-41, F-42, F-44, F-56, F-59, F-61.
import { describe, expect, test } from 'vitest';
import type { FaultInput } from '../../../dev/simulator/faults.ts';
import type { Watching } from './harness.ts';
import { withWatching } from './with-watching.ts';

const second = 1000;
const minute = 60 * second;
const oneRead = { 'table GET': 1 };
const oneReadOneWrite = { 'table GET': 1, 'table POST': 1 };

/** Operations that were seen running; their events are taken, and they are due again. */
async function running(watching: Watching, count: number) {
  const operations = await watching.begin(count);
  await watching.sweep();
  expect(await watching.takeNewEvents()).toHaveLength(count);
  watching.advance(2 * second);
  return operations;
}

/** What the next good answer brings to operations that have completed meanwhile. */
async function recovers(
  watching: Watching,
  operations: readonly { readonly key: string; readonly path: string }[],
) {
  watching.simulator.control.clearFaults();
  watching.setAll(operations, 'completed');
  watching.advance(5 * minute);
  await watching.sweep();
  const events = await watching.takeNewEvents();
  expect(events.map(({ data }) => data.key).toSorted()).toEqual(operations.map(({ key }) => key).toSorted());
  for (const { data } of events) {
    expect(data).toMatchObject({
      sequence: 2,
      previous: { state: 'running', status: 'inprogress' },
      current: { state: 'succeeded', status: 'completed' },
    });
  }
}

async function healthOf(watching: Watching, operations: readonly { readonly key: string }[]) {
  const views = await Promise.all(operations.map(({ key }) => watching.find(key)));
  return views.map(({ state, status, health }) => `${state} ${status} ${health.status} ${health.code}`);
}

describe.concurrent('a whole answer (F-59, F-61)', { timeout: 90_000 }, () => {
  test.each<{ what: string; fault: FaultInput; code: string }>([
    { what: 'of HTML', fault: { fault: 'html' }, code: 'answer_malformed' },
    { what: 'of nothing', fault: { fault: 'empty' }, code: 'answer_malformed' },
    { what: 'of another shape', fault: { fault: 'garbage' }, code: 'answer_malformed' },
    { what: 'of another type', fault: { fault: 'garbage', body: 'completed' }, code: 'answer_malformed' },
    { what: 'of an error', fault: { fault: 'errorInOk' }, code: 'answer_malformed' },
    { what: 'cut short', fault: { fault: 'truncate' }, code: 'answer_malformed' },
    { what: 'cut off', fault: { fault: 'truncate', reset: true }, code: 'connection_failed' },
    { what: 'that is reset before', fault: { fault: 'reset' }, code: 'connection_failed' },
    { what: 'that is reset after', fault: { fault: 'reset', applied: true }, code: 'connection_failed' },
    { what: 'that leads elsewhere', fault: redirect(302), code: 'http_302' },
    { what: 'that leads elsewhere for good', fault: redirect(308), code: 'http_308' },
    { what: 'of 500', fault: failure(500), code: 'InternalServerError' },
    { what: 'of 502', fault: failure(502), code: 'BadGateway' },
    { what: 'of 504', fault: failure(504), code: 'GatewayTimeout' },
    { what: 'of 424', fault: failure(424), code: 'FailedDependency' },
  ])('$what is no event for any, and one write that says why', ({ fault, code }) =>
    withWatching(async (watching) => {
      const operations = await running(watching, 3);
      watching.simulator.control.addFault(fault);
      expect(await watching.counted(watching.sweep)).toEqual(oneReadOneWrite);
      expect(await healthOf(watching, operations)).toEqual(
        operations.map(() => `running inprogress unreadable ${code}`),
      );
      watching.advance(2 * second);
      expect(await watching.counted(watching.sweep)).toEqual(oneRead);
      expect(await watching.takeNewEvents()).toEqual([]);
      await recovers(watching, operations);
    }),
  );

  function redirect(status: number): FaultInput {
    return { fault: 'redirect', status, location: 'https://evil.example/v1.0/$batch' };
  }

  function failure(status: number): FaultInput {
    return { fault: 'status', on: 'request', status };
  }

  test.each<{ what: string; fault: FaultInput }>([
    { what: 'is too large for all', fault: { fault: 'big' } },
    { what: 'has no end', fault: { fault: 'endless' } },
  ])('that $what is given up', ({ fault }) =>
    withWatching(async (watching) => {
      const operations = await running(watching, 2);
      watching.simulator.control.addFault(fault);
      await watching.sweep();
      expect(await healthOf(watching, operations)).toEqual(
        operations.map(() => 'running inprogress unreadable answer_too_large'),
      );
      expect(await watching.takeNewEvents()).toEqual([]);
      await recovers(watching, operations);
    }),
  );
});

describe.concurrent('a batch (F-56)', { timeout: 90_000 }, () => {
  test.each<{ what: string; faults: readonly FaultInput[] }>([
    { what: 'in reverse', faults: [{ fault: 'batchOrder', order: 'reversed' }] },
    { what: 'in any order', faults: [{ fault: 'batchOrder', order: 'random' }] },
    {
      what: 'with a copy that says something else',
      faults: [{ fault: 'batchDuplicate', count: 3, status: 404 }],
    },
    { what: 'with answers nobody asked for', faults: [{ fault: 'batchUnknownId', count: 5 }] },
    { what: 'with ids in upper case', faults: [{ fault: 'batchIdCase', form: 'upper' }] },
    { what: 'without headers', faults: [{ fault: 'batchHeaderCase', form: 'absent' }] },
    {
      what: 'with all of these',
      faults: [
        { fault: 'batchOrder', order: 'random' },
        { fault: 'batchDuplicate', count: 2, status: 500 },
        { fault: 'batchUnknownId', count: 2 },
        { fault: 'batchIdCase' },
        { fault: 'batchHeaderCase', form: 'null' },
      ],
    },
  ])('$what is matched by id', ({ faults }) =>
    withWatching(async (watching) => {
      const operations = await running(watching, 5);
      const [first, ...others] = operations;
      for (const fault of faults) watching.simulator.control.addFault(fault);
      watching.setAll([first ?? { path: '' }], 'failed');
      watching.setAll(others, 'completed');
      await watching.sweep();
      const ends = (await watching.takeNewEvents()).map(({ data }) => [data.key, data.current.state]);
      expect(Object.fromEntries(ends)).toEqual({
        ...Object.fromEntries(others.map(({ key }) => [key, 'succeeded'])),
        [first?.key ?? '']: 'failed',
      });
    }),
  );

  test('with answers left out leaves those operations to a later read', () =>
    withWatching(async (watching) => {
      const operations = await running(watching, 4);
      watching.setAll(operations, 'completed');
      watching.simulator.control.addFault({ fault: 'batchMissing', count: 3, times: 1 });
      await watching.sweep();
      expect(await watching.takeNewEvents()).toHaveLength(1);
      const health = (await healthOf(watching, operations)).filter((one) => one.startsWith('running'));
      expect(health).toEqual(Array.from({ length: 3 }, () => 'running inprogress unreadable missing_answer'));
      watching.advance(2 * second);
      await watching.sweep();
      expect(await watching.takeNewEvents()).toHaveLength(3);
    }));
});

describe.concurrent('calls that no batch takes', { timeout: 90_000 }, () => {
  const atOnce = { OPWATCH_COMMS_OPERATION_FIRST_POLL_SECONDS: '0' };

  test.each(['item', 'request'] as const)('(refused as %s) are read one by one, and nobody else is', (on) =>
    withWatching(async (watching) => {
      const { control } = watching.simulator;
      control.addFault({ fault: 'commsInBatch', on });
      const calls = await watching.begin(5, 'commsOperation');
      await watching.begin(5);
      for (const word of ['running', 'completed']) {
        watching.setAll(calls, word);
        await watching.sweep('commsOperation');
        watching.advance(20 * second);
      }
      await watching.sweep();
      const states = (await watching.takeNewEvents()).map(({ data }) => data.current.state);
      expect(states.filter((state) => state === 'succeeded')).toHaveLength(5);
      expect(states.filter((state) => state === 'running')).toHaveLength(10);
      expect(control.stats().byRoute).toMatchObject({ batch: 2, get: 10 });
    }, atOnce),
  );
});

describe.concurrent('an item that is no status (F-41, F-61)', { timeout: 90_000 }, () => {
  test.each<{ what: string; fault: FaultInput; code: string }>([
    { what: 'a number', fault: { fault: 'statusWord', value: 2 }, code: 'status_malformed' },
    {
      what: 'an object',
      fault: { fault: 'statusWord', value: { state: 'completed' } },
      code: 'status_malformed',
    },
    { what: 'a list', fault: { fault: 'statusWord', value: ['completed'] }, code: 'status_malformed' },
    { what: 'missing', fault: { fault: 'statusWord' }, code: 'status_malformed' },
    { what: 'too long', fault: { fault: 'statusWord', value: 'x'.repeat(10_000) }, code: 'status_malformed' },
    { what: 'that of another operation', fault: { fault: 'otherId' }, code: 'identity_mismatch' },
    { what: 'HTML', fault: { fault: 'html', on: 'item' }, code: 'status_malformed' },
    { what: 'an error', fault: { fault: 'errorInOk', on: 'item' }, code: 'status_malformed' },
  ])('$what: no event, and the others go on', ({ fault, code }) =>
    withWatching(async (watching) => {
      const operations = await running(watching, 3);
      const [bad, ...others] = operations;
      watching.simulator.control.addFault({ ...fault, where: { path: bad?.path ?? '' } });
      watching.setAll(others, 'failed');
      await watching.sweep();
      const events = await watching.takeNewEvents();
      expect(events.map(({ data }) => data.key).toSorted()).toEqual(others.map(({ key }) => key).toSorted());
      expect(await healthOf(watching, operations.slice(0, 1))).toEqual([
        `running inprogress unreadable ${code}`,
      ]);
      await recovers(watching, operations.slice(0, 1));
    }),
  );
});

describe.concurrent('a word', { timeout: 90_000 }, () => {
  test('that nobody knows is shown as it is, and ends nothing (F-40)', () =>
    withWatching(async (watching) => {
      const operations = await running(watching, 1);
      for (const word of ['validating', 'unknownFutureValue']) {
        watching.setAll(operations, word);
        await watching.sweep();
        expect(await watching.takeNewEvents()).toMatchObject([
          { data: { current: { state: 'running', status: word, statusKnown: false } } },
        ]);
        watching.advance(2 * second);
        expect(await watching.counted(watching.sweep)).toEqual(oneRead);
        watching.advance(2 * second);
      }
    }));

  test('in another case is the same word, and writes nothing (F-41)', () =>
    withWatching(async (watching) => {
      await running(watching, 1);
      for (const value of ['InProgress', 'INPROGRESS']) {
        watching.simulator.control.clearFaults();
        watching.simulator.control.addFault({ fault: 'statusWord', value });
        expect(await watching.counted(watching.sweep)).toEqual(oneRead);
        watching.advance(2 * second);
      }
    }));

  test('that is null is a first sight, and later nothing (F-41)', () =>
    withWatching(async (watching) => {
      const { control } = watching.simulator;
      control.addFault({ fault: 'statusWord', value: null });
      const operations = await watching.begin(1);
      await watching.sweep();
      expect(await watching.takeNewEvents()).toMatchObject([
        { data: { sequence: 1, current: { state: 'running', status: null, statusKnown: false } } },
      ]);
      control.clearFaults();
      watching.advance(2 * second);
      await watching.sweep();
      expect(await watching.takeNewEvents()).toMatchObject([
        { data: { sequence: 2, current: { status: 'inprogress' } } },
      ]);
      control.addFault({ fault: 'statusWord', value: null });
      watching.advance(2 * second);
      expect(await watching.counted(watching.sweep)).toEqual(oneRead);
      expect(await healthOf(watching, operations)).toEqual(['running inprogress ok null']);
    }));

  test('of a replica that lags is ignored, and writes nothing (F-42)', () =>
    withWatching(async (watching) => {
      const operations = await running(watching, 1);
      const { control } = watching.simulator;
      watching.setAll(operations, 'validating');
      await watching.sweep();
      await watching.takeNewEvents();
      for (const value of ['inprogress', 'unspecified']) {
        control.addFault({ fault: 'statusWord', value, times: 1 });
        watching.advance(2 * second);
        expect(await watching.counted(watching.sweep)).toEqual(oneRead);
      }
      watching.setAll(operations, 'completed');
      watching.advance(2 * second);
      await watching.sweep();
      watching.setAll(operations, 'failed');
      watching.advance(2 * second);
      await watching.sweep();
      expect(await watching.takeNewEvents()).toMatchObject([
        { data: { sequence: 3, current: { state: 'succeeded' } } },
      ]);
    }));
});

describe.concurrent('an event (F-32)', { timeout: 90_000 }, () => {
  test('with an error longer than a queue takes is cut, says so, and is never dropped', () =>
    withWatching(async (watching) => {
      const operations = await running(watching, 3);
      const error = {
        code: 'SchemaFailed',
        message: '\u{1F600}'.repeat(30_000),
        details: Array.from({ length: 50 }, (_, index) => ({ code: `c${index}`, message: 'x'.repeat(1000) })),
      };
      for (const { path } of operations)
        watching.simulator.control.setStatus({ path, status: 'failed', error });
      await watching.sweep();
      const events = await watching.takeNewEvents();
      expect(events).toHaveLength(3);
      for (const event of events) {
        expect(event.data).toMatchObject({
          current: { state: 'failed' },
          truncated: true,
          error: { code: 'SchemaFailed' },
        });
        expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThanOrEqual(24 * 1024);
      }
      const [stored] = (await watching.app.flows.events(operations[0]?.key ?? ''))?.slice(-1) ?? [];
      expect(events.map((event) => JSON.stringify(event))).toContain(stored);
      expect(await watching.find(operations[0]?.key ?? '')).toMatchObject({ state: 'failed' });
    }));
});
