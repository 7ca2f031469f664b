// The attack list of callers' tokens: schemes, signatures and headers, on the routes of the proxy.
import { constants, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Claims, claimsWith, makeKeyPair, makeToken, type Parts } from '../../fixtures/issuer.ts';
import { connection, type Entra, startEntra } from './entra.ts';

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra();
});
afterAll(() => entra.stop());
beforeEach(() => entra.reset());

describe('A-01: a caller without a bearer token', () => {
  test.each([
    ['no header', {}, 'auth_missing'],
    ['an empty header', { authorization: '' }, 'auth_missing'],
    ['a password', { authorization: 'Basic YTpi' }, 'auth_scheme'],
    ['another scheme', { authorization: 'Negotiate x' }, 'auth_scheme'],
    ['a scheme alone', { authorization: 'Bearer' }, 'auth_invalid'],
    ['a key in place of a token', { authorization: 'Bearer secret' }, 'auth_invalid'],
    ['A-24 a forged principal', { 'x-ms-client-principal': 'eyJyb2xlcyI6W119' }, 'auth_missing'],
    ['A-24 a malformed principal', { 'x-ms-client-principal': '{{{' }, 'auth_missing'],
  ])('is refused with %s', async (_what, headers, code) => {
    await entra.expectRefused(await entra.proxy.get(connection, { headers }), 401, code);
    entra.proxy.simulator.control.zero();
    await entra.expectRefused(
      await entra.proxy.patch(connection, { headers, body: { name: 'x' } }),
      401,
      code,
    );
  });

  test('is told so before anything else about the request', async () => {
    await entra.expectRefused(await entra.proxy.send('DELETE', 'v2/nowhere?x=1'), 401, 'auth_missing');
  });
});

describe('A-04: a signature', () => {
  const pemOf = (): string =>
    entra.issuer.keyOf('first').publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const forged: readonly (readonly [what: string, parts: () => Parts])[] = [
    ['none', () => ({ header: { alg: 'none' }, signature: () => Buffer.alloc(0) })],
    ['none in mixed case', () => ({ header: { alg: 'nOnE' }, signature: () => Buffer.from('x') })],
    ['an empty one', () => ({ signature: () => Buffer.alloc(0) })],
    [
      'one that is cut',
      () => ({
        signature: (data) => sign('sha256', data, entra.issuer.keyOf('first').privateKey).subarray(1),
      }),
    ],
    [
      'HS256 with the public key',
      () => ({
        header: { alg: 'HS256' },
        signature: (data) => createHmac('sha256', pemOf()).update(data).digest(),
      }),
    ],
    [
      'HS256 with the modulus',
      () => ({
        header: { alg: 'HS256' },
        signature: (data) =>
          createHmac('sha256', String(entra.issuer.keyOf('first').publicKey.export({ format: 'jwk' }).n))
            .update(data)
            .digest(),
      }),
    ],
    [
      'PS256 with the right key',
      () => ({
        header: { alg: 'PS256' },
        signature: (data) =>
          sign('sha256', data, {
            key: entra.issuer.keyOf('first').privateKey,
            padding: constants.RSA_PKCS1_PSS_PADDING,
          }),
      }),
    ],
    [
      'RS512 with the right key',
      () => ({
        header: { alg: 'RS512' },
        signature: (data) => sign('sha512', data, entra.issuer.keyOf('first').privateKey),
      }),
    ],
    [
      'ES256',
      () => ({
        header: { alg: 'ES256' },
        signature: (data) =>
          sign('sha256', data, {
            key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
            dsaEncoding: 'ieee-p1363',
          }),
      }),
    ],
    [
      'another key under the same name',
      () => ({ signature: (data) => sign('sha256', data, makeKeyPair().privateKey) }),
    ],
    ['no algorithm', () => ({ header: { alg: undefined } })],
  ];
  test.each(forged)('is refused: %s', async (_what, parts) => {
    await entra.expectRefused(await entra.readAs(`Bearer ${entra.tokenWith(parts())}`), 401, 'auth_invalid');
  });

  test.each<[string, () => string]>([
    [
      'duplicate claims',
      () => entra.tokenWith({ claims: JSON.stringify(claimsWith()).replace('{', '{"tid":"x",') }),
    ],
    ['claims that are a list', () => entra.tokenWith({ claims: '[]' })],
    ['claims that are no JSON', () => entra.tokenWith({ claims: 'x' })],
    [
      'claims that reach a prototype',
      () => entra.tokenWith({ claims: JSON.stringify(claimsWith()).replace('{', '{"__proto__":{},') }),
    ],
    [
      '100 KB',
      () => entra.tokenOf({ much: Array.from({ length: 900 }, (_, index) => `${index}`.padStart(100)) }),
    ],
    ['two tokens', () => `${entra.tokenWith()}, Bearer ${entra.tokenWith()}`],
    ['two spaces', () => ` ${entra.tokenWith()}`],
    ['a fourth part', () => `${entra.tokenWith()}.x`],
    ['an encrypted form', () => `${entra.tokenWith()}.x.y`],
  ])('of a token with %s counts for nothing', async (_what, token) => {
    await entra.expectRefused(await entra.readAs(`Bearer ${token()}`), 401, 'auth_invalid');
  });
});

describe('A-08: a header that brings or names a key', () => {
  test.each(['jwk', 'jku', 'x5u', 'x5c', 'crit'])('is refused with %s in it', async (name) => {
    const fetches = entra.issuer.fetches();
    const foreign = makeKeyPair();
    const values: Claims = {
      jwk: foreign.publicKey.export({ format: 'jwk' }),
      jku: `${entra.issuer.url}?foreign`,
      x5u: `${entra.issuer.url}?foreign`,
      x5c: ['MIIB'],
      crit: ['exp'],
    };
    const parts = { header: { [name]: values[name] } };
    await entra.expectRefused(
      await entra.readAs(`Bearer ${makeToken(foreign.privateKey, parts)}`),
      401,
      'auth_invalid',
    );
    entra.proxy.simulator.control.zero();
    await entra.expectRefused(await entra.readAs(`Bearer ${entra.tokenWith(parts)}`), 401, 'auth_invalid');
    expect(entra.issuer.fetches() - fetches).toBeLessThanOrEqual(1);
  });

  test.each([
    ['unknown', 'second'],
    ['absent', undefined],
    ['a path', '../../etc/passwd'],
    ['10 KB', 'k'.repeat(10_240)],
    ['a number', 7],
  ])('is refused with a key name that is %s', async (_what, kid) => {
    await entra.expectRefused(
      await entra.readAs(`Bearer ${entra.tokenWith({ header: { kid } })}`),
      401,
      'auth_invalid',
    );
  });
});
