// A log line is one line of JSON, whatever is in it, and shows no more of an error than who, which and what.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/config/secret.ts';
import { AppError } from '../../../src/domain/errors.ts';
import { lineOf } from '../../../src/telemetry/log-line.ts';

const read = (fields: Readonly<Record<string, unknown>>, message = 'it happened') =>
  JSON.parse(lineOf('info', fields, message)) as Readonly<Record<string, unknown>>;

const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

describe('a line', () => {
  test('has its fields first, then level and message', () => {
    expect(lineOf('warn', { operationKey: 'k', count: 2, error: null }, 'event was not sent')).toBe(
      '{"operationKey":"k","count":2,"error":null,"level":"warn","message":"event was not sent"}',
    );
  });

  test('keeps its own level and message whatever the fields are called', () => {
    expect(read({ level: 'debug', message: 'mine' })).toEqual({ level: 'info', message: 'it happened' });
  });

  test.each([
    ['a line break', '\n'],
    ['a carriage return', '\r'],
    ['an escape sequence', '\u001B[31m'],
    ['a delete', '\u007F'],
    ['a control of the second set', '\u009B'],
    ['a line separator', '\u2028'],
    ['a turn of direction', '\u202E'],
    ['an isolate', '\u2066'],
    ['a mark of direction', '\u200F'],
    ['an Arabic mark of direction', '\u061C'],
    ['a character without width', '\u200B'],
    ['a byte order mark', '\uFEFF'],
    ['a tag character', '\u{E0041}'],
    ['half of a pair', '\uD800'],
  ])('escapes %s in values, names and message', (_what, character) => {
    const line = lineOf('info', { [`n${character}`]: `v${character}v`, list: [character] }, `m${character}`);
    expect(line).toMatch(/^[\x20-\x7e]+$/);
    const parsed = JSON.parse(line) as Readonly<Record<string, unknown>>;
    expect(parsed['message']).toBe(`m${character}`);
  });

  test('leaves letters of any language as they are', () => {
    expect(lineOf('info', { label: 'Größe 漢字 😀' }, 'm')).toContain('Größe 漢字 😀');
  });

  test('cuts values at 256 characters', () => {
    const fields = { long: 'x'.repeat(300), list: ['y'.repeat(300)], deep: { text: 'z'.repeat(300) } };
    expect(read(fields, 'm'.repeat(300))).toEqual({
      long: 'x'.repeat(256),
      list: ['y'.repeat(256)],
      deep: { text: 'z'.repeat(256) },
      level: 'info',
      message: 'm'.repeat(256),
    });
  });

  test('does not cut a name so that it is no longer known for one', () => {
    expect(lineOf('info', { path: `${'x'.repeat(240)}/adele.vance@contoso.com` }, 'm')).not.toContain(
      'adele',
    );
  });

  test.each([
    'token',
    'recordingAccessToken',
    'clientSecret',
    'Authorization',
    'password',
    'clientContext',
    'cookie',
  ])('does not show the field %s', (name) => {
    expect(read({ [name]: 'canary', inner: { [name]: 'canary' } })).toMatchObject({
      [name]: '[secret]',
      inner: { [name]: '[secret]' },
    });
  });

  test('shows nothing of instances, and of a secret that it is one', () => {
    const url = new URL('https://user:canary@contoso.com/?code=canary');
    expect(read({ setting: new Secret('canary'), url, map: new Map([['canary', 1]]) })).toMatchObject({
      setting: '[secret]',
      url: '[secret]',
      map: '[secret]',
    });
  });

  test('is written for whatever can not be printed', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    const getter = Object.defineProperty({}, 'x', {
      enumerable: true,
      get: () => {
        throw new Error('canary');
      },
    });
    expect(read({ circle, big: 12n, none: undefined, call: () => 1 })).toMatchObject({ big: '12' });
    expect(read({ getter })).toEqual({
      level: 'info',
      message: 'it happened',
      fields: 'could not be printed',
    });
  });

  test('is one line of readable JSON for any fields', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.anything({ withBigInt: true, withDate: true })),
        fc.string(),
        (fields, message) => {
          const line = lineOf('error', fields, message);
          expect(hidden.test(line)).toBe(false);
          expect(JSON.parse(line)).toMatchObject({ level: 'error' });
        },
      ),
    );
  });
});

describe('an error', () => {
  test('shows name, code and message, and no stack', () => {
    const error = new AppError('graph_timeout', 'Graph did not answer in time.', { action: 'retry' });
    expect(read({ error })['error']).toEqual({
      name: 'AppError',
      code: 'graph_timeout',
      message: 'Graph did not answer in time.',
    });
  });

  test('shows the same of its causes, three levels deep', () => {
    const chain = ['c3', 'c2', 'c1'].reduce<unknown>(
      (cause, message) => new Error(message, { cause }),
      new Error('canary'),
    );
    expect(read({ error: new Error('e', { cause: chain }) })['error']).toEqual({
      name: 'Error',
      message: 'e',
      cause: { name: 'Error', message: 'c1', cause: { name: 'Error', message: 'c2' } },
    });
  });

  test('shows nothing else of a cause that may be anything', () => {
    const cause = {
      name: 'RestError',
      code: 'AuthenticationFailed',
      message: 'refused for adele@contoso.com',
      request: { headers: { authorization: 'Bearer canary' }, url: 'https://x/?sig=canary' },
      response: { bodyAsText: 'canary' },
      details: 'canary',
    };
    const error = Object.assign(new Error('failed', { cause }), { request: cause.request, body: 'canary' });
    expect(read({ error })['error']).toEqual({
      name: 'Error',
      message: 'failed',
      cause: { name: 'RestError', code: 'AuthenticationFailed', message: 'refused for [person]' },
    });
  });

  test.each([
    ['a text', 'refused ?code=canary', 'refused ?code=[secret]'],
    ['a number', 7, undefined],
    ['a function', () => 'canary', undefined],
    ['a list', ['canary'], {}],
    ['an object with odd members', { name: 1, code: { secret: 'canary' }, message: ['canary'] }, {}],
  ])('may have %s as its cause', (_what, cause, shown) => {
    expect(read({ error: new Error('failed', { cause }) })['error']).toEqual({
      name: 'Error',
      message: 'failed',
      ...(shown === undefined ? {} : { cause: shown }),
    });
  });

  test('of several errors shows the first', () => {
    const error = new AggregateError([new Error('connect ECONNREFUSED'), new Error('other')], 'all failed');
    expect(read({ error })['error']).toMatchObject({ cause: { message: 'connect ECONNREFUSED' } });
  });
});
