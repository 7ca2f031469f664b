// The Idempotency-Key of a registration over HTTP. Tracking is idempotent by itself, so what the key adds is the first
// answer again, and a refusal where it was meant for something else.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer } from './client.ts';
import { type Api, startApi } from './harness.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

let keys = 0;
const freshKey = (): string => `order:${(keys += 1)}`;

const comparable = ({ status, text, headers }: Answer): unknown => [
  status,
  text,
  headers['location'],
  headers['client-request-id'],
];

describe('the same request with the same key', () => {
  test('has the first answer again, whatever happened since', async () => {
    const body = { resource: api.addOperation(), label: 'first' };
    const headers = { 'idempotency-key': freshKey() };
    const first = await api.post(body, headers);
    expect(first.status).toBe(201);
    expect(first.headers).not.toHaveProperty('idempotency-replayed');
    await api.send('DELETE', String(first.headers['location']));
    for (const key of [headers['idempotency-key'], `"${headers['idempotency-key']}"`]) {
      const again = await api.post(body, { 'idempotency-key': key });
      expect(comparable(again)).toEqual(comparable(first));
      expect(again.headers['idempotency-replayed']).toBe('true');
    }
    expect(await api.post(body)).toMatchObject({ status: 200, json: { state: 'cancelled' } });
  });

  test('is refused alike again', async () => {
    const headers = { 'idempotency-key': freshKey() };
    const ask = () => api.post({ resource: '/nonsense' }, headers);
    const first = await ask();
    expect(first).toMatchObject({ status: 400, json: { code: 'resource_invalid' } });
    const again = await ask();
    expect(comparable(again)).toEqual(comparable(first));
    expect(again.headers['idempotency-replayed']).toBe('true');
  });

  test('has its many results again in the same words', async () => {
    const resources = Array.from({ length: 100 }, () => api.addOperation());
    const body = { operations: resources.map((resource) => ({ resource, label: 'ä"\\'.repeat(30) })) };
    const headers = { 'idempotency-key': freshKey() };
    const first = await api.post(body, headers);
    const again = await api.post(body, headers);
    expect(comparable(again)).toEqual(comparable(first));
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect((again.json['results'] as { status: number }[]).every(({ status }) => status === 201)).toBe(true);
  });

  test('runs once, and is told so while it runs', async () => {
    const resources = Array.from({ length: 50 }, () => api.addOperation());
    const body = { operations: resources.map((resource) => ({ resource })) };
    const headers = { 'idempotency-key': freshKey() };
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.post(body, headers)));
    const ran = answers.filter(
      ({ status, headers }) => status === 200 && !('idempotency-replayed' in headers),
    );
    const running = answers.filter(({ status }) => status === 409);
    expect(ran).toHaveLength(1);
    expect(running.length).toBeGreaterThan(0);
    for (const { json } of running) expect(json['code']).toBe('idempotency_conflict');
    for (const one of answers.filter(({ status }) => status === 200)) expect(one.text).toBe(ran[0]?.text);
  });

  test.each([
    ['another caller', { 'x-functions-key': 'another' }],
    ['another key', { 'idempotency-key': 'another' }],
  ])('of %s is another one', async (_what, other) => {
    const body = { resource: api.addOperation() };
    const headers = { 'idempotency-key': freshKey() };
    expect(await api.post(body, headers)).toMatchObject({ status: 201 });
    const answer = await api.post(body, { ...headers, ...other });
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.headers).not.toHaveProperty('idempotency-replayed');
  });
});

test('another request with the same key is refused and does nothing', async () => {
  const headers = { 'idempotency-key': freshKey() };
  const [one, other] = [api.addOperation(), api.addOperation()];
  expect(await api.post({ resource: one }, headers)).toMatchObject({ status: 201 });
  for (const body of [{ resource: other }, { resource: one, label: 'x' }, `{ "resource": "${one}" }`])
    expect(await api.post(body, headers)).toMatchObject({
      status: 422,
      json: { code: 'idempotency_mismatch' },
    });
  expect(await api.post({ resource: other })).toMatchObject({ status: 201 });
});

test.each([
  ['nothing', ''],
  ['129 characters', 'x'.repeat(129)],
  ['spaces', 'a b'],
  ['a list', 'a, b'],
  ['markup', '<script>'],
  ['a quote in it', '"a"b"'],
  ['what is no ASCII', 'caf\u00e9'],
])('a key of %s is refused and does nothing', async (_what, key) => {
  const body = { resource: api.addOperation() };
  const answer = await api.post(body, { 'idempotency-key': key });
  expect(answer).toMatchObject({ status: 400, json: { code: 'value_invalid' } });
  expect(await api.post(body)).toMatchObject({ status: 201 });
});
