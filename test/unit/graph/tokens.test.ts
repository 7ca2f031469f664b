// When the app's token is asked for, on a clock that the tests move. Row of the fault matrix: F-65.
import { describe, expect, test } from 'vitest';
import { createStaticTokenSource, createTokenSource, type TokenProvider } from '../../../src/graph/tokens.ts';

const second = 1000;
const minute = 60 * second;
const startMs = Date.UTC(2026, 0, 1);
const scope = 'https://graph.microsoft.com/.default';

type Give = (count: number, signal: AbortSignal) => ReturnType<TokenProvider['getToken']>;

/** Tokens of an hour, named by the number of the request, unless `give` says otherwise. */
function aSource({ give, limitMs = 5 * second }: { give?: Give; limitMs?: number } = {}) {
  const clock = { nowMs: startMs, lifeMs: 60 * minute };
  const asked: string[] = [];
  const failures: unknown[] = [];
  const usual: Give = async (count) => ({
    token: `t${count}`,
    expiresOnTimestamp: clock.nowMs + clock.lifeMs,
  });
  const ask =
    (how: string): TokenProvider['getToken'] =>
    (given, { abortSignal }) => {
      asked.push(`${how} ${given}`);
      return (give ?? usual)(asked.length, abortSignal);
    };
  const source = createTokenSource(
    { getToken: ask('any'), getFreshToken: ask('fresh') },
    { scope, nowMs: () => clock.nowMs, limitMs, onFailure: (error) => failures.push(error) },
  );
  return { token: source.token, clock, asked, failures };
}

const any = `any ${scope}`;
const fresh = `fresh ${scope}`;

describe('a token', () => {
  test('is asked for once, however many calls wait for it, and kept', async () => {
    const { token, asked } = aSource();
    const tokens = await Promise.all(Array.from({ length: 50 }, () => token(null)));
    expect(new Set([...tokens, await token(null)])).toEqual(new Set(['t1']));
    expect(asked).toEqual([any]);
  });

  test.each([
    { life: 'an hour', lifeMs: 60 * minute, usedMs: 55 * minute },
    { life: 'ten minutes', lifeMs: 10 * minute, usedMs: 5 * minute },
    { life: 'four minutes', lifeMs: 4 * minute, usedMs: 2 * minute },
    { life: 'two seconds', lifeMs: 2 * second, usedMs: second },
  ])('that lives for $life is renewed when it was used for $usedMs ms', async ({ lifeMs, usedMs }) => {
    const { token, clock, asked } = aSource();
    clock.lifeMs = lifeMs;
    await token(null);
    clock.nowMs += usedMs - 1;
    expect(await token(null)).toBe('t1');
    clock.nowMs += 1;
    expect(await token(null)).toBe('t2');
    expect(asked).toEqual([any, any]);
  });

  test('without any life left serves those who waited for it', async () => {
    const { token, clock } = aSource();
    clock.lifeMs = 0;
    expect([await token(null), await token(null)]).toEqual(['t1', 't2']);
  });
});

describe('a refused token', () => {
  test('is replaced by a fresh one, once for all who were refused with it, whenever they come', async () => {
    const { token, clock, asked } = aSource();
    await token(null);
    expect(await Promise.all([token('t1'), token('t1')])).toEqual(['t2', 't2']);
    clock.nowMs += minute;
    expect([await token('t1'), await token(null)]).toEqual(['t2', 't2']);
    expect(asked).toEqual([any, fresh]);
  });

  test('that is the fresh one already is replaced again', async () => {
    const { token, asked } = aSource();
    await token(null);
    await token('t1');
    expect(await token('t2')).toBe('t3');
    expect(asked).toEqual([any, fresh, fresh]);
  });

  test.each([
    { brings: 'it once more', second: 'fresh', tokens: ['t1', 't1', 't2'] },
    { brings: 'another', second: null, tokens: ['t1', 't2', 't2'] },
  ])(
    'is settled by a request under way that brings $brings',
    async ({ second: how, tokens: [first = '', ...next] }) => {
      const gate = Promise.withResolvers<void>();
      const given = [first, ...new Set(next)];
      const { token, clock, asked } = aSource({
        give: async (count) => {
          if (count === 2) await gate.promise;
          return { token: given[count - 1] ?? '', expiresOnTimestamp: startMs + 60 * minute };
        },
      });
      await token(null);
      clock.nowMs += 55 * minute;
      const ordinary = token(null);
      const wanted = token('t1');
      gate.resolve();
      expect([await ordinary, await wanted]).toEqual(next);
      expect(asked).toEqual([any, any, ...(how === null ? [] : [fresh])]);
    },
  );
});

describe('while no token can be had', () => {
  const refusals: readonly { readonly what: string; readonly give: Give }[] = [
    { what: 'refuses', give: () => Promise.reject(new Error('AADSTS7000215')) },
    { what: 'gives none', give: async () => null },
    {
      what: 'throws at once',
      give: () => {
        throw new TypeError('no environment');
      },
    },
  ];
  test.each(refusals)('because the identity $what, its owner is told each time', async ({ give }) => {
    const { token, asked, failures } = aSource({ give });
    expect([await token(null), await token(null)]).toEqual([null, null]);
    expect([asked.length, failures.length]).toEqual([2, 2]);
  });

  /** Gives tokens until `goAway`. */
  function aSourceThatGoesAway() {
    const state = { isAway: false };
    const source = aSource({
      give: async (count) => {
        if (state.isAway) throw new Error('ECONNREFUSED');
        return { token: `t${count}`, expiresOnTimestamp: startMs + 60 * minute };
      },
    });
    return { ...source, state };
  }

  test('the last one is used to its end, and another is asked for twice a minute', async () => {
    const { token, clock, asked, failures, state } = aSourceThatGoesAway();
    await token(null);
    state.isAway = true;
    clock.nowMs += 55 * minute;
    for (const elapsedMs of [0, 29 * second, second, 29 * second, second]) {
      clock.nowMs += elapsedMs;
      expect(await token(null)).toBe('t1');
    }
    expect([asked.length, failures.length]).toEqual([4, 3]);
    clock.nowMs = startMs + 60 * minute - 1;
    expect(await token(null)).toBe('t1');
    clock.nowMs += 1;
    expect(await token(null)).toBe(null);
    state.isAway = false;
    expect(await token(null)).toMatch(/^t\d+$/);
  });

  test('one that was refused is not used again', async () => {
    const { token, asked, state } = aSourceThatGoesAway();
    await token(null);
    state.isAway = true;
    expect([await token('t1'), await token(null)]).toEqual([null, null]);
    expect(asked).toEqual([any, fresh, any]);
    state.isAway = false;
    expect(await token(null)).toBe('t4');
  });

  test('because it never comes, it is given up, also where the identity heeds no signal', async () => {
    const { token, asked, failures } = aSource({ give: () => new Promise(() => undefined), limitMs: 20 });
    expect(await Promise.all([token(null), token(null)])).toEqual([null, null]);
    expect([await token(null), asked.length]).toEqual([null, 2]);
    expect(failures.map(String)).toEqual(Array(2).fill('Error: No token came in time.'));
  });

  test('because it never comes, the identity is told that nobody waits any longer', async () => {
    const aborted = Promise.withResolvers<void>();
    const { token } = aSource({
      give: (_count, signal) => {
        signal.addEventListener('abort', () => aborted.resolve());
        return new Promise(() => undefined);
      },
      limitMs: 20,
    });
    expect(await token(null)).toBe(null);
    await aborted.promise;
  });
});

test('a static token is given as it is', async () => {
  expect(await createStaticTokenSource('x').token('x')).toBe('x');
});
