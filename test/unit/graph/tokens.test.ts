// When the app's token is asked for, on a clock that the tests move.
import { beforeEach, describe, expect, test } from 'vitest';
import { createTokenSource } from '../../../src/graph/tokens.ts';
import type { TokenSource } from '../../../src/graph/transport.ts';

const second = 1000;
const minute = 60 * second;
const startMs = Date.UTC(2026, 0, 1);

let nowMs: number;
let lifeMs: number;
let isDown: boolean;
/** How each token was asked for. */
let asked: ('any' | 'fresh')[];
let failures: unknown[];
let source: TokenSource;

beforeEach(() => {
  nowMs = startMs;
  lifeMs = 60 * minute;
  isDown = false;
  asked = [];
  failures = [];
  const issue = (how: 'any' | 'fresh') => async () => {
    asked.push(how);
    if (isDown) throw new Error('down');
    return { token: `token-${asked.length}`, expiresOnTimestamp: nowMs + lifeMs };
  };
  source = createTokenSource(
    { getToken: issue('any'), getFreshToken: issue('fresh') },
    { scope: 'x', nowMs: () => nowMs, limitMs: second, onFailure: (error) => failures.push(error) },
  );
});

describe('a token is renewed', () => {
  test.each([
    { life: 'an hour', ms: 60 * minute, usedMs: 55 * minute },
    { life: 'ten minutes', ms: 10 * minute, usedMs: 5 * minute },
    { life: 'four minutes', ms: 4 * minute, usedMs: 2 * minute },
    { life: 'two seconds', ms: 2 * second, usedMs: second },
  ])('when it lives for $life and was used for $usedMs ms', async ({ ms, usedMs }) => {
    lifeMs = ms;
    expect(await source.token(null)).toBe('token-1');
    nowMs += usedMs - 1;
    expect(await source.token(null)).toBe('token-1');
    nowMs += 1;
    expect(await source.token(null)).toBe('token-2');
    expect(asked).toEqual(['any', 'any']);
  });

  test('at once when it has no life left', async () => {
    lifeMs = 0;
    expect([await source.token(null), await source.token(null)]).toEqual(['token-1', 'token-2']);
  });
});

describe('while no token can be had', () => {
  beforeEach(async () => {
    await source.token(null);
    isDown = true;
  });

  test('the last one is used to its end, and another is asked for twice a minute', async () => {
    nowMs += 55 * minute;
    for (const elapsedMs of [0, 29 * second, second, 29 * second, second]) {
      nowMs += elapsedMs;
      expect(await source.token(null)).toBe('token-1');
    }
    expect(asked.length).toBe(4);
    expect(failures.length).toBe(3);
    nowMs = startMs + 60 * minute - 1;
    expect(await source.token(null)).toBe('token-1');
    nowMs += 1;
    expect(await source.token(null)).toBe(null);
    isDown = false;
    expect(await source.token(null)).toMatch(/^token-/);
  });

  test('one that was refused is not used again', async () => {
    expect(await source.token('token-1')).toBe(null);
    expect(await source.token(null)).toBe(null);
    expect(asked).toEqual(['any', 'fresh', 'any']);
    isDown = false;
    expect(await source.token(null)).toBe('token-4');
  });
});

describe('a refused token', () => {
  test('is replaced by a fresh one, for all who were refused with it', async () => {
    expect(await source.token(null)).toBe('token-1');
    const together = await Promise.all([source.token('token-1'), source.token('token-1')]);
    expect(together).toEqual(['token-2', 'token-2']);
    expect(await source.token('token-1')).toBe('token-2');
    expect(await source.token(null)).toBe('token-2');
    expect(asked).toEqual(['any', 'fresh']);
  });

  test('that is the fresh one already is replaced again', async () => {
    await source.token(null);
    await source.token('token-1');
    expect(await source.token('token-2')).toBe('token-3');
    expect(asked).toEqual(['any', 'fresh', 'fresh']);
  });
});

test('a token that never comes is given up after its time, and the next call asks again', async () => {
  let calls = 0;
  const hanging = createTokenSource(
    {
      getToken: () => {
        calls += 1;
        return new Promise(() => undefined);
      },
      getFreshToken: async () => null,
    },
    { scope: 'x', nowMs: () => nowMs, limitMs: 20, onFailure: (error) => failures.push(error) },
  );
  expect(await Promise.all([hanging.token(null), hanging.token(null)])).toEqual([null, null]);
  expect([await hanging.token(null), await hanging.token('x')]).toEqual([null, null]);
  expect(calls).toBe(2);
  expect(failures.map(String)).toEqual(Array(2).fill('Error: No token came in time.'));
});
