// Reading operations by a batch that Graph answers: what is sent, and what each item of the answer says.
import { afterEach, describe, expect, test } from 'vitest';
import type { ReadTarget } from '../../../src/graph/answers.ts';
import {
  answerJson,
  batchOf,
  entity,
  type Item,
  type Reading,
  type Script,
  startMs,
  startReading,
  targetOf,
  targetsOf,
} from './harness.ts';

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
let reading: Reading | undefined;

afterEach(() => reading?.stop());

async function read(script: Script, targets: readonly ReadTarget[]) {
  reading = await startReading(script);
  return reading.reader.readBatch(targets);
}

/** What each key's observation says, without dates. */
async function observed(script: Script, targets: readonly ReadTarget[]) {
  const { observations } = await read(script, targets);
  return Object.fromEntries(
    [...observations].map(([key, { sentAtMs: _sent, arrivedAtMs: _arrived, ...said }]) => [key, said]),
  );
}

function status(word: string | null, details: Readonly<Record<string, unknown>> = {}) {
  const none = { error: null, result: null, clientContext: null, percentComplete: null };
  return { type: 'status', status: word, observedBy: 'poll', details: { ...none, ...details } };
}

describe('the request', () => {
  test('is one POST of plain items to the batch endpoint of the version', async () => {
    const beta = targetsOf(2).map((one) => ({
      ...one,
      resource: { ...one.resource, version: 'beta' as const },
    }));
    await read(batchOf(), beta);
    const [request, ...more] = reading?.server.seen ?? [];
    expect(more).toEqual([]);
    expect(request).toMatchObject({
      method: 'POST',
      url: '/beta/$batch',
      headers: {
        authorization: 'Bearer token',
        accept: 'application/json',
        'content-type': 'application/json',
        'client-request-id': expect.stringMatching(guid),
      },
      body: {
        requests: ['1', '2'].map((number) => ({
          id: `k${number}`,
          method: 'GET',
          url: `/external/connections/contosohr/operations/op${number}`,
          headers: { 'client-request-id': expect.stringMatching(guid) },
        })),
      },
    });
    const ids = JSON.stringify(request).match(/"client-request-id":"[^"]*"/g) ?? [];
    expect(new Set(ids).size).toBe(3);
  });

  test('encodes each segment of an item on its own', async () => {
    await read(batchOf(), [targetOf('1-a', { kind: 'onenoteOperation' })]);
    expect(reading?.server.seen[0]?.body).toMatchObject({
      requests: [{ url: "/users/o'neill%231%40contoso.com/onenote/operations/1-a" }],
    });
  });

  test('leaves out a path that leads elsewhere, and says so of that target alone', async () => {
    const bad = (path: string, key: string): ReadTarget => {
      const target = targetOf('x', { key });
      return { ...target, resource: { ...target.resource, path } };
    };
    const paths = ['/a/../../users/x', '/a/./b', '/a//b', '', 'users/x/..', '/a/\ud800'];
    const targets = [targetOf('op1'), ...paths.map((path, index) => bad(path, `bad${index}`))];
    const said = await observed(batchOf({ id: 'k1', status: 200, body: entity('op1') }), targets);
    const refused = { type: 'unreadable', code: 'address_refused' };
    expect(said).toEqual({
      k1: status('inprogress'),
      bad0: refused,
      bad1: refused,
      bad2: refused,
      bad3: refused,
      bad4: refused,
      bad5: refused,
    });
    expect(reading?.server.seen[0]?.body).toMatchObject({ requests: [{ id: 'k1' }] });
  });

  test('is dated just before it leaves and after its answer has arrived', async () => {
    const script: Script = (_request, response) => {
      reading?.advance(1000);
      answerJson(response, 200, { responses: [{ id: 'k1', status: 200, body: entity('op1') }] });
    };
    const { observations } = await read(script, targetsOf(1));
    expect(observations.get('k1')).toMatchObject({ sentAtMs: startMs + 1, arrivedAtMs: startMs + 1002 });
  });

  test('has at most 20 items, and none is sent for no targets', async () => {
    expect(await read(batchOf(), [])).toEqual({ observations: new Map(), pause: null, httpRequests: 0 });
    await expect(reading?.reader.readBatch(targetsOf(21))).rejects.toThrow(TypeError);
    expect(reading?.server.seen).toEqual([]);
  });
});

