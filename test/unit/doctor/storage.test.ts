// What the doctor's looks at storage mean.
import { RestError } from '@azure/data-tables';
import { describe, expect, test } from 'vitest';
import { clockDifferenceMs, judgeClock } from '../../../dev/doctor/storage/clock.ts';
import { faultOf, judgeFault } from '../../../dev/doctor/storage/fault.ts';
import {
  judgePoison,
  judgeQueue,
  judgeShards,
  judgeTable,
  judgeWrite,
  type QueueUse,
} from '../../../dev/doctor/storage/judge.ts';
import { encodingOf, type QueueFacts } from '../../../dev/doctor/storage/probe-queue.ts';

const rest = (statusCode: number, code: string | undefined, message = 'x'): RestError =>
  new RestError(message, { statusCode, ...(code === undefined ? {} : { code }) });
const named = (name: string): Error => Object.assign(new Error('x'), { name });

describe('faults of storage', () => {
  test.each([
    [
      'a table that is not there',
      rest(404, undefined, '{"odata.error":{"code":"TableNotFound"}}'),
      { type: 'missing' },
    ],
    ['a queue that is not there', rest(404, 'QueueNotFound'), { type: 'missing' }],
    ['another 404', rest(404, 'ResourceNotFound'), { type: 'failed', status: 404, code: 'ResourceNotFound' }],
    [
      'a role that is missing',
      rest(403, 'AuthorizationPermissionMismatch'),
      { type: 'refused', code: 'AuthorizationPermissionMismatch' },
    ],
    [
      'a wrong key, told in XML',
      rest(403, undefined, '<Error><Code>AuthenticationFailed</Code></Error>'),
      { type: 'refused', code: 'AuthenticationFailed' },
    ],
    ['a refusal without a code', rest(403, undefined), { type: 'refused', code: 'none' }],
    ['a busy server', rest(503, 'ServerBusy'), { type: 'failed', status: 503, code: 'ServerBusy' }],
    [
      'nobody there',
      new RestError('x', { code: 'ECONNREFUSED' }),
      { type: 'unreachable', code: 'ECONNREFUSED' },
    ],
    ['no answer in time', named('TimeoutError'), { type: 'unreachable', code: 'timeout' }],
    ['no sign-in', named('CredentialUnavailableError'), { type: 'noToken' }],
    ['no sign-in, wrapped', new Error('x', { cause: named('AuthenticationError') }), { type: 'noToken' }],
  ] as const)('are told apart: %s', (_case, error, fault) => {
    expect(faultOf(error)).toEqual(fault);
  });

  test.each([
    ['AuthorizationPermissionMismatch', 'app', 'fail', 'Grant it the role, as docs/permissions.md says'],
    ['AuthorizationPermissionMismatch', 'you', 'skipped', null],
    ['AuthenticationFailed', 'key', 'fail', 'Take the connection string anew'],
    ['AuthorizationFailure', 'app', 'fail', 'Run this from a network that the account lets in'],
    ['KeyBasedAuthenticationNotPermitted', 'key', 'fail', 'Use an identity'],
    ['InvalidAuthenticationInfo', 'app', 'fail', 'See that OPWATCH_TENANT_ID'],
    ['AccountIsDisabled', 'key', 'fail', 'Look at the subscription'],
    ['SomethingNew', 'key', 'fail', 'Look the code up'],
  ] as const)('a refusal %s of %s is %s', (code, access, status, fix) => {
    const verdict = judgeFault({ type: 'refused', code }, { what: 'The table', access, role: 'the role' });
    expect(verdict).toMatchObject({ status, detail: expect.stringContaining(code) });
    expect(String(verdict.fix)).toContain(String(fix));
  });

  test.each([
    [{ type: 'failed', status: 500, code: 'InternalError' }, 'storage answered 500 (InternalError)'],
    [{ type: 'unreachable', code: 'ENOTFOUND' }, 'its name is not known here (DNS) (ENOTFOUND)'],
    [{ type: 'noToken' }, 'no token for storage could be had'],
  ] as const)('%j fails in words', (fault, words) => {
    const verdict = judgeFault(fault, { what: 'The table', access: 'key', role: 'r' });
    expect(verdict).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining(words),
      fix: expect.any(String),
    });
  });
});

const old = { access: 'key', isNew: false } as const;

describe('table', () => {
  test.each([
    ['read and written', null, null, old, 'pass', 'pass'],
    [
      'not there, and nothing else is',
      { type: 'missing' },
      { type: 'missing' },
      { access: 'key', isNew: true },
      'warn',
      'warn',
    ],
    ['not there, and queues are', { type: 'missing' }, { type: 'missing' }, old, 'fail', 'fail'],
    [
      'only read',
      null,
      { type: 'refused', code: 'AuthorizationPermissionMismatch' },
      { access: 'app', isNew: false },
      'pass',
      'fail',
    ],
  ] as const)('a table that is %s', (_case, read, write, at, reading, writing) => {
    expect(judgeTable({ read }, 'opwatch', at).status).toBe(reading);
    expect(judgeWrite({ write }, 'opwatch', at).status).toBe(writing);
  });

  test.each([
    [null, 3, 'pass', null],
    [3, 3, 'pass', null],
    [1, 3, 'fail', 'Set OPWATCH_SHARDS=1. Another number takes another table, or another installation.'],
  ])('stored %s and set %s shards: %s', (stored, set, status, fix) => {
    expect(judgeShards(stored, set)).toMatchObject({ status, fix });
  });
});

