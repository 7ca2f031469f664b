// Answers that can't be trusted, in a sweep on real storage: none of them is an event, each is told as health and written
// once, and the next good answer counts. Rows of the fault matrix: F-56, F-59, F-61.
import { describe, expect, test } from 'vitest';
import type { FaultInput } from '../../../dev/simulator/faults.ts';
import { healthOf, recovers, running, withWatching } from './with-watching.ts';

const second = 1000;
const oneRead = { 'table GET': 1 };
const oneReadOneWrite = { 'table GET': 1, 'table POST': 1 };

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