describe('items', () => {
  test('are told apart by id: in any order and case, the first of two counts, foreign and missing ones do not', async () => {
    const script = batchOf(
      { id: 'K2', status: 200, body: entity('op2', 'completed') },
      { id: 'k9', status: 200, body: entity('op1', 'failed') },
      { id: 'k1', status: 200, body: entity('op1') },
      { id: 'k2', status: 200, body: entity('op2', 'failed') },
    );
    expect(await observed(script, targetsOf(3))).toEqual({
      k1: status('inprogress'),
      k2: status('completed'),
      k3: { type: 'unreadable', code: 'missing_answer' },
    });
  });

  test('that are malformed spoil no other', async () => {
    const items = [
      null,
      'k1',
      { id: 'k1', status: '200', body: entity('op1') },
      { id: null, status: 200, body: entity('op2') },
      { id: 'k3', status: 200, headers: 7, body: entity('op3', 'completed') },
    ] as unknown as readonly Item[];
    const missing = { type: 'unreadable', code: 'missing_answer' };
    expect(await observed(batchOf(...items), targetsOf(3))).toEqual({
      k1: missing,
      k2: missing,
      k3: status('completed'),
    });
  });

  test('count whatever the status of the whole answer says', async () => {
    const responses = [{ id: 'k1', status: 200, body: entity('op1') }];
    for (const outer of [200, 207, 424, 500]) {
      const said = await observed(
        (_request, response) => answerJson(response, outer, { responses }),
        targetsOf(1),
      );
      expect(said).toEqual({ k1: status('inprogress') });
      await reading?.stop();
    }
    reading = undefined;
  });

  const guidId = '0F3C8A1B-0000-4000-8000-00000000000A';

  test.each<{ what: string; item: Omit<Item, 'id'>; said: unknown; operationId?: string }>([
    { what: 'a null status', item: { status: 200, body: entity('op1', null) }, said: status(null) },
    { what: 'an unknown word', item: { status: 200, body: entity('op1', 'Idle') }, said: status('Idle') },
    {
      what: 'a GUID in another spelling',
      operationId: guidId.toLowerCase(),
      item: { status: 200, body: entity(guidId.replaceAll('-', '')) },
      said: status('inprogress'),
    },
    { what: 'a body without id', item: { status: 200, body: { status: 'failed' } }, said: status('failed') },
    {
      what: 'another id than asked',
      item: { status: 200, body: entity('op2', 'completed') },
      said: { type: 'unreadable', code: 'identity_mismatch' },
    },
    { what: 'a status that is a number', item: { status: 200, body: entity('op1', 2) }, said: malformed() },
    { what: 'a status that is an object', item: { status: 200, body: entity('op1', {}) }, said: malformed() },
    {
      what: 'a status too long for a word',
      item: { status: 200, body: entity('op1', 'x'.repeat(129)) },
      said: malformed(),
    },
    { what: 'a missing status', item: { status: 200, body: { id: 'op1' } }, said: malformed() },
    { what: 'a list as body', item: { status: 200, body: [entity('op1')] }, said: malformed() },
    { what: 'a text as body', item: { status: 200, body: '<html>' }, said: malformed() },
    { what: 'no body', item: { status: 200 }, said: malformed() },
    {
      what: 'an error in a 200',
      item: { status: 200, body: { error: { code: 'generalException', message: 'x' } } },
      said: malformed(),
    },
    {
      what: '404',
      item: { status: 404, body: { error: { code: 'itemNotFound' } } },
      said: { type: 'gone', httpStatus: 404, code: 'itemNotFound' },
    },
    {
      what: '410 without a body',
      item: { status: 410 },
      said: { type: 'gone', httpStatus: 410, code: 'http_410' },
    },
    {
      what: '403 with nested codes',
      item: {
        status: 403,
        body: {
          error: {
            code: 'Forbidden',
            innerError: { code: '', innererror: { code: 'insufficient_claims', date: 'x' } },
          },
        },
      },
      said: { type: 'refused', code: 'insufficient_claims' },
    },
    { what: '401', item: { status: 401, body: null }, said: { type: 'refused', code: 'http_401' } },
    {
      what: 'the refusal of app-only tokens in another status',
      item: { status: 500, body: { error: { code: '40001', message: 'x', '@api.url': 'x' } } },
      said: { type: 'refused', code: '40001' },
    },
    { what: '424', item: { status: 424 }, said: { type: 'unreadable', code: 'not_executed' } },
    { what: '204', item: { status: 204 }, said: { type: 'unreadable', code: 'http_204' } },
    {
      what: '302 to another host',
      item: { status: 302, headers: { Location: 'https://evil.example' } },
      said: { type: 'unreadable', code: 'http_302' },
    },
    {
      what: '503 with an empty code',
      item: { status: 503, body: { error: { code: '', message: '' } } },
      said: { type: 'unreadable', code: 'http_503' },
    },
    {
      what: 'a code with markup and line ends',
      item: { status: 500, body: { error: { code: '<b>\r\nx\u0007' } } },
      said: { type: 'unreadable', code: 'bx' },
    },
  ])('say what they say: $what', async ({ item, said, operationId = 'op1' }) => {
    expect(await observed(batchOf({ id: 'k1', ...item }), [targetOf(operationId)])).toEqual({ k1: said });
  });

  function malformed() {
    return { type: 'unreadable', code: 'status_malformed' };
  }
});

