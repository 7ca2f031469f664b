// Who sends notifications that are none, and what is done with them, row by row of the attack list, over HTTP: the built
// app in the local host, tokens made by the platform and by those who imitate it.
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { forgeries } from '../../../dev/simulator/callbacks/push-tokens.ts';
import { demoBot } from '../../../dev/start/settings.ts';
import { claimsWith, makeKeyPair, makeToken } from '../../fixtures/issuer.ts';
import { tenant } from '../api/harness.ts';
import { clientState, pushOf } from './harness.ts';
import { type Platform, startPlatform, type Told } from './platform.ts';

const graphRoute = '/api/notifications/graph';
const secrets = /secret-recording|media\.example|export\.example|canary|eyJ/;

let platform: Platform;
let told: Told;
beforeAll(async () => {
  platform = await startPlatform();
});
beforeEach(async () => {
  told = platform.begin([[0, 'running']], { announced: false });
  await platform.register(told);
  platform.simulator.control.zero();
});
afterEach(() => {
  platform.simulator.control.clearFaults();
});
afterAll(() => platform.stop());

function end(): readonly unknown[] {
  return [pushOf(told.path, 'completed')];
}

/** Of all that is watched. */
async function keys(): Promise<readonly unknown[]> {
  const { json } = await platform.get('/api/operations?top=100');
  return (json['value'] as readonly { readonly key: string }[]).map(({ key }) => key);
}

/** Nothing was stored, Graph was not asked, no line shows a token, and the next good sender is heard. */
async function expectUntouched(): Promise<void> {
  expect(await platform.historyOf(told)).toEqual([]);
  expect(platform.simulator.control.stats().httpRequests).toBe(0);
  expect(platform.lines.join('\n')).not.toMatch(secrets);
  expect(await platform.push(...end())).toMatchObject({ status: 202 });
  expect(await platform.historyOf(told)).toEqual(['succeeded completed push']);
}

describe('A-65: a token that is not the platform’s', () => {
  const codes = {
    badSignature: 'auth_invalid',
    otherKey: 'auth_invalid',
    unknownKey: 'auth_invalid',
    wrongAudience: 'auth_audience',
    wrongIssuer: 'auth_issuer',
    noTenant: 'auth_tenant',
    foreignTenant: 'auth_tenant',
    expired: 'auth_expired',
    notYet: 'auth_expired',
    noExpiry: 'auth_invalid',
    unsigned: 'auth_invalid',
    hmac: 'auth_invalid',
    garbage: 'auth_invalid',
    none: 'auth_missing',
  } as const;

  test.each(forgeries.map((forgery) => ({ forgery, code: codes[forgery] })))(
    'is refused: $forgery',
    async ({ forgery, code }) => {
      const authorization =
        forgery === 'none'
          ? null
          : `Bearer ${await platform.simulator.control.makeToken({ ...demoBot, forgery })}`;
      const answer = await platform.pushAs(authorization, end());
      expect(answer).toMatchObject({
        status: 401,
        json: { code },
        headers: { 'www-authenticate': 'Bearer' },
      });
      await expectUntouched();
    },
  );

  test('is refused under each of a hundred made-up keys, and the keys are asked for once at most', async () => {
    const { privateKey } = makeKeyPair();
    const claims = claimsWith({
      iss: 'https://graph.microsoft.com',
      aud: demoBot.appId,
      tid: demoBot.tenantId,
    });
    const sent = Array.from({ length: 100 }, () =>
      platform.pushAs(`Bearer ${makeToken(privateKey, { header: { kid: randomUUID() }, claims })}`, end()),
    );
    expect(new Set((await Promise.all(sent)).map(({ status }) => status))).toEqual(new Set([401]));
    expect(platform.simulator.control.stats().keyFetches.keys).toBeLessThanOrEqual(1);
    await expectUntouched();
  });

  test('finds no such route while no bot is named', async () => {
    const other = await startPlatform({ env: { OPWATCH_CALLS_APP_ID: '' } });
    try {
      expect(await other.push({})).toMatchObject({ status: 404, json: { code: 'route_not_found' } });
    } finally {
      await other.stop();
    }
  });
});

test('A-23: a caller’s token is none of the platform’s', async () => {
  const { privateKey } = makeKeyPair();
  const authorization = `Bearer ${makeToken(privateKey, { claims: claimsWith({ tid: tenant }) })}`;
  const answer = await platform.pushAs(authorization, end());
  expect(answer.status).toBe(401);
  expect(['auth_issuer', 'auth_audience', 'auth_invalid']).toContain(answer.json['code']);
  await expectUntouched();
});

