// Callers with tokens over HTTP: which role each route asks for, and what health says to whom while storage comes and
// goes.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { azurite } from '../../fixtures/azurite.ts';
import { audience, claimsWith, type Issuer, makeToken, startIssuer } from '../../fixtures/issuer.ts';
import { type StorageProxy, startStorageProxy } from '../../fixtures/storage-proxy.ts';
import { type Api, startApi, tenant } from './harness.ts';
import { askUntilLimited } from './limits.ts';

let issuer: Issuer;
let storage: StorageProxy;
let api: Api;
let tokens = 0;

/** A fresh token each time. */
function bearer(roles: readonly string[], claims: Readonly<Record<string, unknown>> = {}): string {
  tokens += 1;
  const { privateKey } = issuer.keyOf('first');
  const own = { tid: tenant, jti: String(tokens), roles, ...claims };
  return `Bearer ${makeToken(privateKey, { claims: claimsWith(own) })}`;
}

beforeAll(async () => {
  issuer = await startIssuer();
  issuer.addKey('first');
  storage = await startStorageProxy(azurite());
  api = await startApi({
    storage: storage.connectionString,
    headers: { authorization: bearer(['Operations.Read', 'Operations.Write']) },
    env: {
      OPWATCH_CALLER_AUTH: 'entra',
      OPWATCH_AUTH_TENANT_ID: tenant,
      OPWATCH_AUTH_AUDIENCE: audience,
      OPWATCH_AUTH_JWKS_URL: issuer.url,
    },
  });
});
afterAll(async () => {
  await api.stop();
  await storage.stop();
  await issuer.stop();
});
beforeEach(() => {
  storage.mode = 'pass';
});

const operation = `/api/operations/${'c'.padEnd(26, 'a')}`;

/** How many requests storage has seen; the host looks into the queue of sweeps whenever it likes. */
function ofTheApp({ seen }: StorageProxy): number {
  return seen().filter((what) => what !== 'queue GET').length;
}

describe('a caller', () => {
  test.each([
    ['GET', '/api/operations', 'Operations.Read', 200],
    ['POST', '/api/operations', 'Operations.Write', 415],
    ['PUT', '/api/operations', 'Operations.Write', 405],
    ['GET', operation, 'Operations.Read', 404],
    ['GET', `${operation}?wait=60`, 'Operations.Read', 404],
    ['DELETE', operation, 'Operations.Write', 404],
    ['POST', `${operation}/poll`, 'Operations.Write', 404],
    ['GET', `${operation}/events`, 'Operations.Read', 404],
  ])('of %s %s needs the role %s and no other', async (method, path, role, status) => {
    const roles = [
      'Operations.Read',
      'Operations.Write',
      'Graph.Read',
      'Graph.Patch',
      'Graph.Patch.Configuration',
    ];
    const as = (authorization: string) => api.sendBare(method, path, { headers: { authorization } });
    expect(await as(bearer([role]))).toMatchObject({ status });
    const refused = await as(bearer(roles.filter((one) => one !== role)));
    expect(refused).toMatchObject({ status: 403, json: { code: 'auth_role' } });
    expect(await api.sendBare(method, path, { headers: { 'x-functions-key': 'any' } })).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
      json: { code: 'auth_missing' },
    });
    expect(await as(bearer([role], { aud: 'https://graph.microsoft.com' }))).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
      json: { code: 'auth_audience' },
    });
  });

  test('does not escape its rate by another token', async () => {
    const poll = (claims: Readonly<Record<string, unknown>>) =>
      api.sendBare('POST', `${operation}/poll`, {
        headers: { authorization: bearer(['Operations.Write'], claims) },
      });
    const answers = await askUntilLimited(() => poll({}));
    expect(answers.at(-1)).toMatchObject({ status: 429, json: { code: 'rate_limited' } });
    const other = { azp: 'aaaaaaaa-0000-4000-8000-000000000002' };
    expect(await poll(other)).toMatchObject({ status: 404 });
  });
});

