// Who may send call notifications, and in what form: the attack list, rows, and F-73.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { audience, claimsWith, issuerName, makeKeyPair, makeToken } from '../../fixtures/issuer.ts';
import type { ProxyMode } from '../../fixtures/storage-proxy.ts';
import { bot, platform, pushOf, type Receiving, startReceiving } from './harness.ts';

let receiving: Receiving;
let path: string;
let key: string;
beforeAll(async () => {
  receiving = await startReceiving();
});
beforeEach(async () => {
  const [operation] = await receiving.begin(1, 'commsOperation');
  path = operation?.path ?? '';
  key = operation?.key ?? '';
});
afterEach(() => {
  receiving.storage.mode = 'pass';
});
afterAll(() => receiving.stop());

function bodyOf(...items: readonly unknown[]): string {
  return JSON.stringify({ value: items });
}

/** Nothing was stored, and the next good sender is served. */
async function expectUntouched(): Promise<void> {
  expect(await receiving.app.flows.find(key)).toMatchObject({ state: 'pending', sequence: 0 });
  expect((await receiving.push(pushOf(path, 'completed'))).status).toBe(202);
  expect(receiving.logged.map((line) => JSON.stringify(line)).join('\n')).not.toMatch(/eyJ|canary/);
}

describe('A-65: a sender', () => {
  test.each<{ what: string; authorization: () => string | null; code: string }>([
    { what: 'without a token', authorization: () => null, code: 'auth_missing' },
    { what: 'with another scheme', authorization: () => 'Basic eDp5', code: 'auth_scheme' },
    { what: 'with garbage', authorization: () => 'Bearer x.y.z', code: 'auth_invalid' },
    { what: 'of another app', authorization: () => bearer({ aud: audience }), code: 'auth_audience' },
    {
      what: 'for several apps',
      authorization: () => bearer({ aud: [bot, audience] }),
      code: 'auth_audience',
    },
    { what: 'of another issuer', authorization: () => bearer({ iss: issuerName }), code: 'auth_issuer' },
    { what: 'without a tenant', authorization: () => bearer({ tid: undefined }), code: 'auth_tenant' },
    { what: 'of a foreign tenant', authorization: () => bearer({ tid: bot }), code: 'auth_tenant' },
    { what: 'that has expired', authorization: () => bearer({ exp: seconds(-301) }), code: 'auth_expired' },
    { what: 'without expiry', authorization: () => bearer({ exp: undefined }), code: 'auth_invalid' },
    {
      what: 'that is not valid yet',
      authorization: () => bearer({ nbf: seconds(301) }),
      code: 'auth_expired',
    },
    {
      what: 'with keys of its own',
      authorization: () =>
        `Bearer ${makeToken(makeKeyPair().privateKey, { claims: claimsWith({ iss: platform, aud: bot }) })}`,
      code: 'auth_invalid',
    },
    {
      what: 'with an unsigned token',
      authorization: () =>
        `Bearer ${makeToken(makeKeyPair().privateKey, {
          header: { alg: 'none' },
          claims: claimsWith({ iss: platform, aud: bot }),
          signature: () => Buffer.alloc(0),
        })}`,
      code: 'auth_invalid',
    },
  ])('$what is refused', async ({ authorization, code }) => {
    const value = authorization();
    const headers: Record<string, string> = value === null ? {} : { authorization: value };
    const answer = await receiving.send('calls', { body: bodyOf(pushOf(path, 'completed')), headers });
    expect(answer).toMatchObject({ status: 401, code, headers: { 'www-authenticate': 'Bearer' } });
    await expectUntouched();
  });

  test.each([
    { what: 'with either issuer', changes: { iss: 'https://graph.microsoft.com' } },
    { what: 'whose clock is five minutes off', changes: { nbf: seconds(290), exp: seconds(3600) } },
    { what: 'that does not say when its token was issued', changes: { iat: undefined } },
  ])('$what is heard', async ({ changes }) => {
    const headers = { authorization: bearer(changes) };
    expect(await receiving.send('calls', { body: bodyOf(pushOf(path, 'completed')), headers })).toMatchObject(
      {
        status: 202,
      },
    );
    expect((await receiving.app.flows.find(key))?.state).toBe('succeeded');
  });

  test('whose keys can not be had is asked to come again', async () => {
    const other = await startReceiving();
    other.issuer.mode = '500';
    try {
      const answer = await other.push(pushOf(path, 'completed'));
      expect(answer).toMatchObject({ status: 503, code: 'auth_unavailable' });
      expect(answer.headers).toHaveProperty('retry-after');
    } finally {
      await other.stop();
    }
  });

  test('finds no such route while no app id is set', async () => {
    const other = await startReceiving({ OPWATCH_CALLS_APP_ID: '' });
    try {
      expect(await other.push(pushOf(path, 'completed'))).toMatchObject({
        status: 404,
        code: 'route_not_found',
      });
    } finally {
      await other.stop();
    }
  });

  function bearer(changes: Readonly<Record<string, unknown>>): string {
    return `Bearer ${receiving.tokenOf(changes)}`;
  }

  function seconds(fromNow: number): number {
    return Math.floor(Date.now() / 1000) + fromNow;
  }
});

