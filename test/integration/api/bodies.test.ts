// The attack list of the tracking API for bodies: their bytes, their size, what they say they are, and how long they
// may keep the service busy.
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Asked } from './client.ts';
import { type Api, startApi } from './harness.ts';
import { harmfulJson, noJson, oddJson } from './json-corpus.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => {
  expect((await api.get('/api/operations')).json['value'], 'nothing is stored').toEqual([]);
  await api.stop();
});
afterEach(() => {
  expect(api.simulator.control.stats().httpRequests).toBe(0);
  expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
});

const send = (asked: Asked) => api.send('POST', '/api/operations', asked);

async function expectEach(cases: typeof noJson, code: string): Promise<void> {
  const answers = await Promise.all(cases.map(([, body]) => send({ body })));
  for (const [index, [what]] of cases.entries())
    expect([what, answers[index]]).toMatchObject([what, { status: 400, json: { code } }]);
}

describe('a body', () => {
  test('that is no JSON is refused', async () => {
    await expectEach(noJson, 'body_invalid_json');
  });

  test('that is any other JSON is understood, and refused for what it says', async () => {
    await expectEach(oddJson, 'body_invalid');
  });

  test.each(harmfulJson)('with %s is refused', async (_what, body, code) => {
    expect(await send({ body })).toMatchObject({ status: 400, json: { code } });
  });

  test('is never echoed', async () => {
    const body = { resource: '/canary', ['canary<script>']: 1 };
    expect(await send({ body })).toMatchObject({ status: 400, json: { code: 'body_invalid' } });
  });
});

const one = '{"resource":"/x"}';
const oneOf = (bytes: number): string => one.padEnd(bytes);
const manyOf = (bytes: number): string => '{"operations":[{"resource":"/x"}]}'.padEnd(bytes);
const [kib64, kib256] = [64 * 1024, 256 * 1024];

describe('A-45: a body of', () => {
  test.each([
    ['64 KiB', oneOf(kib64), 400, 'resource_invalid'],
    ['64 KiB and a byte', oneOf(kib64 + 1), 413, 'body_too_large'],
    ['64 KiB and a byte that is no JSON', '['.padEnd(kib64 + 1), 413, 'body_too_large'],
    [
      'metadata of 64 KiB',
      `{"resource":"/x","metadata":{"a":"${'x'.repeat(kib64)}"}}`,
      413,
      'body_too_large',
    ],
    ['many, 256 KiB', manyOf(kib256), 200, undefined],
    ['many with a mark and spaces before', `\ufeff \n ${manyOf(kib64 + 1)}`, 200, undefined],
    [
      'many, 64 KiB and a byte, that is no JSON',
      `{"operations":${'['.padEnd(kib64)}`,
      400,
      'body_invalid_json',
    ],
    ['many, 256 KiB and a byte', manyOf(kib256 + 1), 413, 'body_too_large'],
    ['2 MiB', oneOf(2 * 1024 * 1024), 413, 'body_too_large'],
  ])('%s is answered alike with a length and in pieces', async (_what, body, status, code) => {
    for (const isChunked of [false, true]) {
      const answer = await send({ body, isChunked });
      expect([answer.status, answer.json['code']]).toEqual([status, code]);
    }
    expect(await api.get('/api/health/live')).toMatchObject({ status: 200 });
  });

  test('a length that says 200 MB is refused before it comes', async () => {
    const headers = { 'content-length': '209715200' };
    const { status } = await send({ headers: { ...headers, 'content-type': 'application/json' }, body: one });
    expect(status).toBe(413);
  });
});

describe('A-45: a text that never ends', () => {
  test.each([
    ['escaped quotes', `"${'\\"'.repeat(120_000)}`],
    ['escaped quotes and a last backslash', `"${'\\"'.repeat(120_000)}\\`],
    ['escaped backslashes', `"${'\\\\'.repeat(120_000)}`],
    ['many quotes', '"'.repeat(240_001)],
    ['many names', `{${'"\\'.repeat(120_000)}`],
  ])('of %s is refused at once', async (_what, tail) => {
    const startedMs = performance.now();
    const answer = await send({ body: `{"operations":[${tail}` });
    expect(answer).toMatchObject({ status: 400, json: { code: 'body_invalid_json' } });
    expect(performance.now() - startedMs).toBeLessThan(2000);
  });
});

describe('A-43: a body that says it is', () => {
  const json = Buffer.from(one);
  test.each<[string, Asked, string]>([
    ['nothing', { headers: { 'content-type': '' } }, 'media_type_unsupported'],
    ['text', { headers: { 'content-type': 'text/plain' } }, 'media_type_unsupported'],
    ['JSON text', { headers: { 'content-type': 'text/json' } }, 'media_type_unsupported'],
    [
      'a merge patch',
      { headers: { 'content-type': 'application/merge-patch+json' } },
      'media_type_unsupported',
    ],
    ['a problem', { headers: { 'content-type': 'application/problem+json' } }, 'media_type_unsupported'],
    ['two types', { headers: { 'content-type': 'application/json, text/plain' } }, 'media_type_unsupported'],
    ['UTF-16', { headers: { 'content-type': 'application/json; charset=utf-16' } }, 'media_type_unsupported'],
    [
      'Latin-1',
      { headers: { 'content-type': 'application/json;charset=ISO-8859-1' } },
      'media_type_unsupported',
    ],
    [
      'a form',
      { headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      'media_type_unsupported',
    ],
    ['parts', { headers: { 'content-type': 'multipart/form-data; boundary=x' } }, 'media_type_unsupported'],
    ['gzip', { body: gzipSync(json), headers: { 'content-encoding': 'gzip' } }, 'encoding_unsupported'],
    [
      'brotli',
      { body: brotliCompressSync(json), headers: { 'content-encoding': 'br' } },
      'encoding_unsupported',
    ],
    [
      'deflate',
      { body: deflateSync(json), headers: { 'content-encoding': 'Deflate' } },
      'encoding_unsupported',
    ],
    [
      'gzip twice',
      { body: gzipSync(gzipSync(json)), headers: { 'content-encoding': 'gzip, gzip' } },
      'encoding_unsupported',
    ],
    ['of an unknown encoding', { headers: { 'content-encoding': 'x' } }, 'encoding_unsupported'],
  ])('%s is refused', async (_what, asked, code) => {
    expect(await send({ body: one, ...asked })).toMatchObject({ status: 415, json: { code } });
  });

  test.each([
    'application/json',
    'Application/JSON',
    'application/json;charset=utf-8',
    'application/json; charset="UTF-8"',
    'application/json; charset=utf8; odata.metadata=none',
  ])('%s is read', async (type) => {
    const answer = await send({
      body: one,
      headers: { 'content-type': type, 'content-encoding': 'identity' },
    });
    expect(answer).toMatchObject({ status: 400, json: { code: 'resource_invalid' } });
  });
});
