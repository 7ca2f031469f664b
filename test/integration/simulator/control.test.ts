// The control API over HTTP, quotas and announced waits, counts and tokens.
import { describe, expect, test } from 'vitest';
import { drawDurationMs, durationFamilies } from '../../../dev/simulator/load.ts';
import { createRandom } from '../../../dev/simulator/random.ts';
import { startSimulator } from '../../../dev/simulator/server.ts';
import { startMs, useSimulator } from './harness.ts';

const bench = useSimulator();
const control = (path: string, body?: unknown, method = body === undefined ? 'GET' : 'POST') =>
  bench.send(`/_control${path}`, { method, ...(body === undefined ? {} : { body }) });

describe('control API', () => {
  test('adds one operation or many and changes what they say', async () => {
    const one = await control('/operations', { kind: 'connectionOperation', parent: 'contosohr', id: 'op1' });
    const many = await control('/operations', {
      operations: [{ kind: 'commsOperation' }, { kind: 'onenoteOperation' }],
    });
    const { path } = one.json as { path: string };
    await control('/status', { path: `/beta${path}`, status: 'failed' });
    expect([one.status, (many.json as { value: unknown[] }).value.length]).toEqual([200, 2]);
    expect((await bench.send(`/v1.0${path}`)).json).toMatchObject({ status: 'failed' });
  });

  test('turns faults on, lists and removes them', async () => {
    const { id } = (await control('/faults', { fault: 'otherId', id: 'else' })).json as { id: string };
    const { path } = bench.anOperation();
    expect((await bench.send(`/v1.0${path}`)).json).toMatchObject({ id: 'else' });
    expect((await control('/faults')).json).toMatchObject({ value: [{ id, fault: 'otherId', fired: 1 }] });
    expect((await control(`/faults/${id}`, undefined, 'DELETE')).status).toBe(204);
    expect((await control(`/faults/${id}`, undefined, 'DELETE')).status).toBe(404);
    expect((await bench.send(`/v1.0${path}`)).json).toMatchObject({ id: '1.neu.0f3c' });
  });

  test.each([
    ['an unknown route', '/moon', {}, 404],
    ['a wrong fault', '/faults', { fault: 'gremlins' }, 400],
    ['a wrong kind', '/operations', { kind: 'moon' }, 400],
    ['an operation that is not there', '/status', { path: '/x', status: 'failed' }, 400],
    ['no JSON', '/faults', '{', 400],
  ])('refuses %s and says why', async (_name, path, body, status) => {
    expect(await control(path, body)).toMatchObject({
      status,
      json: { error: { message: expect.stringMatching(/\w/) } },
    });
  });

  test.each([
    ['POST', '/calls', {}],
    ['POST', '/calls/end', { id: 'c1' }],
    ['POST', '/connections', { id: 'contosohr' }],
    ['POST', '/remove', { path: '/connections/contosohr' }],
    ['POST', '/births', { kind: 'commsOperation', script: [{ afterMs: 0, status: 'running' }] }],
    ['POST', '/quotas', { itemsPerSecond: 5 }],
    ['GET', '/quotas', undefined],
    ['DELETE', '/quotas', undefined],
    ['DELETE', '/faults', undefined],
    ['GET', '/stats', undefined],
    ['POST', '/zero', {}],
    ['POST', '/reset', {}],
    ['POST', '/token', { token: null }],
    ['GET', '/requests', undefined],
    ['GET', '/callbacks', undefined],
    ['GET', '/pushes', undefined],
    ['POST', '/pushes/settle', {}],
    ['POST', '/keys/rotate', {}],
  ])('serves %s %s', async (method, path, body) => {
    expect((await control(path, body, method)).status).toBeLessThan(300);
  });
});

