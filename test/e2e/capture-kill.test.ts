// The host dies between Graph's 202 and the caller's answer: nothing is half tracked, no change is repeated, and
// registering the Location afterwards gives one operation.
import { randomUUID } from 'node:crypto';
import { QueueClient } from '@azure/storage-queue';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type ReadyProcess, startReady } from '../../dev/processes.ts';
import { type Simulator, startSimulator } from '../../dev/simulator/server.ts';
import { azurite } from '../fixtures/azurite.ts';
import { takeMessages } from '../fixtures/queue-reader.ts';
import { type ProxyMode, type StorageProxy, startStorageProxy } from '../fixtures/storage-proxy.ts';

const never = '0 0 0 1 1 *';

let simulator: Simulator;
let storage: StorageProxy;
let host: ReadyProcess;
let settings: Readonly<Record<string, string>>;
let lines: string[];

beforeAll(async () => {
  simulator = await startSimulator();
  storage = await startStorageProxy(azurite());
});
afterAll(async () => {
  await simulator.stop();
  await storage.stop();
});
beforeEach(async () => {
  simulator.control.reset();
  simulator.control.addConnection({ id: 'contosohr' });
  storage.mode = 'pass';
  lines = [];
  const name = `kill${randomUUID().replaceAll('-', '').slice(0, 16)}`;
  settings = {
    AzureWebJobsStorage: azurite(),
    OPWATCH_STORAGE: storage.connectionString,
    OPWATCH_TABLE: name,
    OPWATCH_TRANSITIONS_QUEUE: name,
    OPWATCH_SWEEPS_QUEUE: `${name}s`,
    OPWATCH_GRAPH_CLOUD: 'custom',
    OPWATCH_GRAPH_ROOT: simulator.url,
    OPWATCH_CREDENTIAL: 'static',
    OPWATCH_STATIC_TOKEN: 'only-for-the-simulator',
    OPWATCH_CONNECTION_OPERATION_TICK: never,
    OPWATCH_CONNECTION_OPERATION_FIRST_POLL_SECONDS: '0',
    OPWATCH_COMMS_OPERATION_TICK: never,
    OPWATCH_ONENOTE_OPERATION_TICK: never,
  };
  host = await startHost();
});
afterEach(async () => {
  await host.stop();
});

function startHost(): Promise<ReadyProcess> {
  const onErrorLine = (line: string): void => void lines.push(line);
  return startReady('dev/host/main.ts', { args: ['--port', '0'], env: settings, onErrorLine });
}

type Moment = {
  readonly moment: string;
  /** Calls of storage, beginning with the change; the one at which the host dies. */
  readonly call: string;
  readonly nth: number;
  readonly mode: ProxyMode;
  readonly idempotencyKey: string | null;
  /** Whether the operation is there after the restart: undefined where either is right. */
  readonly isTracked: boolean | undefined;
};

const unkeyed = { call: 'table POST', nth: 1, idempotencyKey: null } as const;
const keyed = { call: 'table POST', nth: 2, idempotencyKey: 'the-key-of-the-caller' } as const;
const moments: readonly Moment[] = [
  { moment: 'before the commit', ...unkeyed, mode: 'drop', isTracked: false },
  { moment: 'after the commit', ...unkeyed, mode: 'hang', isTracked: true },
  { moment: 'once the commit is answered', ...unkeyed, mode: 'pass', isTracked: undefined },
  { moment: 'before the commit of a change with a key', ...keyed, mode: 'drop', isTracked: false },
  { moment: 'after the commit of a change with a key', ...keyed, mode: 'hang', isTracked: true },
];

test.each(moments)('a host that dies $moment loses and doubles nothing', async (row) => {
  const headers = row.idempotencyKey === null ? {} : { 'idempotency-key': row.idempotencyKey };
  const dying = Promise.withResolvers<void>();
  let count = 0;
  storage.mode = (seen) => {
    if (seen === row.call) count += 1;
    if (seen !== row.call || count !== row.nth) return 'pass';
    dying.resolve();
    return row.mode;
  };
  const answer = patchSchema(headers);
  await dying.promise;
  await host.kill();
  const told = await answer;
  storage.mode = 'pass';
  const [operation] = simulator.control.ids();
  const location = `${simulator.url}/v1.0${operation?.path}`;
  // Without an answer, or with all of it.
  expect([null, { status: 202, location }]).toContainEqual(told);

  host = await startHost();
  const tracked = await vi.waitUntil(
    async () => {
      // What was under way when the host died may still arrive at storage.
      const found = await list();
      return row.isTracked === undefined || found.length > 0 === row.isTracked ? found : false;
    },
    { timeout: 10_000 },
  );
  const again = row.idempotencyKey === null ? null : await patchSchema(headers);
  expect(again).toEqual(row.idempotencyKey === null ? null : { status: 409, location: null });
  const registered = await register(location);
  // Where the commit was under way, it may come in between.
  const isNew = tracked.length === 0;
  expect(row.isTracked === undefined ? [200, 201] : [isNew ? 201 : 200]).toContain(registered.status);
  expect(await list()).toEqual([registered.key]);
  expect(await firstEvents()).toEqual([`${registered.key} 1 inprogress`]);
  expect(simulator.control.requests().filter(({ method }) => method === 'PATCH').length).toBe(1);
});

test('a host that dies while Graph works on a change repeats it never, and its audit has no end', async () => {
  simulator.control.addFault({ fault: 'latency', ms: 60_000, where: { method: 'PATCH' } });
  const answer = patchSchema({});
  await vi.waitUntil(() => simulator.control.requests().length === 1, { interval: 5 });
  await host.kill();
  expect(await answer).toBe(null);
  const audit = lines.filter((line) => line.includes('audit'));
  expect([audit.length, audit[0]?.includes('started')]).toEqual([1, true]);
  simulator.control.clearFaults();
  host = await startHost();
  expect(await list()).toEqual([]);
  await sweep();
  expect(simulator.control.requests().map(({ method }) => method)).toEqual(['PATCH']);
});

/** Null when the connection broke. */
async function patchSchema(
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly location: string | null } | null> {
  try {
    const response = await fetch(`${host.url}/api/graph/v1.0/external/connections/contosohr/schema`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"properties":[{"name":"title","type":"String"}]}',
    });
    return { status: response.status, location: response.headers.get('location') };
  } catch {
    return null; // the host is dead
  }
}

async function register(resource: string): Promise<{ readonly status: number; readonly key: string }> {
  const response = await fetch(`${host.url}/api/operations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resource }),
  });
  return { status: response.status, key: ((await response.json()) as { key: string }).key };
}

async function list(): Promise<readonly string[]> {
  const response = await fetch(`${host.url}/api/operations`);
  return ((await response.json()) as { value: { key: string }[] }).value.map(({ key }) => key);
}

async function sweep(): Promise<void> {
  await fetch(`${host.url}/admin/functions/pollConnectionOperations`, {
    method: 'POST',
    body: '{"input":""}',
  });
}

/** Key, sequence and word of the first events that come. */
async function firstEvents(): Promise<readonly string[]> {
  const queue = new QueueClient(azurite(), settings['OPWATCH_TRANSITIONS_QUEUE'] ?? '');
  await sweep();
  const texts = await vi.waitUntil(
    async () => {
      const found = await takeMessages(queue);
      return found.length > 0 && found;
    },
    { timeout: 10_000 },
  );
  return texts.map((text) => {
    const { data } = JSON.parse(text) as {
      data: { key: string; sequence: number; current: { status: string } };
    };
    return `${data.key} ${data.sequence} ${data.current.status}`;
  });
}