describe('A-66: a body', () => {
  test.each<{ what: string; body: string; status: number; code: string }>([
    { what: 'that is empty', body: ' ', status: 400, code: 'body_empty' },
    { what: 'that is no JSON', body: '{"value":[', status: 400, code: 'body_invalid_json' },
    { what: 'that is a list', body: '[]', status: 400, code: 'body_invalid' },
    { what: 'without items', body: '{}', status: 400, code: 'body_invalid' },
    {
      what: 'with duplicate names',
      body: '{"value":[],"value":[]}',
      status: 400,
      code: 'body_duplicate_key',
    },
    {
      what: 'that is nested too deeply',
      body: `{"value":${'['.repeat(33)}${']'.repeat(33)}}`,
      status: 400,
      code: 'body_too_deep',
    },
    {
      what: 'of too many items',
      body: bodyOf(...Array.from({ length: 1001 }, () => 0)),
      status: 413,
      code: 'body_too_large',
    },
    {
      what: 'of more than 256 KiB',
      body: bodyOf('x'.repeat(16_000), ...Array.from({ length: 20 }, () => 'y'.repeat(13_000))),
      status: 413,
      code: 'body_too_large',
    },
  ])('$what is refused as a whole', async ({ body, status, code }) => {
    const headers = { authorization: `Bearer ${receiving.tokenOf()}` };
    expect(await receiving.send('calls', { body, headers })).toMatchObject({ status, code });
    await expectUntouched();
  });

  test('of another media type is refused', async () => {
    const headers = { authorization: `Bearer ${receiving.tokenOf()}`, 'content-type': 'text/plain' };
    expect(await receiving.send('calls', { body: '{"value":[]}', headers })).toMatchObject({ status: 415 });
  });

  test('of forty operations is taken as a whole, by shared transactions', async () => {
    const operations = await receiving.begin(40, 'commsOperation');
    const counts = await receiving.counted(async () => {
      const answer = await receiving.push(...operations.map((one) => pushOf(one.path, 'completed')));
      expect(answer.status).toBe(202);
    });
    // 40 rows read, and the memory a few times; commits, clears and the memory are fewer than one in three.
    expect(counts['table GET']).toBeLessThanOrEqual(52);
    expect(counts['table POST']).toBeLessThanOrEqual(13);
    const ended = await Promise.all(operations.map((one) => receiving.app.flows.find(one.key)));
    expect(new Set(ended.map((one) => one?.state))).toEqual(new Set(['succeeded']));
  });
});

describe('F-73: while storage', () => {
  test.each<{ mode: ProxyMode }>([{ mode: 'busy' }, { mode: 'hang' }])(
    'answers by $mode, nothing is acknowledged, within three seconds',
    async ({ mode }) => {
      receiving.storage.mode = mode;
      const startedMs = performance.now();
      expect(await receiving.push(pushOf(path, 'completed'))).toMatchObject({
        status: 503,
        code: 'storage_busy',
      });
      expect(performance.now() - startedMs).toBeLessThan(3000);
      receiving.storage.mode = 'pass';
      expect((await receiving.push(pushOf(path, 'completed'))).status).toBe(202);
      expect(await receiving.app.flows.find(key)).toMatchObject({ state: 'succeeded', sequence: 1 });
    },
  );

  test('refuses only the queue, the notification is taken and published later', async () => {
    receiving.storage.mode = (what) => (what === 'queue POST' ? 'busy' : 'pass');
    expect((await receiving.push(pushOf(path, 'completed'))).status).toBe(202);
    receiving.storage.mode = 'pass';
    expect((await receiving.takeEvents()).map(({ data }) => data.key)).not.toContain(key);
    receiving.advance(16_000);
    await receiving.sweep('commsOperation');
    expect((await receiving.takeEvents()).map(({ data }) => data.key)).toContain(key);
  });

  test('never answers the queue, the sender is answered all the same', async () => {
    receiving.storage.mode = (what) => (what === 'queue POST' ? 'hang' : 'pass');
    const startedMs = performance.now();
    expect((await receiving.push(pushOf(path, 'completed'))).status).toBe(202);
    expect(performance.now() - startedMs).toBeLessThan(3000);
  });
});
