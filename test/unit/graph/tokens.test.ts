// The app's token: kept as long as it is good, asked for once at a time, and never waited for too long. Row of the fault
// matrix: F-65.
import type { GetTokenOptions, TokenCredential } from '@azure/identity';
import { describe, expect, test } from 'vitest';
import { createStaticTokenSource, createTokenSource } from '../../../src/graph/tokens.ts';

const minuteMs = 60_000;
const startMs = Date.UTC(2026, 0, 1);

type Give = (
  count: number,
  options: GetTokenOptions,
) => Promise<{ token: string; expiresOnTimestamp: number } | null>;

/** Tokens of an hour, named by the number of the request, unless `give` says otherwise. */
function aSource(give?: Give, limitMs = 5000) {
  const clock = { nowMs: startMs };
  const asked: { readonly scope: string | string[]; readonly claims: string | undefined }[] = [];
  const failures: unknown[] = [];
  const usual: Give = (count) =>
    Promise.resolve({ token: `t${count}`, expiresOnTimestamp: clock.nowMs + 60 * minuteMs });
  const credential: TokenCredential = {
    getToken: (scope, options = {}) => {
      asked.push({ scope, claims: options.claims });
      return (give ?? usual)(asked.length, options);
    },
  };
  const source = createTokenSource(credential, {
    scope: 'https://graph.microsoft.com/.default',
    nowMs: () => clock.nowMs,
    limitMs,
    onFailure: (error) => failures.push(error),
  });
  return {
    token: source.token,
    asked,
    failures,
    advance: (ms: number) => {
      clock.nowMs += ms;
    },
  };
}

describe('a token', () => {
  test('is asked for by the scope of Graph and kept', async () => {
    const { token, asked } = aSource();
    expect([await token(false), await token(false)]).toEqual(['t1', 't1']);
    expect(asked).toEqual([{ scope: 'https://graph.microsoft.com/.default', claims: undefined }]);
  });

  test('is renewed five minutes before it expires', async () => {
    const { token, advance } = aSource();
    await token(false);
    advance(55 * minuteMs - 1);
    expect(await token(false)).toBe('t1');
    advance(1);
    expect(await token(false)).toBe('t2');
  });

  test('is asked for once, however many reads wait for it', async () => {
    const { token, asked } = aSource();
    const tokens = await Promise.all(Array.from({ length: 50 }, () => token(false)));
    expect(new Set(tokens)).toEqual(new Set(['t1']));
    expect(asked).toHaveLength(1);
  });

  test('that lives for less than five minutes serves those who waited for it', async () => {
    const brief: Give = (count) =>
      Promise.resolve({ token: `t${count}`, expiresOnTimestamp: startMs + minuteMs });
    const { token } = aSource(brief);
    expect([await token(false), await token(false)]).toEqual(['t1', 't2']);
  });
});

describe('a fresh token after a refused one', () => {
  test('passes over the identity’s own cache', async () => {
    const { token, asked } = aSource();
    await token(false);
    expect(await token(true)).toBe('t2');
    expect(asked.map(({ claims }) => claims)).toEqual([undefined, '{}']);
    expect(await token(false)).toBe('t2');
  });

  test('serves all whose token was refused at the same time, also those who come a moment later', async () => {
    const { token, asked, advance } = aSource();
    await token(false);
    expect(await Promise.all([token(true), token(true)])).toEqual(['t2', 't2']);
    advance(9000);
    expect(await token(true)).toBe('t2');
    expect(asked).toHaveLength(2);
    advance(1000);
    expect(await token(true)).toBe('t3');
  });

  test('is asked for even while an ordinary one is on its way', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { token, asked } = aSource(async (count) => {
      await gates[count - 1]?.promise;
      return { token: `t${count}`, expiresOnTimestamp: startMs + 60 * minuteMs };
    });
    const ordinary = token(false);
    const fresh = token(true);
    gates[0]?.resolve();
    expect(await ordinary).toBe('t1');
    gates[1]?.resolve();
    expect(await fresh).toBe('t2');
    expect(asked.map(({ claims }) => claims)).toEqual([undefined, '{}']);
  });
});

describe('no token', () => {
  test.each<{ what: string; give: Give }>([
    { what: 'refuses', give: () => Promise.reject(new Error('AADSTS7000215')) },
    { what: 'gives none', give: () => Promise.resolve(null) },
    {
      what: 'throws at once',
      give: () => {
        throw new TypeError('no environment');
      },
    },
  ])('is the answer when the identity $what, and its owner is told each time', async ({ give }) => {
    const { token, asked, failures } = aSource(give);
    expect([await token(false), await token(false)]).toEqual([null, null]);
    expect([asked.length, failures.length]).toEqual([2, 2]);
  });

  test('is the answer after the time limit, also of an identity that heeds no signal', async () => {
    const startedMs = performance.now();
    const { token, failures } = aSource(() => new Promise(() => undefined), 50);
    expect(await token(false)).toBeNull();
    expect(performance.now() - startedMs).toBeLessThan(2000);
    expect(failures).toMatchObject([{ message: 'No token came in time.' }]);
  });

  test('tells the identity that nobody waits any longer', async () => {
    let isAborted = false;
    const { token } = aSource(
      (_count, { abortSignal }) =>
        new Promise((_resolve, reject) => {
          abortSignal?.addEventListener('abort', () => {
            isAborted = true;
            reject(new Error('aborted'));
          });
        }),
      50,
    );
    expect(await token(false)).toBeNull();
    expect(isAborted).toBe(true);
  });

  test('while the identity is away follows a good one five minutes before its end, and ends when it is back', async () => {
    let isAway = false;
    const { token, advance } = aSource((count) =>
      isAway
        ? Promise.reject(new Error('ECONNREFUSED'))
        : Promise.resolve({ token: `t${count}`, expiresOnTimestamp: startMs + 120 * minuteMs }),
    );
    await token(false);
    isAway = true;
    advance(114 * minuteMs);
    expect(await token(false)).toBe('t1');
    advance(minuteMs);
    expect(await token(false)).toBeNull();
    isAway = false;
    expect(await token(false)).toBe('t3');
  });
});

test('a static token is given as it is', async () => {
  expect(await createStaticTokenSource('x').token(true)).toBe('x');
});
