// What a call through the proxy costs: calls of Graph, reads and writes of storage, counted from outside of the built
// app. A change that begins nothing writes nothing.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../../dev/simulator/server.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { type StorageProxy, startStorageProxy } from '../../fixtures/storage-proxy.ts';
import { type ProxyHost, type Sent, startProxyHost } from './host-harness.ts';

const connection = 'external/connections/contosohr';
const operation = `${connection}/operations/op`;
const untracked = `${connection}/operations/untracked`;
const name = '{"name":"People"}';
const schema = '{"properties":[{"name":"title","type":"String"}]}';

let simulator: Simulator;
let storage: StorageProxy;
let host: ProxyHost;
beforeAll(async () => {
  simulator = await startSimulator();
  storage = await startStorageProxy(azurite());
  host = await startProxyHost(simulator.url, { env: { OPWATCH_STORAGE: storage.connectionString } });
  const { control } = simulator;
  control.addConnection({ id: 'contosohr' });
  const script = [{ afterMs: 0, status: 'inprogress' }];
  control.addOperation({ kind: 'connectionOperation', parent: 'contosohr', id: 'op', script });
  control.addOperation({ kind: 'connectionOperation', parent: 'contosohr', id: 'untracked', script });
  const body = JSON.stringify({ resource: `/${operation}` });
  expect((await host.send('POST', '/api/operations', { body })).status).toBe(201);
  // Its first sight is news; what comes after it is none.
  expect((await host.send('GET', `/api/graph/v1.0/${operation}`)).status).toBe(200);
});
afterAll(async () => {
  await host.process.stop();
  await simulator.stop();
  await storage.stop();
});
beforeEach(() => simulator.control.zero());

type Cost = { readonly graph: readonly string[]; readonly reads: number; readonly writes: number };

/** Without the host's own looks into the queue of sweeps. */
function storageSeen(): readonly string[] {
  return storage.seen().filter((what) => what !== 'queue GET');
}

async function costOf(method: string, path: string, sent: Sent): Promise<Cost> {
  const before = storageSeen().length;
  expect((await host.send(method, `/api/graph/v1.0/${path}`, sent)).status).toBeLessThan(300);
  const seen = storageSeen().slice(before);
  const reads = seen.filter((what) => what === 'table GET').length;
  const graph = simulator.control.requests().map((request) => request.method);
  return { graph, reads, writes: seen.length - reads };
}

const wantsMore = { prefer: 'return=representation' };
const costs: readonly (readonly [what: string, method: string, path: string, sent: Sent, cost: Cost])[] = [
  ['a read', 'GET', connection, {}, { graph: ['GET'], reads: 0, writes: 0 }],
  ['a change', 'PATCH', connection, { body: name }, { graph: ['PATCH'], reads: 0, writes: 0 }],
  [
    'a change that is read back',
    'PATCH',
    connection,
    { body: name, headers: wantsMore },
    { graph: ['PATCH', 'GET'], reads: 0, writes: 0 },
  ],
  [
    'a connection whose id stands in the body',
    'PATCH',
    'connections',
    { body: '{"id":"contosohr","name":"People"}' },
    { graph: ['PATCH'], reads: 0, writes: 0 },
  ],
  [
    'a change of an operation that nobody watches',
    'PATCH',
    untracked,
    { body: '{"status":"inprogress"}' },
    { graph: ['PATCH'], reads: 2, writes: 0 },
  ],
  [
    'a change that shows no news of an operation',
    'PATCH',
    operation,
    { body: '{"status":"inprogress"}' },
    { graph: ['PATCH'], reads: 1, writes: 0 },
  ],
  [
    'an operation whose id stands in the body, without news',
    'PATCH',
    'connectionOperation',
    { body: '{"id":"op","status":"inprogress"}' },
    { graph: ['PATCH'], reads: 3, writes: 0 },
  ],
  [
    'a change that begins an operation',
    'PATCH',
    `${connection}/schema`,
    { body: schema },
    { graph: ['PATCH'], reads: 0, writes: 1 },
  ],
  [
    'a change with a key',
    'PATCH',
    connection,
    { body: name, headers: { 'idempotency-key': 'one' } },
    { graph: ['PATCH'], reads: 2, writes: 2 },
  ],
  [
    // Commit, message, and the outbox row's removal.
    'a change that shows the end of an operation',
    'PATCH',
    operation,
    { body: '{"status":"completed"}' },
    { graph: ['PATCH'], reads: 1, writes: 3 },
  ],
];

test.each(costs)('%s costs what it must', async (_what, method, path, sent, cost) => {
  expect(await costOf(method, path, sent)).toEqual(cost);
});

test('a change that is refused costs nothing', async () => {
  const before = storageSeen();
  for (const body of ['{"state":"ready"}', '{"name":1}', '{"id":"other","name":"x"}', 'x'])
    expect((await host.send('PATCH', `/api/graph/v1.0/${connection}`, { body })).status).toBe(400);
  expect([storageSeen(), simulator.control.requests()]).toEqual([before, []]);
});
