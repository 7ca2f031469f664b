// Switches of the transport, of whole exchanges and of batches.
import { request } from 'node:http';
import { expect } from 'vitest';
import type { Bench } from './harness.ts';
import type { SwitchCase } from './switch-case.ts';

/** Reads what arrives until the connection ends or enough has been seen. */
async function receive(
  bench: Bench,
  path: string,
  enoughBytes: number,
): Promise<{ readonly bytes: number; readonly end: string }> {
  return await new Promise((resolve) => {
    let bytes = 0;
    const asking = request(`${bench.simulator.url}${path}`, (response) => {
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes >= enoughBytes) {
          resolve({ bytes, end: 'enough' });
          asking.destroy();
        }
      });
      response.on('end', () => resolve({ bytes, end: 'whole' }));
      response.on('error', () => resolve({ bytes, end: 'broken' }));
    });
    asking.on('error', () => resolve({ bytes, end: 'refused' }));
    asking.end();
  });
}

function arrives(
  enoughBytes: number,
  expected: { readonly end: string; readonly bytes?: unknown },
): SwitchCase['see'] {
  return async (bench) => {
    const seen = await receive(bench, `/v1.0${bench.anOperation().path}`, enoughBytes);
    expect(seen).toMatchObject(expected);
  };
}

/** Three operations by one batch; `order` tells ids and statuses as they came. */
async function ask(bench: Bench) {
  const answer = await bench.batch(['op1', 'op2', 'op3'].map((id) => bench.anOperation(id).path));
  return {
    ...answer,
    order: answer.responses.map(({ id }) => id),
    statuses: answer.responses.map(({ status }) => status),
  };
}

function batchSees(check: (answer: Awaited<ReturnType<typeof ask>>) => void): SwitchCase['see'] {
  return async (bench) => check(await ask(bench));
}

const transportCases: readonly SwitchCase[] = [
  {
    name: 'latency',
    fault: { fault: 'latency', ms: 60, jitterMs: 5 },
    see: async (bench) => {
      const begunMs = performance.now();
      await bench.send(`/v1.0${bench.anOperation().path}`);
      // Timers may fire a millisecond early.
      expect(performance.now() - begunMs).toBeGreaterThanOrEqual(58);
    },
  },
  {
    name: 'silence',
    fault: { fault: 'hang' },
    see: async (bench) => {
      const { path } = bench.anOperation();
      await expect(
        fetch(`${bench.simulator.url}/v1.0${path}`, { signal: AbortSignal.timeout(60) }),
      ).rejects.toThrow(/timeout/);
    },
  },
  {
    name: 'a reset before the answer',
    fault: { fault: 'reset' },
    see: arrives(1, { end: 'refused', bytes: 0 }),
  },
  ...[false, true].map(
    (applied): SwitchCase => ({
      name: `a reset ${applied ? 'after' : 'before'} a write was applied`,
      fault: { fault: 'reset', applied, times: 1 },
      see: async (bench) => {
        const { path } = bench.anOperation();
        await expect(
          bench.send(`/v1.0${path}`, { method: 'PATCH', body: { status: 'failed' } }),
        ).rejects.toThrow();
        expect((await bench.send(`/v1.0${path}`)).json).toMatchObject({
          status: applied ? 'failed' : 'inprogress',
        });
      },
    }),
  ),
  {
    name: 'one byte at a time',
    fault: { fault: 'slow', bytesPerSecond: 200 },
    see: arrives(3, { end: 'enough', bytes: 3 }),
  },
  {
    name: 'a cut body',
    fault: { fault: 'truncate', keepBytes: 10 },
    see: arrives(1000, { end: 'whole', bytes: 10 }),
  },
  {
    name: 'a reset in mid-body',
    fault: { fault: 'truncate', keepBytes: 10, reset: true },
    see: arrives(1000, { end: 'broken' }),
  },
  { name: 'an endless body', fault: { fault: 'endless' }, see: arrives(3_000_000, { end: 'enough' }) },
  {
    name: 'a big body',
    fault: { fault: 'big', bytes: 1_000_000 },
    see: arrives(2_000_000, { end: 'whole', bytes: 1_000_000 }),
  },
  {
    name: 'a redirect to another host',
    fault: { fault: 'redirect', location: 'http://elsewhere.example.test/' },
    see: async (bench) => {
      const answer = await bench.send(`/v1.0${bench.anOperation().path}`);
      expect([answer.status, answer.headers.get('location')]).toEqual([
        302,
        'http://elsewhere.example.test/',
      ]);
    },
  },
];

