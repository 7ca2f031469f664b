// The keys of tokens' issuers over time: how often they are asked for, and what holds while they can't be had.
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createKeySet } from '../../../src/http/key-set.ts';
import { HttpProblem } from '../../../src/http/problem.ts';
import { createTokenVerifier } from '../../../src/http/token-verifier.ts';
import {
  audience,
  type Issuer,
  issuerName,
  makeKeyPair,
  makeToken,
  startIssuer,
  tenant,
} from '../../fixtures/issuer.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

let issuer: Issuer;
let clockMs: number;
let verify: (kid: string) => Promise<string>;

beforeEach(async () => {
  issuer = await startIssuer();
  issuer.addKey('first');
  clockMs = 5 * hour;
  verify = verifierOf(() => Promise.resolve(new URL(issuer.url)));
});
afterEach(() => issuer.stop());

/** Says `accepted`, or the code of the refusal. */
function verifierOf(keysUrl: () => Promise<URL>): (kid: string) => Promise<string> {
  const verifyToken = createTokenVerifier({
    issuers: [issuerName],
    audience,
    tenants: [tenant],
    toleranceSeconds: 60,
    requiredTimes: ['exp', 'nbf', 'iat'],
    keys: createKeySet({ keysUrl, monotonicMs: () => clockMs }),
    nowMs: Date.now,
  });
  return async (kid) => {
    try {
      await verifyToken(`Bearer ${makeToken(issuer.keyOf(kid).privateKey, { header: { kid } })}`);
      return 'accepted';
    } catch (error) {
      if (error instanceof HttpProblem) return error.code;
      throw error;
    }
  };
}

describe('A-10: the keys are asked for', () => {
  test('once for many tokens at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => verify('first')));
    expect(new Set(answers)).toEqual(new Set(['accepted']));
    expect(issuer.fetches()).toBe(1);
  });

  test('at most once more for a thousand made-up names', async () => {
    const stranger = makeKeyPair().privateKey;
    const keys = createKeySet({ keysUrl: async () => new URL(issuer.url), monotonicMs: () => clockMs });
    const refusals = await Promise.allSettled(
      Array.from({ length: 1000 }, () => {
        const [head = '', payload = '', signature = ''] = makeToken(stranger, {
          signature: () => Buffer.from('x'),
        }).split('.');
        return keys({ alg: 'RS256', kid: randomUUID() }, { protected: head, payload, signature });
      }),
    );
    expect(
      new Set(refusals.map((one) => one.status === 'rejected' && (one.reason as HttpProblem).code)),
    ).toEqual(new Set(['auth_invalid']));
    expect(issuer.fetches()).toBe(1);
    clockMs += 31 * second;
    for (let sent = 0; sent < 20; sent += 1) expect(await verify(`made-up-${sent}`)).toBe('auth_invalid');
    expect(issuer.fetches()).toBe(2);
  });

  test('again for a new name, once the cool-down is over', async () => {
    expect(await verify('first')).toBe('accepted');
    issuer.addKey('second');
    clockMs += 29 * second;
    expect(await verify('second')).toBe('auth_invalid');
    clockMs += 2 * second;
    expect(await verify('second')).toBe('accepted');
    expect(await verify('first')).toBe('accepted');
    expect(issuer.fetches()).toBe(2);
  });

  test('again after ten minutes, and a key that is gone then counts no more', async () => {
    expect(await verify('first')).toBe('accepted');
    issuer.addKey('second');
    const old = makeToken(issuer.keyOf('first').privateKey);
    issuer.removeKey('first');
    clockMs += 9 * minute;
    expect(issuer.fetches()).toBe(1);
    clockMs += 2 * minute;
    expect(await verify('second')).toBe('accepted');
    expect(issuer.fetches()).toBe(2);
    const keys = createKeySet({ keysUrl: async () => new URL(issuer.url), monotonicMs: () => clockMs });
    const [head = '', payload = '', signature = ''] = old.split('.');
    const answer = keys({ alg: 'RS256', kid: 'first' }, { protected: head, payload, signature });
    await expect(answer).rejects.toMatchObject({ code: 'auth_invalid' });
    expect(await verify('first')).toBe('auth_invalid');
  });
});

describe('A-13: while the key server', () => {
  test.each(['500', 'redirect', 'page', 'endless'] as const)(
    'answers with %s, known keys hold and unknown ones are unavailable',
    async (mode) => {
      expect(await verify('first')).toBe('accepted');
      issuer.mode = mode;
      clockMs += 11 * minute;
      expect(await verify('first')).toBe('accepted');
      expect(await verify('second')).toBe('auth_unavailable');
      expect(issuer.fetches()).toBe(2);
      clockMs += 31 * second;
      expect(await verify('first')).toBe('accepted');
      expect(issuer.fetches()).toBe(3);
    },
  );

  test('hangs, tokens are answered after two seconds at most, and then at once', async () => {
    expect(await verify('first')).toBe('accepted');
    issuer.mode = 'hang';
    clockMs += 11 * minute;
    const startedAt = performance.now();
    const answers = await Promise.all([verify('first'), verify('second'), verify('first')]);
    expect(answers).toEqual(['accepted', 'auth_unavailable', 'accepted']);
    expect(await verify('first')).toBe('accepted');
    expect(performance.now() - startedAt).toBeLessThan(4000);
    expect(issuer.fetches()).toBe(2);
  });

  test('hangs, who has a known key does not wait for it to the end', async () => {
    expect(await verify('first')).toBe('accepted');
    issuer.mode = 'hang';
    clockMs += 11 * minute;
    const startedAt = performance.now();
    expect(await verify('first')).toBe('accepted');
    expect(performance.now() - startedAt).toBeLessThan(1800);
    expect(issuer.fetches()).toBe(2);
  });

  test('is away for a day, known keys hold so long and no longer', async () => {
    expect(await verify('first')).toBe('accepted');
    issuer.mode = '500';
    clockMs += 23 * hour;
    expect(await verify('first')).toBe('accepted');
    clockMs += hour + second;
    expect(await verify('first')).toBe('auth_unavailable');
    issuer.mode = 'keys';
    clockMs += 31 * second;
    expect(await verify('first')).toBe('accepted');
  });

  test('was never there, nobody is let in, and it is asked once a cool-down', async () => {
    issuer.mode = '500';
    for (let sent = 0; sent < 5; sent += 1) expect(await verify('first')).toBe('auth_unavailable');
    expect(issuer.fetches()).toBe(1);
    issuer.mode = 'keys';
    expect(await verify('first')).toBe('auth_unavailable');
    clockMs += 31 * second;
    expect(await verify('first')).toBe('accepted');
    expect(await verify('made-up')).toBe('auth_invalid');
  });

  test('has no address yet, the address is asked for again later', async () => {
    let asked = 0;
    verify = verifierOf(async () => {
      asked += 1;
      if (asked === 1) throw new Error('no metadata');
      return new URL(issuer.url);
    });
    expect(await verify('first')).toBe('auth_unavailable');
    clockMs += 31 * second;
    expect(await verify('first')).toBe('accepted');
    expect(await verify('first')).toBe('accepted');
    expect(asked).toBe(2);
  });
});

test('a refusal for want of keys says when to come again', async () => {
  issuer.mode = '500';
  const keys = createKeySet({ keysUrl: async () => new URL(issuer.url), monotonicMs: () => clockMs });
  const answer = keys({ alg: 'RS256', kid: 'first' }, { payload: '', signature: '' });
  await expect(answer).rejects.toMatchObject({ status: 503, headers: { 'retry-after': '30' } });
});
