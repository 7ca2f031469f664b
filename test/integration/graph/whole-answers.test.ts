// Answers of Graph that stand for a whole batch: refusals, throttling, broken bodies. None of them is a status, and each
// says of all targets the same. Rows of the fault matrix: F-45, F-47, F-54, F-59, F-61, F-65.
import { afterEach, describe, expect, test } from 'vitest';
import {
  answerJson,
  entity,
  type Reading,
  type ReadingOptions,
  type Script,
  startReading,
  targetsOf,
} from './harness.ts';

let reading: Reading | undefined;
afterEach(() => reading?.stop());

/** Reads three operations; what each of them is said to be, without dates. */
async function read(script: Script, options: ReadingOptions = {}) {
  reading = await startReading(script, options);
  const { observations, ...rest } = await reading.reader.readBatch(targetsOf(3));
  const said = [...observations.values()].map(({ sentAtMs: _sent, arrivedAtMs: _arrived, ...one }) => one);
  return { said, ...rest };
}

function answerText(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Script {
  return (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
}

function errorBody(code: string): unknown {
  return { error: { code, message: 'x' } };
}

const refusedPause = { retryAfterMs: 60_000, code: 'identity_refused' };

describe('a refused token (F-45)', () => {
  test('is followed by one fresh one and one more try, which counts', async () => {
    const script: Script = (request, response) => {
      if (request.headers['authorization'] !== 'Bearer fresh-token') {
        answerJson(response, 401, errorBody('InvalidAuthenticationToken'));
        return;
      }
      const responses = [1, 2, 3].map((one) => ({ id: `k${one}`, status: 200, body: entity(`op${one}`) }));
      answerJson(response, 200, { responses });
    };
    const { said, pause } = await read(script);
    expect(said).toMatchObject(Array.from({ length: 3 }, () => ({ type: 'status', status: 'inprogress' })));
    expect({ pause, asked: reading?.tokensAsked }).toEqual({ pause: null, asked: [false, true] });
    const [first, second, ...more] = reading?.server.seen ?? [];
    expect(more).toEqual([]);
    expect(second?.body).toEqual(first?.body);
  });

  test.each([
    { code: 'its code', body: errorBody('InvalidAuthenticationToken'), said: 'InvalidAuthenticationToken' },
    { code: 'the status, where it has none', body: null, said: 'http_401' },
  ])('refused twice blocks all for a minute, by $code', async ({ body, said }) => {
    const read401 = await read((_request, response) => answerJson(response, 401, body));
    const refused = { type: 'refused', code: said };
    expect(read401).toMatchObject({ said: [refused, refused, refused], pause: refusedPause });
    expect(reading?.server.seen).toHaveLength(2);
  });

  test('is no refusal of the kind: the next read asks again in a batch', async () => {
    await read((_request, response) => answerJson(response, 401, null));
    await reading?.reader.readBatch(targetsOf(3));
    expect(reading?.server.seen.map(({ method }) => method)).toEqual(['POST', 'POST', 'POST', 'POST']);
  });

  test('never leaves the marker of a fresh one on the wire', async () => {
    await read((_request, response) => answerJson(response, 401, null));
    for (const { headers } of reading?.server.seen ?? [])
      expect(Object.keys(headers).filter((name) => name.startsWith('x-'))).toEqual([]);
  });
});

describe('no token (F-65)', () => {
  test('blocks all for a minute, and nothing is sent', async () => {
    const { said, pause } = await read(answerText(200, '{}'), { giveToken: () => null });
    const refused = { type: 'refused', code: 'no_token' };
    expect({ said, pause }).toEqual({ said: [refused, refused, refused], pause: refusedPause });
    expect(reading?.server.seen).toEqual([]);
  });

  test('after a refused one blocks all for a minute too', async () => {
    const { said, pause } = await read(answerText(401, ''), {
      giveToken: (isFresh) => (isFresh ? null : 'token'),
    });
    expect(said[0]).toEqual({ type: 'refused', code: 'http_401' });
    expect(pause).toEqual(refusedPause);
    expect(reading?.server.seen).toHaveLength(1);
  });
});

describe('waiting (F-54)', () => {
  test.each<{ what: string; status: number; retryAfter?: string; code: string; pause: unknown }>([
    {
      what: '429 with a decimal',
      status: 429,
      retryAfter: '2.128',
      code: 'throttled',
      pause: wait(2128, 429),
    },
    {
      what: '429 with five minutes',
      status: 429,
      retryAfter: '315',
      code: 'throttled',
      pause: wait(315_000, 429),
    },
    { what: '429 without a time', status: 429, code: 'throttled', pause: wait(null, 429) },
    { what: '429 with garbage', status: 429, retryAfter: 'soon', code: 'throttled', pause: wait(null, 429) },
    { what: '503 with a time', status: 503, retryAfter: '7', code: 'x', pause: wait(7000, 503) },
    { what: '503 without a time', status: 503, code: 'x', pause: null },
    { what: '504', status: 504, code: 'x', pause: null },
    { what: '424 with a time and no items', status: 424, retryAfter: '9', code: 'x', pause: wait(9000, 424) },
    { what: '424 without items', status: 424, code: 'x', pause: null },
  ])('$what is one fault of the whole batch', async ({ status, retryAfter, code, pause }) => {
    const headers: Readonly<Record<string, string>> =
      retryAfter === undefined ? {} : { 'retry-after': retryAfter };
    const answer = await read((_request, response) => answerJson(response, status, errorBody('x'), headers));
    const unreadable = { type: 'unreadable', code };
    expect(answer).toEqual({ said: [unreadable, unreadable, unreadable], pause, httpRequests: 1 });
    expect(reading?.server.seen).toHaveLength(1);
  });

  test('424 with items says what each item says', async () => {
    const responses = [
      { id: 'k1', status: 200, body: entity('op1', 'completed') },
      { id: 'k2', status: 429, headers: { 'Retry-After': '5' } },
      { id: 'k3', status: 424, body: errorBody('FailedDependency') },
    ];
    const answer = await read((_request, response) => answerJson(response, 424, { responses }));
    expect(answer).toMatchObject({
      said: [
        { type: 'status', status: 'completed' },
        { type: 'unreadable', code: 'throttled' },
        { type: 'unreadable', code: 'not_executed' },
      ],
      pause: wait(5000, 429),
    });
  });

  function wait(retryAfterMs: number | null, status: number) {
    return { retryAfterMs, code: `http_${status}` };
  }
});

const batch = JSON.stringify({ responses: [{ id: 'k1', status: 200, body: entity('op1', 'completed') }] });

describe('a body that can not be used (F-59)', () => {
  test.each([
    { what: 'HTML', text: '<!doctype html><html><body>completed</body></html>' },
    { what: 'nothing', text: '' },
    { what: 'a truncated batch', text: batch.slice(0, -20) },
    { what: 'a list', text: '[]' },
    { what: 'a text', text: '"completed"' },
    { what: 'null', text: 'null' },
    { what: 'a number', text: '200' },
    { what: 'an object without answers', text: '{}' },
    { what: 'answers that are no list', text: '{"responses":{"k1":{"status":200}}}' },
    { what: 'an error', text: JSON.stringify(errorBody('generalException')) },
    { what: 'nesting without end', text: '['.repeat(100_000) },
    { what: 'bytes that are no text', text: '\ufffd\u0000' },
  ])('in a 200 is no status: $what', async ({ text }) => {
    const malformed = { type: 'unreadable', code: 'answer_malformed' };
    expect(await read(answerText(200, text))).toEqual({
      said: [malformed, malformed, malformed],
      pause: null,
      httpRequests: 1,
    });
  });

  test('without any of the items that were asked for says that each is missing', async () => {
    const missing = { type: 'unreadable', code: 'missing_answer' };
    for (const responses of [[], [{ id: 'k9', status: 401 }]]) {
      const { said, pause } = await read(answerText(200, JSON.stringify({ responses })));
      expect({ said, pause }).toEqual({ said: [missing, missing, missing], pause: null });
      await reading?.stop();
    }
    reading = undefined;
  });

  test('in a failure is told by its status', async () => {
    expect((await read(answerText(502, '<html>'))).said[0]).toEqual({ type: 'unreadable', code: 'http_502' });
  });

  test('as no content or not modified is told by its status', async () => {
    for (const status of [204, 304]) {
      const { said } = await read((_request, response) => response.writeHead(status).end());
      expect(said[0]).toEqual({ type: 'unreadable', code: `http_${status}` });
      await reading?.stop();
    }
    reading = undefined;
  });
});
