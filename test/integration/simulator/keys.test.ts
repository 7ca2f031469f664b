// The platform's keys: where they are found, how they change, and tokens to order.
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, test } from 'vitest';
import { useSimulator } from './harness.ts';
import { documentPath, keysPath } from './key-cases.ts';
import { aPrompt, aSubscriber } from './push-scene.ts';
import { appId, tenantId, useReceivers } from './receiver.ts';

const bench = useSimulator();
const aReceiver = useReceivers(bench);
const kids = async (): Promise<readonly string[]> => {
  const { json } = await bench.send(keysPath);
  return (json as { readonly keys: readonly { readonly kid: string }[] }).keys.map(({ kid }) => kid);
};
const post = (path: string, body: unknown) => bench.send(`/_control${path}`, { method: 'POST', body });

describe('the metadata', () => {
  test.each([documentPath, '/v1/.well-known/openidconfiguration'])(
    'at %s says where the keys are',
    async (path) => {
      const { json } = await bench.send(path);
      expect(json).toEqual({
        issuer: 'https://api.botframework.com',
        authorization_endpoint: 'https://invalid.botframework.com',
        jwks_uri: `${bench.simulator.url}${keysPath}`,
        id_token_signing_alg_values_supported: ['RS256'],
        token_endpoint_auth_methods_supported: ['private_key_jwt'],
      });
    },
  );

  test('holds public parts only, needs no token, and is only read', async () => {
    bench.simulator.control.requireToken('secret');
    const read = await bench.send(keysPath);
    expect(read.json).toEqual({
      keys: [{ kty: 'RSA', use: 'sig', kid: expect.any(String), n: expect.any(String), e: 'AQAB' }],
    });
    expect((await bench.send(keysPath, { method: 'POST', body: {} })).status).toBe(405);
  });

  test('counts who asks for it', async () => {
    await bench.send(documentPath);
    await kids();
    await kids();
    const { stats, zero } = bench.simulator.control;
    const before = stats().keyFetches;
    zero();
    expect([before, stats().keyFetches]).toEqual([
      { document: 1, keys: 2 },
      { document: 0, keys: 0 },
    ]);
  });
});

describe('a rotation', () => {
  test('signs with a new key and publishes the old one for a while', async () => {
    const [old] = await kids();
    const { kid } = (await post('/keys/rotate', { keepMs: 60_000 })).json as { kid: string };
    const both = await kids();
    bench.advance(60_000);
    expect(old).not.toBe(kid);
    expect([both, await kids()]).toEqual([[kid, old], [kid]]);
  });

  test('can drop the old key at once, and a receiver that looks again accepts what follows', async () => {
    const receiver = await aSubscriber(bench, aReceiver);
    aPrompt(bench);
    await bench.simulator.control.settlePushes();
    const { kid } = await bench.simulator.control.rotateKeys({ keepMs: 0 });
    bench.advance(1000);
    await bench.simulator.control.settlePushes();
    expect(await kids()).toEqual([kid]);
    expect(receiver.heard()).toEqual(['created notStarted', 'updated running']);
    const used = receiver.received.map(({ headers }) =>
      decodeProtectedHeader((headers.authorization ?? '').slice(7)),
    );
    expect([used[0]?.kid === kid, used[1]]).toEqual([false, { alg: 'RS256', typ: 'JWT', kid }]);
  });

  test('is refused with a wrong time', async () => {
    expect((await post('/keys/rotate', { keepMs: -1 })).status).toBe(400);
  });
});

describe('tokens', () => {
  test('are signed rarely, and anew before they end', async () => {
    const receiver = await aSubscriber(bench, aReceiver);
    aPrompt(bench);
    const tokens: (string | undefined)[] = [];
    for (const waitMs of [0, 1000, 3_298_000, 1000]) {
      bench.advance(waitMs);
      bench.simulator.control.addOperation({ kind: 'commsOperation' });
      await bench.simulator.control.settlePushes();
      tokens.push(receiver.received.at(-1)?.headers.authorization);
    }
    expect(tokens.map((token) => token === tokens[0])).toEqual([true, true, true, false]);
    expect(receiver.received.every(({ claims }) => claims !== null)).toBe(true);
  });

  test('can be had for whatever a test wants to send', async () => {
    const answer = await post('/keys/token', { appId, tenantId, claims: { aud: [appId, 'other'] } });
    const { token } = answer.json as { token: string };
    expect(decodeJwt(token)).toMatchObject({ aud: [appId, 'other'], tid: tenantId });
    const forged = await bench.simulator.control.makeToken({ appId, forgery: 'noExpiry' });
    expect(decodeJwt(forged)).not.toHaveProperty('exp');
    expect((await post('/keys/token', { appId, forgery: 'none' })).status).toBe(400);
  });
});
