// Switches of what an operation says about itself, and of reading it at all.
import { expect } from 'vitest';
import type { Bench, Wire } from './harness.ts';
import { callId, reads, type SwitchCase } from './switch-case.ts';

export const operationCases: readonly SwitchCase[] = [
  {
    name: 'upper case',
    fault: { fault: 'casing', form: 'upper' },
    see: reads({ body: { status: 'INPROGRESS' } }),
  },
  {
    name: 'CSDL casing of comms',
    fault: { fault: 'casing', form: 'csdl' },
    see: async (bench) => {
      const { path } = bench.simulator.control.addOperation({ kind: 'commsOperation', parent: callId });
      expect((await bench.send(`/v1.0${path}`)).json).toMatchObject({ status: 'Running' });
    },
  },
  {
    name: 'lower camel casing of OneNote',
    fault: { fault: 'casing', form: 'lowerCamel' },
    see: async (bench) => expect((await readsNote(bench)).json).toMatchObject({ status: 'running' }),
  },
  {
    name: 'mixed casing',
    fault: { fault: 'casing', form: 'mixed' },
    see: async (bench) =>
      expect((await readsNote(bench)).json).toMatchObject({ status: expect.stringMatching(/^running$/i) }),
  },
  ...[null, 'Idle', 'unspecified', 'unknownFutureValue', 'onHold', 5, { word: 'completed' }].map(
    (value): SwitchCase => ({
      name: `the status ${JSON.stringify(value)}`,
      fault: { fault: 'statusWord', value },
      see: reads({ body: { status: value } }),
    }),
  ),
  {
    name: 'no status at all',
    fault: { fault: 'statusWord' },
    see: async (bench) =>
      expect((await bench.send(`/v1.0${bench.anOperation().path}`)).json).not.toHaveProperty('status'),
  },
  {
    name: 'another id than asked',
    fault: { fault: 'otherId', id: 'else' },
    see: reads({ body: { id: 'else' } }),
  },
  {
    name: 'a replica 30 s behind',
    fault: { fault: 'stale', seconds: 30, exact: true },
    see: reads({ body: { status: 'inprogress' } }, 80_000),
  },
  {
    name: 'a replica caught up',
    fault: { fault: 'stale', seconds: 30, exact: true },
    see: reads({ body: { status: 'completed' } }, 90_000),
  },
  {
    name: 'a regression',
    fault: { fault: 'regression' },
    see: reads({ body: { status: 'inprogress' } }, 61_000),
  },
  {
    name: '404 for the first seconds',
    fault: { fault: 'lateUrl', seconds: 5 },
    see: reads({ status: 404 }, 4999),
  },
  {
    name: '200 after the first seconds',
    fault: { fault: 'lateUrl', seconds: 5 },
    see: reads({ status: 200 }, 5000),
  },
  {
    name: '404 after the end',
    fault: { fault: 'goneAfterEnd', seconds: 10 },
    see: reads({ status: 404 }, 70_000),
  },
  {
    name: '410 after the end',
    fault: { fault: 'goneAfterEnd', status: 410 },
    see: reads({ status: 410 }, 60_000),
  },
  {
    name: '8522 after the end',
    fault: { fault: 'goneAfterEnd', code: '8522' },
    see: reads({ status: 404, body: { error: { code: '8522' } } }, 60_000),
  },
  {
    name: 'a last look before it is gone',
    fault: { fault: 'goneAfterEnd', seconds: 10 },
    see: reads({ body: { status: 'completed' } }, 69_999),
  },
  {
    name: 'calls by GET forbidden',
    fault: { fault: 'commsByGet', status: 403 },
    see: async (bench) => expect(await readsCall(bench, true)).toEqual({ status: 403, outer: 200 }),
  },
  {
    name: 'calls by GET unknown',
    fault: { fault: 'commsByGet' },
    see: async (bench) => expect(await readsCall(bench, false)).toMatchObject({ status: 404 }),
  },
  {
    name: 'calls refused as items of a batch',
    fault: { fault: 'commsInBatch' },
    see: async (bench) => expect(await readsCall(bench, true)).toEqual({ status: 400, outer: 200 }),
  },
  {
    name: 'batches with calls refused',
    fault: { fault: 'commsInBatch', on: 'request' },
    see: async (bench) => expect(await readsCall(bench, true)).toEqual({ status: undefined, outer: 400 }),
  },
  {
    name: 'calls refused in batches only',
    fault: { fault: 'commsInBatch' },
    see: async (bench) => expect(await readsCall(bench, false)).toMatchObject({ status: 200 }),
  },
  ...([401, 403] as const).map(
    (status): SwitchCase => ({
      name: `OneNote refusing app-only tokens by ${status}`,
      fault: { fault: 'onenoteAppOnly', status },
      see: async (bench) =>
        expect(await readsNote(bench)).toMatchObject({ status, json: { error: { code: '40001' } } }),
    }),
  ),
];

async function readsCall(
  bench: Bench,
  batched: boolean,
): Promise<{ readonly status: number | undefined; readonly outer: number }> {
  const { path } = bench.simulator.control.addOperation({ kind: 'commsOperation', parent: callId });
  if (!batched) {
    const { status } = await bench.send(`/v1.0${path}`);
    return { status, outer: status };
  }
  const { status: outer, responses } = await bench.batch([path]);
  return { status: responses[0]?.status, outer };
}

async function readsNote(bench: Bench): Promise<Wire> {
  const { path } = bench.simulator.control.addOperation({ kind: 'onenoteOperation', parent: '/users/u1' });
  return await bench.send(`/v1.0${path}`);
}