describe('load', () => {
  test.each(durationFamilies)('draws %s durations of the given mean', (family) => {
    const random = createRandom(3);
    const durations = Array.from({ length: 20_000 }, () => drawDurationMs(family, 1000, random));
    const mean = durations.reduce((sum, duration) => sum + duration, 0) / durations.length;
    expect(durations.every((duration) => duration >= 0)).toBe(true);
    expect(Math.abs(mean - 1000)).toBeLessThan(25);
  });

  test('ends as many operations badly as asked', async () => {
    await control('/load', {
      kind: 'connectionOperation',
      count: 1000,
      meanMs: 1000,
      failedShare: 0.3,
      waits: false,
    });
    bench.advance(1_000_000);
    const ends = bench.simulator.control.truth().map(({ changes }) => changes.at(-1)?.status);
    const failed = ends.filter((end) => end === 'failed').length;
    expect(ends.filter((end) => end === 'completed').length + failed).toBe(1000);
    expect(Math.abs(failed - 300)).toBeLessThan(50);
  });

  test('waits for arm, starts spread out, and gives the same operations for the same seed', async () => {
    const load = {
      kind: 'commsOperation',
      count: 40,
      family: 'fixed',
      meanMs: 1000,
      startSpreadMs: 4000,
      seed: 7,
    } as const;
    await control('/load', load);
    const first = (await control('/ids')).json;
    bench.advance(60_000);
    expect(bench.simulator.control.truth().every(({ changes }) => changes.length === 0)).toBe(true);
    expect((await control('/arm', {})).json).toEqual({ armed: 40 });
    bench.advance(3000);
    const lengths = bench.simulator.control.truth().map(({ changes }) => changes.length);
    expect([lengths[0], lengths[25], lengths[39]]).toEqual([2, 1, 0]);
    bench.simulator.control.reset();
    await control('/load', load);
    expect((await control('/ids')).json).toEqual(first);
  });
});

describe('throttling', () => {
  test('a quota lets so many items a second through, by kind and tenant', async () => {
    bench.simulator.control.setQuota({ kind: 'connectionOperation', itemsPerSecond: 2 });
    const paths = ['op1', 'op2', 'op3'].map((id) => bench.anOperation(id).path);
    const note = bench.simulator.control.addOperation({ kind: 'onenoteOperation' }).path;
    const first = await bench.batch([...paths, note]);
    bench.advance(1000);
    const second = await bench.batch(paths.slice(0, 2));
    expect(first.responses.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
      200, 200, 200, 429,
    ]);
    expect(first.responses.find(({ status }) => status === 429)?.headers['Retry-After']).toBe('1');
    expect(second.responses.map(({ status }) => status)).toEqual([200, 200]);
  });

  test('refused items may be charged, so that calling early prolongs the wait', async () => {
    bench.simulator.control.setQuota({ itemsPerSecond: 1, chargesRefused: true });
    const { path } = bench.anOperation();
    const waits: (string | null)[] = [];
    for (let asked = 0; asked < 4; asked++) {
      waits.push((await bench.send(`/v1.0${path}`)).headers.get('retry-after'));
    }
    expect(waits).toEqual([null, '2', '3', '4']);
  });

  test.each([
    ['single', { fault: 'throttle', retryAfter: 10, times: 1 }],
    ['whole batch', { fault: 'throttle', on: 'request', retryAfter: 10, times: 1 }],
    ['date', { fault: 'throttle', retryAfter: { dateInSeconds: 10 }, times: 1 }],
  ] as const)('calls inside an announced wait are counted as early: %s', async (_name, fault) => {
    const { path } = bench.anOperation();
    bench.simulator.control.addFault(fault);
    await bench.batch([path]);
    const early = () => bench.simulator.control.stats().earlyCalls;
    bench.advance(9999);
    await bench.send(`/v1.0${path}`);
    const inside = early();
    bench.advance(1);
    await bench.send(`/v1.0${path}`);
    expect([inside, early()]).toEqual([1, 1]);
  });
});

describe('early calls', () => {
  test('are also counted where the whole exchange fails, and never for writes', async () => {
    const { path } = bench.anOperation();
    bench.simulator.control.addFault({ fault: 'throttle', on: 'request', retryAfter: 60 });
    await bench.batch([path]);
    bench.advance(1000);
    await bench.batch([path]);
    await bench.send(`/v1.0${path}`, { method: 'PATCH', body: { status: 'completed' } });
    expect(bench.simulator.control.stats()).toMatchObject({
      earlyCalls: 1,
      earlyCallsByKind: { connectionOperation: 1 },
      lastEarlyCalls: [{ atMs: startMs + 1000, untilMs: startMs + 60_000 }],
      throttledRequests: 3,
    });
  });

  test('bind their own tenant and kind only', async () => {
    const { path } = bench.anOperation();
    const note = bench.simulator.control.addOperation({ kind: 'onenoteOperation' }).path;
    bench.simulator.control.addFault({ fault: 'throttle', retryAfter: 60, times: 1 });
    const claims = Buffer.from(JSON.stringify({ tid: 'contoso' })).toString('base64url');
    const headers = { Authorization: `Bearer e30.${claims}.x` };
    await bench.send(`/v1.0${path}`, { headers });
    bench.advance(1000);
    await bench.send(`/v1.0${path}`);
    await bench.send(`/v1.0${note}`, { headers });
    expect(bench.simulator.control.stats().earlyCalls).toBe(0);
  });
});

