// What an operation's own answer says, in a sweep on real storage: words known and unknown, what is no word, and an error
// too long for a queue. Rows of the fault matrix: F-32, F-40, F-41, F-42, F-44, F-61.
import { describe, expect, test } from 'vitest';
import type { FaultInput } from '../../../dev/simulator/faults.ts';
import { healthOf, recovers, running, withWatching } from './with-watching.ts';

const second = 1000;
const oneRead = { 'table GET': 1 };

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
