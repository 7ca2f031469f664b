// The platform's keys over time, in the real app: new ones, made-up ones, and a key server that is away. F-73, A-65.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimsWith, makeKeyPair, makeToken } from '../../fixtures/issuer.ts';
import { bot, platform, pushOf, type Receiving, startReceiving } from './harness.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

let receiving: Receiving;
beforeEach(async () => {
  receiving = await startReceiving();
});
afterEach(() => receiving.stop());

/** Sends the end of a fresh operation under a key. @returns status, code, and what became of the operation. */
async function pushUnder(kid: string, key = receiving.issuer.keyOf(kid).privateKey): Promise<string> {
  const [operation] = await receiving.begin(1, 'commsOperation');
  const { key: operationKey = '', path = '' } = operation ?? {};
  const token = makeToken(key, { header: { kid }, claims: claimsWith({ iss: platform, aud: bot }) });
  const answer = await receiving.send('calls', {
    body: JSON.stringify({ value: [pushOf(path, 'completed')] }),
    headers: { authorization: `Bearer ${token}` },
  });
  const state = (await receiving.app.flows.find(operationKey))?.state;
  return `${answer.status} ${answer.code ?? 'taken'}: ${state}`;
}

const isTaken = '202 taken: succeeded';
const isRefused = '401 auth_invalid: pending';
const isAskedAgain = '503 auth_unavailable: pending';

test('a new key counts once the cool-down is over, and the old one as long as it is published', async () => {
  expect(await pushUnder('first')).toBe(isTaken);
  receiving.issuer.addKey('second');
  expect(await pushUnder('second')).toBe(isRefused);
  receiving.advance(31 * second);
  expect(await pushUnder('second')).toBe(isTaken);
  expect(await pushUnder('first')).toBe(isTaken);
  expect(receiving.issuer.fetches()).toBe(2);
  const withdrawn = receiving.issuer.keyOf('first').privateKey;
  receiving.issuer.removeKey('first');
  receiving.advance(11 * minute);
  expect(await pushUnder('second')).toBe(isTaken);
  expect(await pushUnder('first', withdrawn)).toBe(isRefused);
});

test('a hundred made-up keys at once ask for the keys at most once a cool-down', async () => {
  expect(await pushUnder('first')).toBe(isTaken);
  const stranger = makeKeyPair().privateKey;
  const flood = async (): Promise<readonly string[]> => {
    const sent = Array.from({ length: 100 }, (_, index) => {
      const claims = claimsWith({ iss: platform, aud: bot });
      const token = makeToken(stranger, { header: { kid: `made-up-${index}` }, claims });
      return receiving.send('calls', { body: '{"value":[]}', headers: { authorization: `Bearer ${token}` } });
    });
    return (await Promise.all(sent)).map(({ status, code }) => `${status} ${code}`);
  };
  expect(new Set(await flood())).toEqual(new Set(['401 auth_invalid']));
  expect(receiving.issuer.fetches()).toBe(1);
  receiving.advance(31 * second);
  expect(new Set(await flood())).toEqual(new Set(['401 auth_invalid']));
  expect(receiving.issuer.fetches()).toBe(2);
  expect(await pushUnder('first')).toBe(isTaken);
});

test('known keys hold for a day while the key server is away, and no longer', async () => {
  expect(await pushUnder('first')).toBe(isTaken);
  receiving.issuer.mode = '500';
  receiving.advance(23 * hour);
  expect(await pushUnder('first')).toBe(isTaken);
  receiving.advance(2 * hour);
  expect(await pushUnder('first')).toBe(isAskedAgain);
  receiving.issuer.mode = 'keys';
  receiving.advance(31 * second);
  expect(await pushUnder('first')).toBe(isTaken);
});

test('a key server that hangs keeps no notification with a known key from being answered in time', async () => {
  expect(await pushUnder('first')).toBe(isTaken);
  receiving.issuer.mode = 'hang';
  receiving.advance(11 * minute);
  const startedMs = performance.now();
  expect(await pushUnder('first')).toBe(isTaken);
  expect(performance.now() - startedMs).toBeLessThan(3000);
  // A newer key may exist that nobody can see: the sender is asked to come again.
  expect(await pushUnder('unknown')).toBe(isAskedAgain);
});