const wholeCases: readonly SwitchCase[] = [
  {
    name: 'HTML in place of a batch',
    fault: { fault: 'html' },
    see: batchSees(({ status, text }) => expect([status, text.slice(0, 9)]).toEqual([200, '<!DOCTYPE'])),
  },
  {
    name: 'HTML in an item',
    fault: { fault: 'html', on: 'item', times: 1 },
    see: batchSees(({ responses }) =>
      expect(responses.filter(({ body }) => typeof body === 'string')).toHaveLength(1),
    ),
  },
  {
    name: 'an empty answer',
    fault: { fault: 'empty' },
    see: batchSees(({ status, text }) => expect([status, text]).toEqual([200, ''])),
  },
  {
    name: 'an empty item',
    fault: { fault: 'empty', on: 'item', times: 1 },
    see: batchSees(({ responses }) => expect(responses.filter((item) => !('body' in item))).toHaveLength(1)),
  },
  {
    name: 'JSON of another shape',
    fault: { fault: 'garbage', body: { responses: 'none' } },
    see: batchSees(({ json }) => expect(json).toEqual({ responses: 'none' })),
  },
  {
    name: 'a text as the whole answer',
    fault: { fault: 'garbage', body: 'none' },
    see: batchSees(({ json }) => expect(json).toBe('none')),
  },
  {
    name: 'an item of another shape',
    fault: { fault: 'garbage', on: 'item', body: 7 },
    see: batchSees(({ responses }) => expect(responses[0]?.body).toBe(7)),
  },
  {
    name: 'an error in a 200',
    fault: { fault: 'errorInOk' },
    see: batchSees(({ status, json }) =>
      expect({ status, json }).toMatchObject({ status: 200, json: { error: { code: 'generalException' } } }),
    ),
  },
  {
    name: 'an error in an item of 200',
    fault: { fault: 'errorInOk', on: 'item' },
    see: batchSees(({ responses }) =>
      expect(responses[0]).toMatchObject({ status: 200, body: { error: {} } }),
    ),
  },
  {
    name: 'a whole batch throttled',
    fault: { fault: 'throttle', on: 'request', retryAfter: 5 },
    see: batchSees(({ status, headers }) => expect([status, headers.get('retry-after')]).toEqual([429, '5'])),
  },
  {
    name: 'a whole batch failed',
    fault: { fault: 'status', on: 'request', status: 503 },
    see: batchSees(({ status }) => expect(status).toBe(503)),
  },
  {
    name: 'one item throttled',
    fault: { fault: 'throttle', retryAfter: 2.128, times: 1 },
    see: batchSees(({ responses, statuses }) => {
      expect(statuses.toSorted((one, other) => one - other)).toEqual([200, 200, 429]);
      expect(responses.find(({ status }) => status === 429)?.headers['Retry-After']).toBe('2.128');
    }),
  },
  {
    name: 'one item failed',
    fault: { fault: 'status', status: 500, where: { path: 'op2' } },
    see: batchSees(({ responses }) => expect(responses.find(({ id }) => id === 'b')?.status).toBe(500)),
  },
];

const batchCases: readonly SwitchCase[] = [
  {
    name: 'answers in the order asked',
    fault: { fault: 'batchOrder', order: 'asked' },
    see: batchSees(({ order }) => expect(order).toEqual(['a', 'b', 'c'])),
  },
  {
    name: 'answers in reverse',
    fault: { fault: 'batchOrder', order: 'reversed' },
    see: batchSees(({ order }) => expect(order).toEqual(['c', 'b', 'a'])),
  },
  {
    name: 'answers in random order',
    fault: { fault: 'batchOrder', order: 'random' },
    see: batchSees(({ order }) => expect(order.toSorted()).toEqual(['a', 'b', 'c'])),
  },
  {
    name: 'missing answers',
    fault: { fault: 'batchMissing', count: 2 },
    see: batchSees(({ order }) => expect(order).toHaveLength(1)),
  },
  {
    name: 'a duplicate that contradicts',
    fault: { fault: 'batchDuplicate', status: 500 },
    see: batchSees(({ order, statuses }) => {
      expect([new Set(order).size, statuses]).toEqual([3, [200, 200, 200, 500]]);
    }),
  },
  {
    name: 'an unknown id',
    fault: { fault: 'batchUnknownId' },
    see: batchSees(({ order }) => expect(order).toContain('unasked')),
  },
  {
    name: 'ids in other case',
    fault: { fault: 'batchIdCase' },
    see: batchSees(({ order }) => expect(order.toSorted()).toEqual(['A', 'B', 'C'])),
  },
  {
    name: 'lower-case headers',
    fault: { fault: 'batchHeaderCase' },
    see: batchSees(({ responses }) => expect(responses[0]?.headers).toHaveProperty('content-type')),
  },
  {
    name: 'null headers',
    fault: { fault: 'batchHeaderCase', form: 'null' },
    see: batchSees(({ responses }) => expect(responses[0]?.headers).toBeNull()),
  },
  {
    name: 'no headers',
    fault: { fault: 'batchHeaderCase', form: 'absent' },
    see: batchSees(({ responses }) => expect(responses[0]).not.toHaveProperty('headers')),
  },
  {
    name: 'an outer 424 with items',
    fault: { fault: 'batchOuter424' },
    see: async (bench) => {
      bench.simulator.control.addFault({ fault: 'throttle', times: 1 });
      const { status, statuses } = await ask(bench);
      expect([status, statuses.toSorted((one, other) => one - other)]).toEqual([424, [200, 200, 429]]);
    },
  },
];

export const exchangeCases: readonly SwitchCase[] = [...transportCases, ...wholeCases, ...batchCases];
