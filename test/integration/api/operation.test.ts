// One operation over HTTP: read, waited for, stopped, and the events that its consumers got.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, startApi, type Tracked } from './harness.ts';

const waiters = 3;

let api: Api;
beforeAll(async () => {
  api = await startApi({ env: { OPWATCH_MAX_WAITERS: String(waiters) } });
});
afterAll(() => api.stop());

const place = ({ key }: Tracked, rest = ''): string => `/api/operations/${key}${rest}`;
const stop = (one: Tracked) => api.send('DELETE', place(one));
const poll = (one: Tracked) => api.send('POST', place(one, '/poll'));
const say = ({ path }: Tracked, status: string) => api.simulator.control.setStatus({ path, status });

describe('a read', () => {
  test('gives an ETag that changes with the operation and not with its next poll', async () => {
    const one = await api.track();
    const tags: string[] = [];
    for (const change of [() => poll(one), () => poll(one), async () => say(one, 'completed') && poll(one)]) {
      const first = await api.get(place(one));
      const etag = first.headers['etag'] ?? '';
      expect(etag).toMatch(/^"[\x21\x23-\x7e]+"$/);
      expect(await api.get(place(one), { 'if-none-match': etag })).toMatchObject({
        status: 304,
        text: '',
        headers: { etag },
      });
      tags.push(etag);
      await change();
    }
    const last = await api.get(place(one));
    tags.push(last.headers['etag'] ?? '');
    expect(last.json).toMatchObject({ state: 'succeeded', terminal: true, nextPollAt: null });
    const [tracked, running, stillRunning, ended] = tags;
    expect(stillRunning).toBe(running);
    expect(new Set([tracked, running, ended]).size).toBe(3);
  });

  test('of the next generation has another ETag', async () => {
    const one = await api.track();
    await stop(one);
    const before = (await api.get(place(one))).headers['etag'];
    await api.post({ resource: one.path, restartAfter: one.generation });
    await stop(one);
    expect((await api.get(place(one))).headers['etag']).not.toBe(before);
  });

  test.each([
    ['the same, weak', (etag: string) => `W/${etag}`, 304],
    ['the same among others', (etag: string) => `"a", ${etag},"b"`, 304],
    ['anything', () => '*', 304],
    ['another', () => '"a"', 200],
    ['the same without quotes', (etag: string) => etag.slice(1, -1), 200],
    ['nothing', () => '', 200],
  ])('under If-None-Match with %s is answered accordingly', async (_what, header, status) => {
    const one = await api.track();
    const etag = (await api.get(place(one))).headers['etag'] ?? '';
    expect((await api.get(place(one), { 'if-none-match': header(etag) })).status).toBe(status);
  });
});

describe('a wait', () => {
  test.each<[string, Record<string, string>]>([
    ['?wait=60', {}],
    ['?wait=3600', {}],
    ['', { prefer: 'wait=60' }],
    ['', { prefer: 'respond-async, wait=30' }],
  ])('(%s %j) ends when the operation does', async (query, headers) => {
    const one = await api.track();
    const startedMs = performance.now();
    const waiting = api.get(place(one, query), headers);
    await poll(one);
    say(one, 'failed');
    await poll(one);
    expect(await waiting).toMatchObject({ status: 200, json: { state: 'failed', sequence: 2 } });
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });

  test('ends with the operation as it is when its time is over', async () => {
    const one = await api.track();
    const startedMs = performance.now();
    const answer = await api.get(place(one, '?wait=1'));
    expect(answer).toMatchObject({ status: 200, json: { state: 'pending' } });
    const tookMs = performance.now() - startedMs;
    expect(tookMs).toBeGreaterThanOrEqual(1000);
    expect(tookMs).toBeLessThan(3000);
  });

  test('is preferred for sixty seconds at most, and the query goes first', async () => {
    const one = await api.track();
    await stop(one);
    const asked = async (query: string, prefer: string) =>
      (await api.get(place(one, query), { prefer })).headers['preference-applied'];
    expect(await asked('', 'wait=20')).toBe('wait=20');
    expect(await asked('', 'wait=4000000000')).toBe('wait=60');
    expect(await asked('', 'return=minimal,wait=61')).toBe('wait=60');
    expect(await asked('?wait=1', 'wait=20')).toBeUndefined();
    for (const prefer of ['wait=-1', 'wait=x', 'wait', 'await=5', 'wait="5"', 'wait=1e3', 'wait=99999999999'])
      expect([prefer, await asked('', prefer)]).toEqual([prefer, undefined]);
  });

  test('of an operation that nobody tracks is 404 at once', async () => {
    expect(await api.get(`/api/operations/${'c'.padEnd(26, 'a')}?wait=60`)).toMatchObject({ status: 404 });
  });

  test.each(['-1', 'abc', '1.5', '', '1e3', '99999999999', '5&wait=6'])(
    'A-63: ?wait=%s is refused',
    async (wait) => {
      const one = await api.track();
      const answer = await api.get(place(one, `?wait=${wait}`));
      expect(answer).toMatchObject({ status: 400, json: { code: 'query_invalid' } });
    },
  );

  test('A-63: beyond the number that is held is answered at once, and others are served meanwhile', async () => {
    const one = await api.track();
    const ended: boolean[] = [];
    const waits = Array.from({ length: 200 }, async () => {
      const { status, json } = await api.get(place(one, '?wait=60'));
      expect(status).toBe(200);
      ended.push(json['terminal'] === true);
    });
    await expect.poll(() => ended.length, { timeout: 10_000 }).toBe(200 - waiters);
    const startedMs = performance.now();
    expect(await api.get('/api/health/live')).toMatchObject({ status: 200 });
    expect(await api.send('PATCH', '/api/graph/v1.0/external/connections/x')).toMatchObject({ status: 400 });
    expect(performance.now() - startedMs).toBeLessThan(1000);
    await stop(one);
    await Promise.all(waits);
    expect([ended.length, ended.filter(Boolean).length]).toEqual([200, waiters]);
  });
});

