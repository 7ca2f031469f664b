// Calls that Graph never answers, or not in time, or that never reach it.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FaultInput } from '../../../dev/simulator/faults.ts';
import { type Proxy, startProxy } from './harness.ts';

let proxy: Proxy;
beforeAll(async () => {
  proxy = await startProxy({ graphLimitMs: 400 });
});
afterAll(() => proxy.stop());
beforeEach(() => {
  proxy.simulator.control.reset();
  proxy.simulator.control.addConnection({ id: 'contosohr', name: 'HR' });
  proxy.simulator.control.addFault({ fault: 'patchConnection', status: 200 });
});

const connection = 'v1.0/external/connections/contosohr';
const change = { body: { name: 'People' } };

describe('A-55: Graph', () => {
  test.each<[string, FaultInput]>([
    ['never answers', { fault: 'hang', times: 1 }],
    ['answers late', { fault: 'latency', ms: 5000, times: 1 }],
    ['answers drop by drop', { fault: 'slow', times: 1 }],
  ])('%s: a read is timed out, and a change too, with an unknown outcome', async (_what, fault) => {
    const { control } = proxy.simulator;
    control.addFault(fault);
    const read = await proxy.get(connection);
    expect(read).toMatchObject({ status: 504, json: { code: 'graph_timeout' } });
    expect(read.json).not.toHaveProperty('outcome');
    control.addFault(fault);
    const changed = await proxy.patch(connection, change);
    expect(changed).toMatchObject({ status: 504, json: { code: 'graph_timeout', outcome: 'unknown' } });
    expect(control.requests().map(({ method }) => method)).toEqual(['GET', 'PATCH']);
    expect(await proxy.patch(connection, change)).toMatchObject({ status: 200 });
  });

  test('is slow for one caller, and answers another meanwhile', async () => {
    proxy.simulator.control.addFault({ fault: 'hang', where: { method: 'PATCH' }, times: 1 });
    let isSlowDone = false;
    const slow = proxy.patch(connection, change).finally(() => {
      isSlowDone = true;
    });
    expect(await proxy.get(connection)).toMatchObject({ status: 200 });
    expect(isSlowDone).toBe(false);
    expect(await slow).toMatchObject({ status: 504 });
  });
});

test('a change that can not be delivered says so with an audit line that has an end', async () => {
  const gone = await startProxy({ graphLimitMs: 400 });
  await gone.stop();
  const answer = await gone.patch(connection, change);
  expect(answer).toMatchObject({ status: 504, json: { code: 'graph_timeout', outcome: 'unknown' } });
  expect(await gone.get(connection)).toMatchObject({ status: 502, json: { code: 'graph_error' } });
  expect(gone.lines.at(-1)).toContain('"audit":"finished","outcome":"unknown","code":"graph_error"');
});