describe('health', () => {
  const strangers: readonly (readonly [who: string, authorization: () => string | null])[] = [
    ['nobody', () => null],
    ['a caller without the role', () => bearer(['Operations.Write', 'Graph.Read'])],
    ['a caller whose token has expired', () => bearer(['Operations.Read'], { exp: 1_000_000_000 })],
    ['a caller of another app', () => bearer(['Operations.Read'], { aud: 'api://other' })],
    ['a caller with a password', () => 'Basic YTpi'],
    ['a caller with nonsense', () => 'Bearer x.y.z'],
  ];

  test.each(strangers)('says to %s only whether it passes', async (_who, authorization) => {
    const value = authorization();
    const headers: Record<string, string> = value === null ? {} : { authorization: value };
    for (const [mode, status, word] of [
      ['pass', 200, 'pass'],
      ['busy', 503, 'fail'],
    ] as const) {
      storage.mode = mode;
      const ready = await api.sendBare('GET', '/api/health/ready', { headers });
      expect([ready.status, ready.json]).toEqual([status, { status: word }]);
      expect(ready.headers['retry-after']).toBe(mode === 'pass' ? undefined : '1');
      const before = ofTheApp(storage);
      const live = await api.sendBare('GET', '/api/health/live', { headers });
      expect([live.status, live.json, ofTheApp(storage)]).toEqual([200, { status: 'pass' }, before]);
    }
  });

  test('says to a caller who may read when each shard was swept, who is throttled and how ends were seen', async () => {
    const shards = ['connectionOperation-00', 'commsOperation-00', 'onenoteOperation-00'];
    const before = await api.get('/api/health/ready');
    expect(before).toMatchObject({
      status: 200,
      json: { status: 'pass', details: { storage: { code: null, durationMs: expect.any(Number) } } },
    });
    const names = (before.json['details'] as { shards: { shard: string }[] }).shards.map(
      ({ shard }) => shard,
    );
    expect(names).toEqual(shards);
    const { key } = await api.track();
    api.simulator.control.addFault({ fault: 'throttle', retryAfter: 60, times: 1 });
    const caller = bearer(['Operations.Write'], { azp: 'aaaaaaaa-0000-4000-8000-000000000003' });
    const polled = await api.sendBare('POST', `/api/operations/${key}/poll`, {
      headers: { authorization: caller },
    });
    expect(polled).toMatchObject({ status: 429, json: { code: 'graph_throttled' } });
    await api.runFunction('pollConnectionOperations');
    const { json } = await api.get('/api/health/ready');
    expect(json['details']).toMatchObject({
      shards: [
        { shard: shards[0], pauses: [{ tenantId: tenant, code: 'http_429', until: expect.any(String) }] },
        {
          shard: shards[1],
          sweptAt: null,
          pauses: [],
          ends: { byPush: 0, byPoll: 0, byBoth: 0, pushLateSeconds: null },
        },
        { shard: shards[2], sweptAt: null, pauses: [] },
      ],
    });
  });

  test('says to a caller who may read why it fails, and that it passes again', async () => {
    storage.mode = 'busy';
    expect(await api.get('/api/health/ready')).toMatchObject({
      status: 503,
      json: { status: 'fail', details: { storage: { code: 'storage_busy' }, shards: [] } },
    });
    storage.mode = 'pass';
    expect(await api.get('/api/health/ready')).toMatchObject({ status: 200, json: { status: 'pass' } });
  });
});

describe('while storage gives no clear answer', () => {
  test.each(['busy', 'reset', '500'] as const)(
    '(%s) every route that needs it is 503 within five seconds',
    async (mode) => {
      const { key, path } = await api.track();
      storage.mode = mode;
      const startedMs = performance.now();
      const answers = await Promise.all([
        api.post({ resource: api.addOperation() }),
        api.post({ resource: path, restartAfter: 1 }),
        api.get('/api/operations'),
        api.get(`/api/operations/${key}`),
        api.get(`/api/operations/${key}/events`),
        api.send('DELETE', `/api/operations/${key}`),
        api.send('POST', `/api/operations/${key}/poll`),
      ]);
      for (const [index, answer] of answers.entries())
        expect([index, answer]).toMatchObject([
          index,
          { status: 503, headers: { 'retry-after': '1' }, json: { code: 'storage_busy' } },
        ]);
      expect(performance.now() - startedMs).toBeLessThan(5000);
      const many = await api.post({ operations: [{ resource: api.addOperation() }] });
      expect(many).toMatchObject({
        status: 200,
        json: { results: [{ status: 503, error: { code: 'storage_busy' } }] },
      });
      storage.mode = 'pass';
      expect(await api.get(`/api/operations/${key}`)).toMatchObject({ status: 200 });
    },
  );
});
