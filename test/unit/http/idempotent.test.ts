// An Idempotency-Key: once is once, also when the answer of storage is lost or the process dies in between.
import { HttpRequest } from '@azure/functions';
import { beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../../src/domain/errors.ts';
import { createRunOnce } from '../../../src/flows/idempotency.ts';
import { type Call, type Handle, jsonResponse } from '../../../src/http/endpoint.ts';
import { idempotent } from '../../../src/http/idempotent.ts';
import { HttpProblem } from '../../../src/http/problem.ts';
import { createIdempotencyStore } from '../../../src/storage/idempotency-store.ts';
import { createMemoryTable } from '../../fakes/memory-table.ts';

const dayMs = 24 * 3_600_000;
const minuteMs = 60_000;

let table: ReturnType<typeof createMemoryTable>;
let nowMs: number;
let runs: number;

beforeEach(() => {
  table = createMemoryTable();
  nowMs = 1_800_000_000_000;
  runs = 0;
});

function once(handle: Handle): Handle {
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  return idempotent(createRunOnce({ clock, idempotency: createIdempotencyStore(table) }), handle);
}

const counted: Handle = async (call) => {
  runs += 1;
  return jsonResponse(call, 201, { body: { run: runs }, headers: { location: '/api/operations/x' } });
};

function aCall(options: { key?: string; body?: string; caller?: string } = {}): Call {
  const { key = 'order-1', body = '{"a":1}', caller = 'someone' } = options;
  const request = new HttpRequest({
    method: 'POST',
    url: 'http://127.0.0.1/api/operations',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: { string: body },
  });
  return { request, correlationId: 'c', caller: { id: caller, may: () => true } };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof HttpProblem ? error.code : String(error);
}

describe('the same key', () => {
  test('with the same body gives the first answer again and runs nothing', async () => {
    const handle = once(counted);
    const first = await handle(aCall());
    const second = await handle(aCall());
    expect(runs).toBe(1);
    expect(second).toMatchObject({ status: 201, body: first.body });
    expect(second.headers).toMatchObject({ location: '/api/operations/x', 'idempotency-replayed': 'true' });
  });

  test('with another body is refused', async () => {
    const handle = once(counted);
    await handle(aCall());
    expect(await codeOf(handle(aCall({ body: '{"a":2}' })))).toBe('idempotency_mismatch');
    expect(runs).toBe(1);
  });

  test('of another caller is another key', async () => {
    const handle = once(counted);
    await handle(aCall());
    await handle(aCall({ caller: 'someone else' }));
    expect(runs).toBe(2);
  });

  test('runs again after a day', async () => {
    const handle = once(counted);
    await handle(aCall());
    nowMs += dayMs;
    await handle(aCall());
    expect(runs).toBe(2);
  });

  test('while the first request runs is a conflict', async () => {
    let finish: (() => void) | undefined;
    const slow = once(async (call) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return counted(call);
    });
    const first = slow(aCall());
    await expect.poll(() => finish).toBeDefined();
    expect(await codeOf(slow(aCall()))).toBe('idempotency_conflict');
    finish?.();
    await first;
    expect(runs).toBe(1);
  });

  test('after a process that died with it says that nobody knows, and runs nothing', async () => {
    void once(() => new Promise(() => undefined))(aCall()); // its process dies: it never answers
    await expect.poll(() => table.rows('idempotency').length).toBe(1);
    nowMs += 6 * minuteMs;
    expect(await codeOf(once(counted)(aCall()))).toBe('graph_timeout');
    expect(runs).toBe(0);
  });
});

describe('an answer', () => {
  test.each([429, 503])('of %i may be tried again with the same key', async (status) => {
    const handle = once(async (call) => {
      await counted(call);
      return jsonResponse(call, runs === 1 ? status : 200, { body: {} });
    });
    expect(await handle(aCall())).toMatchObject({ status });
    expect(await handle(aCall())).toMatchObject({ status: 200 });
  });

  test('that refuses is given again, too', async () => {
    const handle = once(async () => {
      runs += 1;
      throw new HttpProblem('resource_invalid');
    });
    const first = await handle(aCall());
    expect(await handle(aCall())).toMatchObject({ status: 400, body: first.body });
    expect(runs).toBe(1);
  });

  test('of many operations is kept whole', async () => {
    const body = { text: 'x'.repeat(200_000) };
    const handle = once(async (call) => jsonResponse(call, 200, { body }));
    const first = await handle(aCall());
    const second = await handle(aCall());
    expect(second.body).toBe(first.body);
  });

  test('that is too long to be kept is known to have been given, and the request runs no second time', async () => {
    const handle = once(async (call) => {
      await counted(call);
      return jsonResponse(call, 200, { body: { text: '"'.repeat(300_000) } });
    });
    expect(await handle(aCall())).toMatchObject({ status: 200 });
    expect(await codeOf(handle(aCall()))).toBe('idempotency_conflict');
    expect(await codeOf(handle(aCall({ body: '{"a":2}' })))).toBe('idempotency_mismatch');
    nowMs += 6 * minuteMs;
    expect(await codeOf(handle(aCall()))).toBe('graph_timeout');
    expect(runs).toBe(1);
  });
});

describe('an answer that can not be kept', () => {
  test('because storage refuses us meanwhile, is given all the same', async () => {
    const handle = once(async (call) => {
      table.fault = () => {
        throw new AppError('storage_forbidden', 'refused', { action: 'retry' });
      };
      return counted(call);
    });
    expect(await handle(aCall())).toMatchObject({ status: 201 });
    table.fault = null;
    expect(await codeOf(handle(aCall()))).toBe('idempotency_conflict');
    expect(runs).toBe(1);
  });

  test('because no row holds it, is given all the same, and later nobody knows it', async () => {
    const handle = once(async (call) => {
      await counted(call);
      return jsonResponse(call, 200, { body: { text: 'x'.repeat(600_000) } });
    });
    expect(await handle(aCall())).toMatchObject({ status: 200 });
    expect(await codeOf(handle(aCall()))).toBe('idempotency_conflict');
    nowMs += 6 * minuteMs;
    expect(await codeOf(handle(aCall()))).toBe('graph_timeout');
    expect(runs).toBe(1);
  });
});

test('a write that was applied and whose answer was lost still runs the request, once', async () => {
  let isFirst = true;
  table.fault = () => {
    const fault = isFirst ? 'lose' : null;
    isFirst = false;
    return fault;
  };
  expect(await once(counted)(aCall())).toMatchObject({ status: 201 });
  expect(runs).toBe(1);
});

test.each(['', 'with space', 'x'.repeat(129), 'ü'])('refuses the key %j', async (key) => {
  const call = aCall();
  const headers = { get: (name: string) => (name === 'idempotency-key' ? key : null) };
  const odd = { ...call, request: { headers } as unknown as HttpRequest };
  expect(await codeOf(once(counted)(odd))).toBe('value_invalid');
});

test('runs a request without a key as it is, and writes nothing', async () => {
  const request = new HttpRequest({ method: 'POST', url: 'http://127.0.0.1/api/operations' });
  await once(counted)({ request, correlationId: 'c', caller: null });
  expect(table.rows('idempotency')).toEqual([]);
});
