// Between Graph's 202 and the caller's answer: storage that fails at each of its calls. The caller always has Graph's
// answer; what it is told of the watch is true; nothing is half tracked; registering the Location gives one operation.
import { TableClient } from '@azure/data-tables';
import { describe, expect, test } from 'vitest';
import { azurite } from '../../fixtures/azurite.ts';
import { type ProxyMode, startStorageProxy } from '../../fixtures/storage-proxy.ts';
import { type Answer, type Proxy, startProxy } from './harness.ts';

const schema = 'v1.0/external/connections/contosohr/schema';
const change = { body: { properties: [{ name: 'title', type: 'String' }] } };
const modes = [{ mode: 'busy' }, { mode: 'reset' }, { mode: '500' }, { mode: 'hang' }] as const;

/** Storage's own limits (3 s a request), twice, and some more for a machine under load. */
const answeredWithinMs = 12_000;

type Fault = (what: string, mode: ProxyMode) => ProxyMode;

/** At the nth call of a sort, and at no other. */
function at(what: string, nth: number): () => Fault {
  return () => {
    let count = 0;
    return (seen, mode) => {
      if (seen === what) count += 1;
      return seen === what && count === nth ? mode : 'pass';
    };
  };
}

/** The first transaction is unclear too, or nothing would be read. */
function afterUnclear(what: string, nth: number): () => Fault {
  return () => {
    const first = at('table POST', 1)();
    const second = at(what, nth)();
    return (seen, mode) => (first(seen, 'reset') === 'reset' ? 'reset' : second(seen, mode));
  };
}

/** Calls of storage, in the order of their first time. */
const firstUse: readonly (readonly [call: string, fault: () => Fault])[] = [
  ['creation of the table', at('table POST', 1)],
  ['creation of the first queue', at('queue PUT', 1)],
  ['creation of the second queue', at('queue PUT', 2)],
  ['read of the number of shards', at('table GET', 1)],
  ['record of the number of shards', at('table POST', 2)],
  ['second read of the number of shards', at('table GET', 2)],
  ['transaction of a process that prepared storage', at('table POST', 3)],
];
const laterUse: readonly (readonly [call: string, fault: () => Fault])[] = [
  ['transaction', at('table POST', 1)],
  ['read after an unclear transaction', afterUnclear('table GET', 1)],
  ['call, each of them', () => (_seen, mode) => mode],
];

describe.concurrent.each(modes)('storage that answers by $mode', ({ mode }) => {
  test.each(firstUse)(
    `at the %s in a process's first change leaves the caller its answer (${mode})`,
    { timeout: 60_000 },
    (_call, fault) => capture(fault(), mode, { isPrepared: false }),
  );

  test.each(laterUse)(
    `at the %s in a later change leaves the caller its answer (${mode})`,
    { timeout: 60_000 },
    (_call, fault) => capture(fault(), mode, { isPrepared: true }),
  );
});

async function capture(
  fault: Fault,
  mode: ProxyMode,
  { isPrepared }: { readonly isPrepared: boolean },
): Promise<void> {
  const storage = await startStorageProxy(azurite());
  const proxy = await startProxy({
    storage: storage.connectionString,
    env: { OPWATCH_CONNECTION_OPERATION_FIRST_POLL_SECONDS: '0' },
  });
  try {
    const { control } = proxy.simulator;
    control.addConnection({ id: 'contosohr' });
    if (isPrepared) await proxy.app.start();
    let isHit = false;
    storage.mode = (seen) => {
      const decided = fault(seen, mode);
      isHit ||= decided === mode;
      return decided;
    };
    const startedMs = performance.now();
    const answer = await proxy.patch(schema, change);
    expect(performance.now() - startedMs).toBeLessThan(answeredWithinMs);
    expect(isHit).toBe(true);
    storage.mode = 'pass';
    const [operation] = control.ids();
    expect(answer).toMatchObject({ status: 202, text: '' });
    expect(answer.headers['location']).toBe(`${proxy.simulator.url}/v1.0${operation?.path}`);
    expect(control.requests().map(({ method }) => method)).toEqual(['PATCH']);
    await expectOneOperation(proxy, answer, operation?.path ?? '');
  } finally {
    await proxy.stop();
    await storage.stop();
  }
}

/** What the caller was told is so, and its Location leads to one operation with one event. */
async function expectOneOperation(proxy: Proxy, answer: Answer, path: string): Promise<void> {
  const told = answer.headers['opwatch-operation'];
  const error = answer.headers['opwatch-operation-error'];
  expect([told === undefined, error]).toEqual(
    told === undefined ? [true, 'storage_busy'] : [false, undefined],
  );
  const before = await rowsOf(proxy);
  expect([0, 2]).toContain(before.length);
  if (told !== undefined) expect(before.length).toBe(2);
  const key = await proxy.track(path);
  if (told !== undefined) expect(told).toBe(`/api/operations/${key}`);
  const after = await rowsOf(proxy);
  expect(after).toEqual([`known!${key}`, `live!${key}`]);
  if (before.length === 2) expect(before).toEqual(after);
  await proxy.app.pollKind('connectionOperation');
  expect((await proxy.takeEvents()).map(({ data }) => data.key)).toEqual([key]);
}

/** Row keys of all operations, past the proxy. */
async function rowsOf({ app }: Proxy): Promise<readonly string[]> {
  const options = { allowInsecureConnection: true };
  const table = TableClient.fromConnectionString(azurite(), app.config.table, options);
  const keys: string[] = [];
  const filter = "PartitionKey eq 'connectionOperation-00' and RowKey ne 'memory'";
  try {
    for await (const { rowKey } of table.listEntities({ queryOptions: { filter } })) keys.push(rowKey ?? '');
  } catch (error) {
    // Where its creation failed there is no table.
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
  }
  return keys.toSorted();
}