describe('DELETE', () => {
  test('ends what runs as cancelled, and says the same again', async () => {
    const one = await api.track();
    await poll(one);
    const first = await stop(one);
    expect(first).toMatchObject({
      status: 200,
      json: {
        state: 'cancelled',
        terminal: true,
        status: 'inprogress',
        statusKnown: true,
        sequence: 2,
        nextPollAt: null,
      },
    });
    expect(first.json['endedAt']).toBe(first.json['changedAt']);
    api.simulator.control.zero();
    const again = await Promise.all(Array.from({ length: 5 }, () => stop(one)));
    for (const { status, json } of again) expect([status, json]).toEqual([200, first.json]);
    expect(api.simulator.control.stats().httpRequests).toBe(0);
  });

  test('of many at once is one end', async () => {
    const one = await api.track();
    const answers = await Promise.all(Array.from({ length: 20 }, () => stop(one)));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    const { json } = await api.get(place(one, '/events'));
    expect(json['value']).toHaveLength(1);
  });

  test('of what ended by itself answers with that end', async () => {
    const one = await api.track();
    say(one, 'completed');
    await poll(one);
    expect(await stop(one)).toMatchObject({ status: 200, json: { state: 'succeeded', sequence: 1 } });
  });

  test('with a generation stops that one only', async () => {
    const one = await api.track();
    const of = (generation: number | string) => api.send('DELETE', place(one, `?generation=${generation}`));
    for (const other of [one.generation + 1, one.generation - 1, 0])
      expect(await of(other)).toMatchObject({ status: 409, json: { code: 'generation_changed' } });
    expect(await api.get(place(one))).toMatchObject({ json: { state: 'pending' } });
    expect(await of(one.generation)).toMatchObject({ status: 200, json: { state: 'cancelled' } });
    expect(await of(one.generation)).toMatchObject({ status: 200 });
    const next = await api.post({ resource: one.path, restartAfter: one.generation });
    expect(await of(one.generation)).toMatchObject({ status: 409, json: { code: 'generation_changed' } });
    expect(await api.get(place(one))).toMatchObject({ json: { state: 'pending' } });
    expect(await of(Number(next.json['generation']))).toMatchObject({ json: { state: 'cancelled' } });
    for (const bad of ['x', '', '-1', '1.0', `1&generation=${one.generation}`])
      expect(await of(bad)).toMatchObject({ status: 400, json: { code: 'query_invalid' } });
  });
});

describe('the events', () => {
  test('are the very bytes that consumers got, oldest first, of all generations', async () => {
    const one = await api.track({ label: 'é"\\/\u2028🦊', metadata: { 'a.b': '<&>' } });
    await api.takeMessages();
    expect(await api.get(place(one, '/events'))).toMatchObject({ status: 200, text: '{"value":[]}' });
    await poll(one);
    say(one, 'completed');
    await poll(one);
    await api.post({ resource: one.path, restartAfter: one.generation });
    await stop(one);
    const messages = await api.takeMessages();
    const { text, json } = await api.get(place(one, '/events'));
    expect(text).toBe(`{"value":[${messages.join(',')}]}`);
    expect((json['value'] as { type: string }[]).map(({ type }) => type)).toEqual([
      'opwatch.connectionOperation.running',
      'opwatch.connectionOperation.succeeded',
      'opwatch.connectionOperation.cancelled',
    ]);
  });
});

describe('A-61: a key', () => {
  test.each([
    ['of 25 characters', 'c'.padEnd(25, 'a')],
    ['of 27 characters', 'c'.padEnd(27, 'a')],
    ['in upper case', 'C'.padEnd(26, 'A')],
    ['of no kind', 'a'.repeat(26)],
    ['with a digit that is none', 'c'.padEnd(26, '1')],
    ['that nobody tracks', 'c'.padEnd(26, 'a')],
    ['that goes up', '..'],
    ['that goes up, encoded', '%2e%2e'],
    ['that goes up, half encoded', `${'c'.padEnd(26, 'a')}%2f..`],
    ['with NUL', '%00'],
    ['with NUL after it', `${'c'.padEnd(26, 'a')}%00`],
    ['with a line after it', `${'c'.padEnd(26, 'a')}%0a`],
    ['that filters', "'%20or%20PartitionKey%20ne%20'"],
    ['that is a row', `live!${'c'.padEnd(26, 'a')}`],
    ['that is no UTF-8', '%ff'],
    ['that is no encoding', '%zz'],
    ['of two kilobytes', 'c'.repeat(2048)],
  ])('%s is 404 on each of its routes', async (_what, key) => {
    for (const [method, rest] of [
      ['GET', ''],
      ['GET', '?wait=1'],
      ['DELETE', ''],
      ['POST', '/poll'],
      ['GET', '/events'],
    ] as const) {
      const { status, text, json } = await api.send(method, `/api/operations/${key}${rest}`);
      expect([status, text === '' ? 'not_found' : json['code']]).toEqual([404, 'not_found']);
    }
  });
});
