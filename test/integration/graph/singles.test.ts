// Kinds that a batch refuses: read one by one, four at a time, for an hour; then a batch is tried again. Whether Graph
// takes calls in a batch is documented nowhere.
import { afterEach, describe, expect, test } from 'vitest';
import { answerJson, entity, type Reading, type Script, startReading, targetsOf } from './harness.ts';

let reading: Reading | undefined;
afterEach(() => reading?.stop());

const hourMs = 3_600_000;
type Answer = { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> };

/** Answers batches by one function and single reads by another, which is given the operation's id. */
function graph(batch: (ids: readonly string[]) => Answer, single: (id: string) => Answer): Script {
  return ({ method, url, body }, response) => {
    const { requests = [] } = (body ?? {}) as { requests?: readonly { readonly id: string }[] };
    const id = url.slice(url.lastIndexOf('/') + 1);
    const answer = method === 'POST' ? batch(requests.map((one) => one.id)) : single(id);
    answerJson(response, answer.status, answer.body ?? null, answer.headers);
  };
}

const refusedBy =
  (status: number): (() => Answer) =>
  () => ({ status });
const found = (id: string): Answer => ({ status: 200, body: entity(id) });

/** Each target's observation by key: its word, or its code. */
async function read(count = 3, kind: 'commsOperation' | 'connectionOperation' = 'commsOperation') {
  const answer = await reading?.reader.readBatch(targetsOf(count, kind));
  const said = [...(answer?.observations ?? [])].map(([key, one]) => [
    key,
    one.type === 'status' ? one.status : one.code,
  ]);
  return { said: Object.fromEntries(said) as Readonly<Record<string, unknown>>, ...answer };
}

/** Methods of the requests since the last look. */
let looked = 0;
function asked(): readonly string[] {
  const methods = (reading?.server.seen ?? []).slice(looked).map(({ method }) => method);
  looked = reading?.server.seen.length ?? 0;
  return methods;
}

async function start(script: Script): Promise<void> {
  looked = 0;
  reading = await startReading(script);
}

describe('a kind whose batch is refused', () => {
  test.each([400, 403, 404, 405, 501])(
    'by %i is read one by one for an hour, then in a batch',
    async (status) => {
      await start(graph(refusedBy(status), found));
      const all = { k1: 'inprogress', k2: 'inprogress', k3: 'inprogress' };
      expect(await read()).toMatchObject({ said: all, pause: null, httpRequests: 4 });
      expect(asked()).toEqual(['POST', 'GET', 'GET', 'GET']);
      reading?.advance(hourMs - 1000);
      expect(await read()).toMatchObject({ said: all, httpRequests: 3 });
      expect(asked()).toEqual(['GET', 'GET', 'GET']);
      reading?.advance(1000);
      await read();
      expect(asked()).toEqual(['POST', 'GET', 'GET', 'GET']);
    },
  );

  test('goes back to a batch when that works again', async () => {
    let isRefusing = true;
    const batch = (ids: readonly string[]): Answer => {
      const items = ids.map((id) => ({ id, status: 200, body: entity(id.replace('k', 'op'), 'failed') }));
      return isRefusing ? { status: 400 } : { status: 200, body: { responses: items } };
    };
    await start(graph(batch, found));
    await read();
    isRefusing = false;
    reading?.advance(hourMs);
    asked();
    expect((await read()).said).toEqual({ k1: 'failed', k2: 'failed', k3: 'failed' });
    await read();
    expect(asked()).toEqual(['POST', 'POST']);
  });

  test('changes nothing for another kind or version', async () => {
    await start(graph(refusedBy(400), found));
    await read(1);
    asked();
    await read(1, 'connectionOperation');
    const beta = targetsOf(1, 'commsOperation').map((one) => ({
      ...one,
      resource: { ...one.resource, version: 'beta' as const },
    }));
    await reading?.reader.readBatch(beta);
    expect(asked()).toEqual(['POST', 'GET', 'POST', 'GET']);
  });

  test('and whose single reads are refused as well is asked in a batch alone for a minute', async () => {
    await start(graph(refusedBy(403), refusedBy(403)));
    expect(await read()).toMatchObject({ said: { k1: 'http_403', k2: 'http_403', k3: 'http_403' } });
    expect(asked()).toEqual(['POST', 'GET', 'GET', 'GET']);
    const { observations } = await read();
    expect(observations?.get('k2')).toMatchObject({ type: 'refused', code: 'http_403' });
    expect(asked()).toEqual(['POST']);
    reading?.advance(60_000);
    await read();
    expect(asked()).toEqual(['POST', 'GET', 'GET', 'GET']);
  });

  test('because nobody finds the batch endpoint has lost nothing where nobody finds the operations either', async () => {
    await start(graph(refusedBy(404), refusedBy(404)));
    const { observations } = await read();
    const said = [...(observations?.values() ?? [])].map(({ type, ...one }) => ({
      type,
      code: 'code' in one ? one.code : null,
    }));
    expect(said).toEqual(Array.from({ length: 3 }, () => ({ type: 'unreadable', code: 'http_404' })));
    reading?.advance(60_000);
    asked();
    await read();
    expect(asked()[0]).toBe('POST');
  });

  test('by 404 has lost an operation that is not found beside others that are', async () => {
    await start(graph(refusedBy(404), (id) => (id === 'op1' ? { status: 404 } : found(id))));
    expect((await read()).observations?.get('k1')).toMatchObject({ type: 'gone', httpStatus: 404 });
  });

  test('has at most four single reads in flight', async () => {
    let inFlight = 0;
    let most = 0;
    const script: Script = ({ method, url }, response) => {
      if (method === 'POST') return answerJson(response, 400, null);
      inFlight += 1;
      most = Math.max(most, inFlight);
      setTimeout(() => {
        inFlight -= 1;
        answerJson(response, 200, entity(url.slice(url.lastIndexOf('/') + 1)));
      }, 5);
    };
    await start(script);
    expect(Object.keys((await read(20)).said)).toHaveLength(20);
    expect(most).toBe(4);
  });
});