describe('waits', () => {
  test.each<{ what: string; items: readonly Omit<Item, 'id'>[]; pause: unknown }>([
    { what: 'a decimal', items: [throttled('2.128')], pause: { retryAfterMs: 2128, code: 'http_429' } },
    { what: 'none', items: [{ status: 429 }], pause: { retryAfterMs: null, code: 'http_429' } },
    { what: 'garbage', items: [throttled('soon')], pause: { retryAfterMs: null, code: 'http_429' } },
    {
      what: 'a number, not a text',
      items: [{ status: 429, headers: { 'retry-after': 3 } }],
      pause: { retryAfterMs: 3000, code: 'http_429' },
    },
    {
      what: 'several, of which the longest counts',
      items: [throttled('5'), throttled('315'), { status: 429 }, throttled('20')],
      pause: { retryAfterMs: 315_000, code: 'http_429' },
    },
    {
      what: 'one in any spelling of the header, beside good items',
      items: [{ status: 200 }, { status: 429, headers: { 'RETRY-AFTER': '7' } }],
      pause: { retryAfterMs: 7000, code: 'http_429' },
    },
    {
      what: 'one of a busy service',
      items: [{ status: 503, headers: { 'Retry-After': '9' } }],
      pause: { retryAfterMs: 9000, code: 'http_503' },
    },
    { what: 'none of a busy service', items: [{ status: 503 }], pause: null },
    { what: 'one of a success', items: [{ status: 200, headers: { 'Retry-After': '9' } }], pause: null },
    { what: 'one of a 404', items: [{ status: 404, headers: { 'Retry-After': '9' } }], pause: null },
  ])('are kept: $what', async ({ items, pause }) => {
    const script = batchOf(...items.map((item, index) => ({ id: `k${index + 1}`, ...item })));
    expect(await read(script, targetsOf(items.length))).toMatchObject({ pause, httpRequests: 1 });
  });

  test('a throttled item holds up no other of its batch', async () => {
    const script = batchOf(
      { id: 'k1', ...throttled('5') },
      { id: 'k2', status: 200, body: entity('op2', 'completed') },
    );
    expect(await observed(script, targetsOf(2))).toEqual({
      k1: { type: 'unreadable', code: 'throttled' },
      k2: status('completed'),
    });
  });

  function throttled(retryAfter: string): Omit<Item, 'id'> {
    const body = { error: { code: 'TooManyRequests', innerError: { code: '429' } } };
    return { status: 429, headers: { 'Retry-After': retryAfter }, body };
  }
});
