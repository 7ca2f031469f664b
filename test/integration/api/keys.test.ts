// Function keys, as the host checks them: before the app, the same on every spelling of a route, and never to be seen.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, startApi } from './harness.ts';
import { functionKey } from './refusals.ts';

const operation = `/api/operations/${'c'.padEnd(26, 'a')}`;
const right = { 'x-functions-key': functionKey };
const wrong = { 'x-functions-key': `${functionKey}x` };

let api: Api;
beforeAll(async () => {
  api = await startApi({ args: ['--auth'], headers: right });
});
afterAll(() => api.stop());

const guarded: readonly (readonly [method: string, path: string, status: number])[] = [
  ['GET', '/api/operations', 200],
  ['GET', '/api/operations?state=running', 200],
  ['POST', '/api/operations', 415],
  ['PUT', '/api/operations', 405],
  ['GET', operation, 404],
  ['GET', `${operation}?wait=1`, 404],
  ['DELETE', operation, 404],
  ['PATCH', operation, 405],
  ['POST', `${operation}/poll`, 404],
  ['GET', `${operation}/poll`, 405],
  ['GET', `${operation}/events`, 404],
  ['POST', `${operation}/events`, 405],
  ['GET', '/api/graph/v1.0/external/connections/a', 400],
  ['PATCH', '/api/graph/v1.0/external/connections/a', 400],
  ['DELETE', '/api/graph/v1.0/external/connections/a', 405],
];

describe('A-76: with and without a key', () => {
  test.each(guarded)('%s %s is the same on every spelling', async (method, path, status) => {
    const [pathname = '', query] = path.split('?');
    const search = query === undefined ? '' : `?${query}`;
    // The proxy takes Graph's own paths, and they end without a slash.
    const slashed = path.includes('/graph/') ? [] : [`${pathname}/${search}`];
    const spellings = [path, ...slashed, `${pathname.replace('/api/', '/API/')}${search}`];
    for (const spelled of spellings) {
      for (const headers of [
        {},
        wrong,
        { 'x-functions-key': '' },
        { authorization: `Bearer ${functionKey}` },
      ]) {
        const answer = await api.sendBare(method, spelled, { headers });
        expect([spelled, answer.status, answer.text]).toEqual([spelled, 401, '']);
      }
      expect([spelled, await api.send(method, spelled)]).toMatchObject([spelled, { status }]);
    }
  });

  test.each(['HEAD', 'OPTIONS'])('%s is guarded too', async (method) => {
    for (const path of new Set(guarded.map(([, one]) => one.split('?')[0] ?? ''))) {
      expect([path, await api.sendBare(method, path)]).toMatchObject([path, { status: 401, text: '' }]);
      expect([path, await api.send(method, path)]).toMatchObject([path, { status: 405 }]);
    }
  });

  test.each([
    ['/api/health/live', { status: 'pass' }],
    ['/api/health/ready', { status: 'pass' }],
    ['/api/openapi.json', { openapi: '3.1.1', info: { title: 'Opwatch' } }],
  ])('%s needs none', async (path, body) => {
    for (const headers of [{}, wrong, right]) {
      const { status, json } = await api.sendBare('GET', path, { headers });
      expect(status).toBe(200);
      expect(json).toMatchObject(body);
      // Where no key is needed none is checked, so that not even the right one shows more.
      expect(json).not.toHaveProperty('details');
    }
  });

  test('the routes of the host itself are guarded', async () => {
    for (const path of ['/admin/host/status', '/admin/functions', '/ADMIN/functions/'])
      expect([path, await api.sendBare('GET', path, { headers: wrong })]).toMatchObject([
        path,
        { status: 401, text: '' },
      ]);
    const run = await api.sendBare('POST', '/admin/functions/cleanUp', { body: { input: '' } });
    expect(run).toMatchObject({ status: 401, text: '' });
    expect(await api.runFunction('cleanUp')).toBe(202);
  });
});

describe('a key', () => {
  const withCode = (...codes: readonly string[]): string =>
    `/api/operations?${codes.map((code) => `code=${encodeURIComponent(code)}`).join('&')}`;

  test('in the query opens too, and is no parameter of the route', async () => {
    expect(await api.sendBare('GET', withCode(functionKey))).toMatchObject({ status: 200 });
    const created = await api.sendBare('POST', withCode(functionKey), {
      body: { resource: api.addOperation() },
    });
    expect(created).toMatchObject({
      status: 201,
      headers: { location: expect.stringMatching(/^\/api\/operations\/[a-z2-7]{26}$/) },
    });
    expect(await api.sendBare('GET', `${operation}?code=${functionKey}&wait=0`)).toMatchObject({
      status: 404,
    });
  });

  test('in the header wins over one in the query', async () => {
    expect(await api.sendBare('GET', withCode(functionKey), { headers: wrong })).toMatchObject({
      status: 401,
    });
    expect(await api.sendBare('GET', withCode('wrong'), { headers: right })).toMatchObject({ status: 200 });
  });

  test('counts by its first value only', async () => {
    expect(await api.sendBare('GET', withCode('wrong', functionKey))).toMatchObject({ status: 401 });
  });

  test('stands in no link and in no line', async () => {
    for (let count = 0; count < 2; count += 1) await api.track();
    const { json } = await api.sendBare('GET', `${withCode(functionKey)}&top=1`);
    expect(json['nextLink']).toMatch(/^\/api\/operations\?top=1&continuation=/);
    await api.sendBare('GET', `${withCode(functionKey)}&surprise=1`);
    expect(api.lines.length).toBeGreaterThan(10);
    expect(api.lines.filter((line) => line.includes('canary'))).toEqual([]);
  });
});

test('A-24: what claims to be the platform opens nothing and breaks nothing', async () => {
  const principal = Buffer.from(
    JSON.stringify({ auth_typ: 'aad', claims: [{ typ: 'roles', val: 'admin' }] }),
  );
  for (const value of [
    principal.toString('base64'),
    'not base64 {',
    '',
    Buffer.from('{').toString('base64'),
  ]) {
    const headers = {
      'x-ms-client-principal': value,
      'x-ms-client-principal-id': 'admin',
      'x-arr-log-id': 'x',
    };
    expect(await api.sendBare('GET', '/api/operations', { headers })).toMatchObject({ status: 401 });
    expect(await api.send('GET', '/api/operations', { headers })).toMatchObject({ status: 200 });
  }
});
