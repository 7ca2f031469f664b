// The attack list of the proxy for rights over properties, look-ups, and how often a caller may write.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Answer, type Proxy, startProxy } from './harness.ts';
import { connection, expectRefused } from './refusals.ts';

let proxy: Proxy;
beforeAll(async () => {
  proxy = await startProxy();
});
afterAll(() => proxy.stop());
beforeEach(() => {
  proxy.simulator.control.reset();
  proxy.simulator.control.addConnection({ id: 'contosohr', name: 'HR' });
});

const call = '9b2d1c3e-0000-4000-8000-00000000abcd';
const name = { name: 'People' };

describe('A-37: configuration without the right', () => {
  test.each([{ authorizedAppIds: [call] }, null, {}])('is refused: %j', async (configuration) => {
    const answer = await proxy.patch(connection, { body: { ...name, configuration } });
    await expectRefused(proxy, answer, [403, 'property_forbidden']);
  });

  test('is allowed to key callers by a setting', async () => {
    const open = await startProxy({ env: { OPWATCH_PATCH_CONFIGURATION: 'allow' } });
    try {
      open.simulator.control.addConnection({ id: 'contosohr' });
      const body = { configuration: { authorizedAppIds: [call] } };
      expect(await open.patch(connection, { body })).toMatchObject({ status: 204 });
      expect(open.simulator.control.requests()[0]?.body).toEqual(body);
    } finally {
      await open.stop();
    }
  });
});

test('A-39: a look-up finds nothing in storage that was never used', async () => {
  const fresh = await startProxy();
  try {
    const body = { id: 'op', status: 'failed' };
    const answer = await fresh.patch('v1.0/connectionOperation', { body });
    expect(answer).toMatchObject({ status: 404, json: { code: 'operation_unknown' } });
  } finally {
    await fresh.stop();
  }
});

test('A-49: each of a hundred changes at once is sent once, whatever its idempotency key', async () => {
  const headers = { 'idempotency-key': 'one' };
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      proxy.patch(connection, { body: { name: `n${index}` }, headers }),
    ),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]));
  const names = proxy.simulator.control.requests().map(({ body }) => (body as { name: string }).name);
  expect(new Set(names).size).toBe(100);
  expect(names.length).toBe(100);
});

describe('A-57: sixty changes in one second', () => {
  test('are limited for one caller, and others are unaffected', async () => {
    let nowMs = 0;
    const limited = await startProxy({ limitClock: () => nowMs });
    try {
      limited.simulator.control.addConnection({ id: 'contosohr' });
      const answers: Answer[] = [];
      for (let sent = 0; sent < 60; sent += 1) answers.push(await limited.patch(connection, { body: name }));
      expect(answers.map(({ status }) => status)).toEqual([...Array(40).fill(204), ...Array(20).fill(429)]);
      expect(answers.at(-1)).toMatchObject({
        headers: { 'retry-after': '1' },
        json: { code: 'rate_limited' },
      });
      expect(limited.simulator.control.stats().patches).toBe(40);
      const other = { 'x-functions-key': 'another-key' };
      expect(await limited.patch(connection, { body: name, headers: other })).toMatchObject({ status: 204 });
      expect(await limited.get(connection)).toMatchObject({ status: 200 });
      nowMs += 1000;
      for (let sent = 0; sent < 20; sent += 1)
        expect(await limited.patch(connection, { body: name })).toMatchObject({ status: 204 });
      expect(await limited.patch(connection, { body: name })).toMatchObject({ status: 429 });
    } finally {
      await limited.stop();
    }
  });
});