describe('A-66: under the platform’s token', () => {
  const call = '/communications/calls/57dab8b1-894c-409a-b240-bd8beae78896';
  const addresses = [
    '../../users',
    `${call}/../../../users/adele`,
    `${call}/operations/..%2f..%2fusers`,
    `https://evil.example${call}/operations/1`,
    `//evil.example${call}/operations/1`,
    'https://graph.microsoft.com:x@evil.example/v1.0/communications/calls',
    '/users/adele@contoso.test/messages/1',
    `${call}/operations/${'x'.repeat(300)}`,
    `${call}/operations/a b`,
    `${call}/operations/<script>`,
  ];

  test.each(addresses)(
    'an address that leads nowhere is ignored and Graph not asked: %j',
    async (resourceUrl) => {
      const before = await keys();
      const item = { changeType: 'deleted', resourceUrl, resourceData: { status: 'completed' } };
      expect(await platform.push(item)).toMatchObject({ status: 202, text: '' });
      expect(await keys()).toEqual(before);
      await expectUntouched();
    },
  );

  test('ten thousand items, or more than 256 KiB, are refused as a whole', async () => {
    const authorization = `Bearer ${await platform.simulator.control.makeToken(demoBot)}`;
    for (const items of [Array(10_000).fill(0), Array(20).fill('y'.repeat(14_000))])
      expect(await platform.pushAs(authorization, [...items, ...end()])).toMatchObject({
        status: 413,
        json: { code: 'body_too_large' },
      });
    await expectUntouched();
  });

  test.each([
    ['no JSON', '{"value":[', 'body_invalid_json'],
    ['no collection', '{}', 'body_invalid'],
    ['a name twice', '{"value":[],"value":[]}', 'body_duplicate_key'],
    ['a depth of 33', `{"value":${'['.repeat(33)}${']'.repeat(33)}}`, 'body_too_deep'],
    ['a prototype', '{"value":[],"__proto__":{"isAdmin":true}}', 'property_not_allowed'],
  ])('a body with %s is refused', async (_what, body, code) => {
    const authorization = `Bearer ${await platform.simulator.control.makeToken(demoBot)}`;
    const answer = await platform.pushAs(authorization, body);
    expect([answer.status, answer.json['code']]).toEqual([400, code]);
    await expectUntouched();
  });
});

describe('A-67: a change notification', () => {
  const item = () => ({ subscriptionId: 's', changeType: 'updated', resource: told.path, clientState });

  test.each([
    { what: 'another secret', change: { clientState: 'x' } },
    { what: 'no secret', change: { clientState: undefined } },
  ])('with $what is answered as one with the right one, and ignored', async ({ change }) => {
    const body = { value: [{ ...item(), ...change }] };
    expect(await platform.send('POST', graphRoute, { body })).toMatchObject({ status: 202, text: '' });
    await expectUntouched();
  });

  test('from a foreign publisher is ignored', async () => {
    const body = { value: [item()], validationTokens: ['x.y.z'] };
    expect(await platform.send('POST', graphRoute, { body })).toMatchObject({ status: 202 });
    await expectUntouched();
  });

  test.each(['missed', 'reauthorizationRequired', 'subscriptionRemoved'])(
    'F-76: of the life cycle is counted, and a hint to read what it names: %s',
    async (lifecycleEvent) => {
      const body = { value: [{ ...item(), lifecycleEvent }] };
      expect(await platform.send('POST', graphRoute, { body })).toMatchObject({ status: 202 });
      await expect
        .poll(() => platform.historyOf(told), { timeout: 10_000 })
        .toEqual(['running running poll']);
      expect(platform.lines.join('\n')).toContain(`"lifecycle":["${lifecycleEvent}"]`);
    },
  );
});

describe('A-68: a validation token', () => {
  const validate = (token: string) =>
    platform.send('POST', `${graphRoute}?validationToken=${encodeURIComponent(token)}`);

  test('is given back as text that no browser makes anything of', async () => {
    const token = 'Validation: Testing client application reachability ü+&';
    const answer = await validate(token);
    expect(answer).toMatchObject({
      status: 200,
      text: token,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    });
    expect(await platform.historyOf(told)).toEqual([]);
  });

  test.each(['<script>alert(1)</script>', 'a\r\nset-cookie: x'])(
    'is refused when it could do harm: %j',
    async (token) => {
      const answer = await validate(token);
      expect(answer).toMatchObject({ status: 400, json: { code: 'validation_token_invalid' } });
      expect(answer.text).not.toContain(token);
    },
  );

  test('is not for GET', async () => {
    const answer = await platform.send('GET', `${graphRoute}?validationToken=x`);
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  });
});

test('A-69: what only the bot may know is nowhere, whoever tells it', async () => {
  const properties = {
    '@odata.type': '#microsoft.graph.recordOperation',
    exportUrl: 'https://export.example.test/recording?sig=canary',
    accessToken: 'canary-token',
  };
  const recording = platform.begin([[0, 'completed']], { properties });
  await platform.settle();
  await platform.register(recording);
  const answers = [
    await platform.get(`/api/operations/${recording.key}`),
    await platform.get(`/api/operations/${recording.key}/events`),
    await platform.get('/api/operations?top=100'),
  ];
  const sent = platform.simulator.control.pushes().map(({ status }) => status);
  expect(sent).toContain(202);
  const places = {
    answers: answers.map(({ text }) => text).join('\n'),
    queue: (await platform.takeMessages()).join('\n'),
    rows: await platform.rows(),
    lines: platform.lines.join('\n'),
  };
  for (const name of ['answers', 'queue', 'rows'] as const) expect(places[name]).toContain(recording.key);
  for (const text of Object.values(places)) expect(text).not.toMatch(secrets);
});