describe('items that a batch refuses', () => {
  /** A batch that answers the first item as given and the others well. */
  function batchWith(status: number): (ids: readonly string[]) => Answer {
    return (ids) => ({
      status: 200,
      body: {
        responses: ids.map((id, index) =>
          index === 0 ? { id, status } : { id, status: 200, body: entity(id.replace('k', 'op')) },
        ),
      },
    });
  }

  test.each([400, 405, 501])('by %i, beside good ones, are read singly each time', async (status) => {
    await start(graph(batchWith(status), (id) => ({ status: 200, body: entity(id, 'completed') })));
    const all = { k1: 'completed', k2: 'inprogress', k3: 'inprogress' };
    expect(await read()).toMatchObject({ said: all, httpRequests: 2 });
    await read();
    expect(asked()).toEqual(['POST', 'GET', 'POST', 'GET']);
  });

  test('of a whole kind are read singly for an hour', async () => {
    const batch = (ids: readonly string[]): Answer => ({
      status: 200,
      body: { responses: ids.map((id) => ({ id, status: 400 })) },
    });
    await start(graph(batch, found));
    expect((await read()).said).toEqual({ k1: 'inprogress', k2: 'inprogress', k3: 'inprogress' });
    await read();
    expect(asked()).toEqual(['POST', 'GET', 'GET', 'GET', 'GET', 'GET', 'GET']);
  });

  test('are not asked for in another way while the batch asks to wait', async () => {
    const body = {
      responses: [
        { id: 'k1', status: 400 },
        { id: 'k2', status: 429, headers: { 'Retry-After': '5' } },
      ],
    };
    await start(graph(() => ({ status: 200, body }), found));
    const { said, pause } = await read(2);
    expect({ said, pause }).toEqual({
      said: { k1: 'http_400', k2: 'throttled' },
      pause: { retryAfterMs: 5000, code: 'http_429' },
    });
    expect(asked()).toEqual(['POST']);
  });
});

describe('a single read', () => {
  test.each<{ what: string; answer: Answer; pause: unknown }>([
    {
      what: 'throttled',
      answer: { status: 429, headers: { 'retry-after': '2.5' } },
      pause: { retryAfterMs: 2500, code: 'http_429' },
    },
    {
      what: 'told to come back to a busy service',
      answer: { status: 503, headers: { 'retry-after': '9' } },
      pause: { retryAfterMs: 9000, code: 'http_503' },
    },
    {
      what: 'without a valid token',
      answer: { status: 401 },
      pause: { retryAfterMs: 60_000, code: 'identity_refused' },
    },
    {
      what: 'refused for an app-only token',
      answer: { status: 403, body: { error: { code: '40001' } } },
      pause: { retryAfterMs: 60_000, code: 'identity_refused' },
    },
  ])('$what is the last one', async ({ answer, pause }) => {
    await start(graph(refusedBy(400), () => answer));
    const read20 = await read(20);
    expect(read20.pause).toEqual(pause);
    expect(Object.keys(read20.said).length).toBeLessThanOrEqual(4);
    expect(asked().length).toBeLessThanOrEqual(1 + 2 * 4);
  });

  test.each<{ what: string; answer: Answer; said: unknown }>([
    { what: '404', answer: { status: 404, body: { error: { code: '8522' } } }, said: '8522' },
    { what: '500', answer: { status: 500 }, said: 'http_500' },
    { what: 'another id', answer: { status: 200, body: entity('op9') }, said: 'identity_mismatch' },
    { what: 'no JSON', answer: { status: 200, body: '<html>' }, said: 'status_malformed' },
  ])('says what an item says: $what', async ({ answer, said }) => {
    await start(graph(refusedBy(400), (id) => (id === 'op1' ? answer : found(id))));
    expect((await read()).said).toEqual({ k1: said, k2: 'inprogress', k3: 'inprogress' });
  });
});

describe('an identity that a batch’s items refuse', () => {
  const itemsOf =
    (...items: readonly { readonly status: number; readonly body?: unknown }[]) =>
    (ids: readonly string[]): Answer => ({
      status: 200,
      body: { responses: ids.map((id, index) => ({ id, ...items[index] })) },
    });
  const appOnly = { error: { code: '40001', message: 'x' } };
  const blocked = { retryAfterMs: 60_000, code: 'identity_refused' };

  test.each([
    { what: '401', items: [{ status: 401 }, { status: 401 }], pause: blocked },
    { what: '40001 by 403', items: [{ status: 403, body: appOnly }, { status: 401 }], pause: blocked },
    {
      what: '401 beside a good one',
      items: [{ status: 401 }, { status: 200, body: entity('op2') }],
      pause: null,
    },
    { what: '401 beside a missing one', items: [{ status: 401 }, { status: 404 }], pause: null },
    { what: '401 of the only one', items: [{ status: 401 }], pause: null },
    { what: '403 for their own sake', items: [{ status: 403 }, { status: 403 }], pause: null },
  ])('is asked again after a minute where all do: $what', async ({ items, pause }) => {
    await start(graph(itemsOf(...items), found));
    expect((await read(items.length)).pause).toEqual(pause);
    expect(asked()).toEqual(['POST']);
  });
});