describe('strange requests', () => {
  test.each([
    ['null', 'null'],
    ['a number', '5'],
    ['null items', '{"requests":[null]}'],
    ['items of another type', '{"requests":["x",7]}'],
    ['null headers', '{"requests":[{"id":"1","method":"GET","url":"x","headers":null}]}'],
    ['headers as text', '{"requests":[{"id":"1","method":"GET","url":"x","headers":"abc"}]}'],
    [
      'a stray percent sign',
      '{"requests":[{"id":"1","method":"GET","url":"/external/connections/%E0%A4%A/operations/%"}]}',
    ],
    ['dependencies of another type', '{"requests":[{"id":"1","method":"GET","url":"x","dependsOn":[5]}]}'],
    ['a circle of dependencies', '{"requests":[{"id":"1","method":"GET","url":"x","dependsOn":["1"]}]}'],
  ])('in a batch never break the simulator: %s', async (_name, body) => {
    expect((await bench.send('/v1.0/$batch', { method: 'POST', body })).status).toBeLessThan(500);
  });

  test('are refused over 4 MB', async () => {
    expect((await bench.send('/v1.0/$batch', { method: 'POST', body: ' '.repeat(4_194_305) })).status).toBe(
      413,
    );
  });
});

describe('counts', () => {
  test('tell requests, items, PATCHes and tokens apart, and go back to zero', async () => {
    const { path } = bench.anOperation();
    await bench.batch([path, `${path}x`]);
    await bench.send(`/v1.0${path}`, { headers: { Authorization: 'Bearer secret-token' } });
    await bench.send(`/v1.0${path}`, { method: 'PATCH', body: { status: 'completed' } });
    const stats = bench.simulator.control.stats();
    expect(stats).toMatchObject({
      httpRequests: 3,
      byRoute: { get: 1, batch: 1, patch: 1 },
      byStatus: { 200: 3 },
      items: 4,
      itemsByKind: { connectionOperation: 4 },
      itemsByStatus: { 200: 3, 404: 1 },
      patches: 1,
      authorization: {
        accepted: 1,
        missing: 2,
        refused: 0,
        tokens: [{ count: 1, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      },
    });
    const requests = bench.simulator.control.requests();
    expect(requests.map(({ method, status }) => [method, status])).toEqual([
      ['POST', 200],
      ['GET', 200],
      ['PATCH', 200],
    ]);
    expect(JSON.stringify([stats, requests])).not.toContain('secret-token');
    bench.simulator.control.zero();
    expect([bench.simulator.control.stats().httpRequests, bench.simulator.control.requests()]).toEqual([
      0,
      [],
    ]);
  });
});

describe('tokens and connections', () => {
  test('only the required token is accepted, until another one is required', async () => {
    const { path } = bench.anOperation();
    const statusWith = async (token?: string) =>
      (
        await bench.send(
          `/v1.0${path}`,
          token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } },
        )
      ).status;
    bench.simulator.control.requireToken('old');
    const before = [await statusWith(), await statusWith('new'), await statusWith('old')];
    await control('/token', { token: 'new' });
    expect([before, await statusWith('old'), await statusWith('new')]).toEqual([[401, 401, 200], 401, 200]);
  });

  test('connections are refused for a while', async () => {
    const { path } = bench.anOperation();
    const back = bench.simulator.control.refuseConnections(30);
    await expect(bench.send(`/v1.0${path}`)).rejects.toThrow();
    await back;
    expect((await bench.send(`/v1.0${path}`)).status).toBe(200);
  });

  test('stops while answers are outstanding', async () => {
    const simulator = await startSimulator();
    simulator.control.addFault({ fault: 'latency', ms: 60_000 });
    const asking = fetch(`${simulator.url}/v1.0/x`).catch(() => 'cut');
    await expect.poll(() => simulator.control.stats().httpRequests).toBe(1);
    await simulator.stop();
    expect(await asking).toBe('cut');
  });
});