const transitions: QueueUse = {
  what: 'queue of transitions',
  name: 'opwatch-transitions',
  encoding: 'base64',
  rights: 'send',
};
const sweeps: QueueUse = { ...transitions, what: 'queue of sweeps', name: 'opwatch-sweeps', rights: 'all' };
const good: QueueFacts = { count: 0, encodings: [], send: 'taken' };
const refused = { type: 'refused', code: 'AuthorizationPermissionMismatch' } as const;
const app = { access: 'app', isNew: false } as const;

describe('queues', () => {
  test.each([
    ['looked at and sent to', good, transitions, old, ['pass'], 'opwatch-transitions: empty'],
    [
      'with messages',
      { ...good, count: 7, encodings: ['base64'] },
      transitions,
      old,
      ['pass'],
      'about 7 messages wait',
    ],
    [
      'from which nothing may be deleted',
      { ...good, send: 'notTried' },
      sweeps,
      app,
      ['pass'],
      'nothing was sent',
    ],
    ['that keeps what was sent', { ...good, send: 'left' }, sweeps, old, ['warn'], 'could not be taken away'],
    [
      'that may be looked at and not sent to',
      { ...good, send: refused },
      sweeps,
      app,
      ['fail'],
      'Sending to opwatch-sweeps',
    ],
    [
      'that is not there',
      { ...good, count: { type: 'missing' }, send: 'notTried' },
      sweeps,
      old,
      ['fail'],
      'it was deleted',
    ],
    [
      'that is not there yet',
      { ...good, count: { type: 'missing' }, send: 'notTried' },
      sweeps,
      { ...old, isNew: true },
      ['warn'],
      'nothing was ever started',
    ],
    [
      'deleted between two looks',
      { ...good, send: { type: 'missing' } },
      sweeps,
      old,
      ['fail'],
      'it was deleted',
    ],
    [
      'of transitions, hidden from the app',
      { count: refused, encodings: refused, send: 'notTried' },
      transitions,
      app,
      ['skipped'],
      'as it should be',
    ],
    [
      'of sweeps, hidden from the app',
      { count: refused, encodings: refused, send: 'notTried' },
      sweeps,
      app,
      ['fail'],
      'lacks a role',
    ],
    [
      'of transitions, hidden from a person',
      { count: refused, encodings: refused, send: 'notTried' },
      transitions,
      { ...app, access: 'you' },
      ['skipped'],
      'your own sign-in',
    ],
    [
      'of transitions behind a firewall',
      { count: { type: 'refused', code: 'AuthorizationFailure' }, encodings: [], send: 'notTried' },
      transitions,
      app,
      ['fail'],
      'network rules',
    ],
    [
      'with messages in another encoding',
      { ...good, count: 2, encodings: ['text', 'base64'] },
      transitions,
      old,
      ['pass', 'warn'],
      '1 of 2 messages',
    ],
    [
      'whose messages may not be peeked at',
      { ...good, encodings: refused },
      transitions,
      old,
      ['pass'],
      'empty',
    ],
  ] as const)('a queue %s', (_case, facts, use, at, statuses, detail) => {
    const verdicts = judgeQueue(facts, use, at);
    expect(verdicts.map(({ status }) => status)).toEqual(statuses);
    expect(verdicts.at(-1)?.detail).toContain(detail);
  });

  test.each([
    ['{"specversion":"1.0"}', 'text'],
    [Buffer.from('{"specversion":"1.0"}').toString('base64'), 'base64'],
    ['e30=', 'base64'],
    ['e30', 'text'],
    ['', 'text'],
  ])('%s is written as %s', (text, encoding) => {
    expect(encodingOf(text)).toBe(encoding);
  });

  test.each([
    [0, 'key', 'pass'],
    [3, 'key', 'warn'],
    [refused, 'app', 'skipped'],
    [refused, 'you', 'skipped'],
    [{ type: 'unreachable', code: 'timeout' }, 'key', 'fail'],
  ] as const)('%j messages that were put aside, for %s: %s', (count, access, status) => {
    expect(judgePoison(count, 'opwatch-sweeps-poison', access).status).toBe(status);
  });
});

describe('difference of clocks', () => {
  const sample = (sentAtMs: number, arrivedAtMs: number, dateMs: number) => ({
    sentAtMs,
    arrivedAtMs,
    dateMs,
  });

  test.each([
    ['within the header’s second', [sample(1900, 1950, 1000)], 0],
    ['within the answer’s way', [sample(1000, 4000, 3000)], 0],
    ['ahead', [sample(1000, 1100, 61_000)], 59_900],
    ['behind', [sample(120_500, 120_600, 60_000)], -59_500],
    [
      'told best by the last of three',
      [sample(0, 9000, 8000), sample(9000, 9500, 16_000), sample(9500, 9600, 17_000)],
      7400,
    ],
  ] as const)('is %s', (_case, samples, differenceMs) => {
    expect(clockDifferenceMs(samples)).toBe(differenceMs);
  });

  test.each([
    [0, 'pass', 'no difference that could be seen'],
    [5400, 'pass', '5 s'],
    [5600, 'warn', 'This clock is 6 s behind that of storage.'],
    [-60_400, 'warn', 'This clock is 60 s ahead of that of storage.'],
    [-60_600, 'fail', 'This clock is 61 s ahead of that of storage.'],
  ])('%i ms: %s', (differenceMs, status, detail) => {
    expect(judgeClock(differenceMs)).toMatchObject({ status, detail });
  });
});
