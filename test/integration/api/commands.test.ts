// The commands that run the built app: what they print, what they refuse by name, and how they end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startReady } from '../../../dev/processes.ts';
import { type Simulator, startSimulator } from '../../../dev/simulator/server.ts';
import { type Api, settingsFor, startApi } from './harness.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator.stop());

type Ended = { readonly code: number | null; readonly output: string; readonly errors: string };

/** Runs the host of the built app, which is expected to end by itself. */
async function runHost(
  env: Readonly<Record<string, string | undefined>>,
  args: readonly string[],
): Promise<Ended> {
  const child = spawn(process.execPath, ['dev/host/main.ts', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { output: '', errors: '' };
  child.stdout.on('data', (chunk: Buffer) => void (said.output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (said.errors += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('the host refuses to start', () => {
  test.each<[string, Record<string, string>, readonly string[]]>([
    ['with a setting that is none', { OPWATCH_SHARD: 'canary' }, ['OPWATCH_SHARD']],
    [
      'with several bad values, and names them all',
      {
        OPWATCH_SHARDS: 'canary',
        OPWATCH_GRAPH_ROOT: 'ftp://canary',
        OPWATCH_COMMS_OPERATION_TICK: 'canary',
      },
      ['OPWATCH_SHARDS', 'OPWATCH_GRAPH_ROOT', 'OPWATCH_COMMS_OPERATION_TICK'],
    ],
  ])('%s', async (_what, wrong, names) => {
    const env = { PATH: process.env['PATH'], ...settingsFor(simulator.url, 'refused'), ...wrong };
    const { code, output, errors } = await runHost(env, ['--port', '0']);
    expect([code, output]).toEqual([1, '']);
    for (const name of names) expect(errors).toContain(name);
    expect(errors).not.toMatch(/canary|^\s+at /m);
  });

  test('on a port that is none', async () => {
    const env = { PATH: process.env['PATH'], ...settingsFor(simulator.url, 'refused') };
    const { code, output, errors } = await runHost(env, ['--port', '65536']);
    expect([code, output, errors]).toEqual([1, '', expect.stringContaining('--port')]);
  });
});

describe('the host of the built app', () => {
  test('answers those who wait and ends with 0 on SIGTERM', async () => {
    const api = await startApi({ env: { OPWATCH_MAX_WAITERS: '1' } });
    try {
      const { key } = await api.track();
      const waiting = api.get(`/api/operations/${key}?wait=60`);
      // Once it is held, others are answered at once; until then a wait of a second takes a second.
      const probeMs = async (): Promise<number> => {
        const askedMs = performance.now();
        await api.get(`/api/operations/${key}?wait=1`);
        return performance.now() - askedMs;
      };
      await expect.poll(probeMs, { timeout: 20_000, interval: 100 }).toBeLessThan(900);
      const startedMs = performance.now();
      process.kill(api.host.pid, 'SIGTERM');
      expect(await waiting).toMatchObject({ status: 200, json: { key, state: 'pending' } });
      expect(await api.host.ended).toBe(0);
      expect(performance.now() - startedMs).toBeLessThan(10_000);
    } finally {
      await api.stop();
    }
  });

  test('takes the port that it is given, says so, and ends with 0 on SIGINT', async () => {
    const env = settingsFor(simulator.url, 'port');
    const port = String(await freePort());
    const host = await startReady('dev/host/main.ts', { args: ['--port', port], env });
    expect(host.url).toBe(`http://127.0.0.1:${port}`);
    process.kill(host.pid, 'SIGINT');
    expect(await host.ended).toBe(0);
  });
});

describe('the admin routes', () => {
  let api: Api;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.stop());

  type Fn = {
    readonly name: string;
    readonly config: { readonly bindings: readonly { readonly type: string }[] };
  };

  test('tell that it runs, and which functions it has', async () => {
    const status = await (await fetch(`${api.host.url}/admin/host/status`)).json();
    expect(status).toMatchObject({ state: 'Running' });
    const functions = (await (await fetch(`${api.host.url}/admin/functions`)).json()) as Fn[];
    const typed = Map.groupBy(functions, ({ config }) => config.bindings[0]?.type ?? '');
    const namesOf = (type: string) =>
      typed
        .get(type)
        ?.map(({ name }) => name)
        .toSorted();
    expect(namesOf('timerTrigger')).toEqual([
      'cleanUp',
      'pollCommsOperations',
      'pollConnectionOperations',
      'pollOnenoteOperations',
    ]);
    expect(namesOf('queueTrigger')).toEqual(['sweepShard']);
    expect(namesOf('httpTrigger')).toEqual(
      expect.arrayContaining([
        'listOperations',
        'readGraphResource',
        'readOperation',
        'trackOperations',
        'updateGraphResource',
      ]),
    );
  });

  test.each([
    'pollConnectionOperations',
    'pollCommsOperations',
    'pollOnenoteOperations',
    'cleanUp',
    'POLLCONNECTIONOPERATIONS',
  ])('run %s now', async (name) => {
    expect(await api.runFunction(name)).toBe(202);
  });

  test('run a sweep, whose news is there to be read', async () => {
    const { key } = await api.track();
    const sweep = async (): Promise<unknown> => {
      expect(await api.runFunction('pollConnectionOperations')).toBe(202);
      return (await api.get(`/api/operations/${key}`)).json['state'];
    };
    await expect.poll(sweep, { timeout: 20_000, interval: 300 }).toBe('running');
  });

  test('run a function of a queue with the message that they are given', async () => {
    const input = JSON.stringify({ shard: 'commsOperation-00' });
    const post = (body: string) =>
      fetch(`${api.host.url}/admin/functions/sweepShard`, { method: 'POST', body });
    expect((await post(JSON.stringify({ input }))).status).toBe(202);
    await expect.poll(() => api.lines.some((line) => line.includes('sweepShard succeeded'))).toBe(true);
    expect((await post('{"input":1}')).status).toBe(400);
  });

  test.each([
    ['absent', 404],
    ['trackOperations', 400],
    ['..%2fhost', 404],
  ])('do not run %s', async (name, status) => {
    expect(await api.runFunction(name)).toBe(status);
  });
});
