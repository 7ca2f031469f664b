// POST /api/operations: what begins to be watched, once, and what a later request for the same resource means.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer } from './client.ts';
import { type Api, startApi, tenant } from './harness.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const call = '9b2d1c3e-0000-4000-8000-00000000abcd';

const statuses = (answers: readonly Answer[]): readonly number[] =>
  answers.map(({ status }) => status).toSorted((one, other) => one - other);
const operationsIn = (value: unknown): readonly Readonly<Record<string, unknown>>[] =>
  value as readonly Readonly<Record<string, unknown>>[];

async function stop(key: string): Promise<Answer> {
  return api.send('DELETE', `/api/operations/${key}`);
}

describe('the first request', () => {
  test.each([
    ['connectionOperation', 'c', /^\/external\/connections\/\w+\/operations\/1\.neu\.\w+$/],
    ['commsOperation', 'm', /^\/communications\/calls\/[\w-]+\/operations\/[\w-]+$/],
    ['onenoteOperation', 'n', /^\/(users|groups|sites)\/[^/]+\/onenote\/operations\/[\w.-]+$/],
  ] as const)(
    'for a %s is answered with 201, its place and all that is known',
    async (kind, letter, path) => {
      const resource = api.addOperation(kind);
      const { status, headers, json } = await api.post({ resource });
      expect(status).toBe(201);
      expect(headers['location']).toBe(`/api/operations/${String(json['key'])}`);
      expect(json).toEqual({
        key: expect.stringMatching(new RegExp(`^${letter}[a-z2-7]{25}$`)),
        kind,
        generation: expect.any(Number),
        sequence: 0,
        state: 'pending',
        terminal: false,
        status: null,
        statusKnown: false,
        resource: {
          cloud: 'custom',
          tenantId: tenant,
          version: 'v1.0',
          path: expect.stringMatching(path),
          parentId: resource.split('/').at(kind === 'onenoteOperation' ? 2 : 3),
          operationId: resource.split('/').at(-1),
        },
        trackedAt: expect.any(String),
        changedAt: json['trackedAt'],
        endedAt: null,
        deadlineAt: expect.any(String),
        nextPollAt: expect.any(String),
        trackedBy: 'api',
        health: {
          status: 'ok',
          code: null,
          since: json['trackedAt'],
          explanation: expect.stringMatching(
            /^Graph has not shown it yet; nothing is to be done; it is read again at /,
          ),
        },
        error: null,
        result: null,
        clientContext: null,
        percentComplete: null,
        label: null,
        metadata: {},
      });
      const trackedAtMs = Date.parse(String(json['trackedAt']));
      expect(json['generation']).toBe(Math.floor(trackedAtMs / 1000));
      expect(Math.abs(trackedAtMs - Date.now())).toBeLessThan(5000);
      expect(await api.get(String(headers['location']))).toMatchObject({
        status: 200,
        json: { key: json['key'] },
      });
    },
  );

  test('keeps its version, label, metadata and deadline when others come later', async () => {
    const resource = api.addOperation();
    const metadata = Object.fromEntries(
      Array.from({ length: 16 }, (_, i) => [`Na_me.${i}-`, 'é'.repeat(256)]),
    );
    const mine = { resource, version: 'beta', label: 'L'.repeat(128), metadata, deadlineSeconds: 2_592_000 };
    const first = await api.post({ ...mine, tenantId: tenant.toUpperCase() });
    expect(first).toMatchObject({
      status: 201,
      json: { resource: { version: 'beta' }, label: mine.label, metadata },
    });
    const { trackedAt, deadlineAt } = first.json;
    expect(Date.parse(String(deadlineAt)) - Date.parse(String(trackedAt))).toBe(2_592_000_000);
    const later = await api.post({
      resource: `/v1.0${resource}`,
      label: 'other',
      metadata: {},
      deadlineSeconds: 1,
    });
    expect(later).toMatchObject({
      status: 200,
      json: { resource: { version: 'beta' }, label: mine.label, metadata },
    });
    expect(later.headers).not.toHaveProperty('location');
    expect(later.json['deadlineAt']).toBe(deadlineAt);
  });

  test('is one of fifty at once', async () => {
    const resource = api.addOperation();
    const answers = await Promise.all(Array.from({ length: 50 }, () => api.post({ resource })));
    expect(statuses(answers)).toEqual([...Array(49).fill(200), 201]);
    expect(
      new Set(answers.map(({ json }) => `${String(json['key'])} ${String(json['generation'])}`)).size,
    ).toBe(1);
  });
});

test('A-60: every spelling of one resource is the same operation, also a hundred times at once', async () => {
  const operation = 'ABCDEF01-2345-6789-abcd-ef0123456789';
  const bare = operation.replaceAll('-', '');
  const paths = [call, call.toUpperCase(), call.replaceAll('-', '')].flatMap((id) => [
    `/communications/calls/${id}/operations/${operation}`,
    `app/calls/${id}/operations/${operation.toLowerCase()}`,
    `/Communications/Calls('${id}')/Operations/${bare}`,
    `/communications/calls/${id}/operations('${bare.toLowerCase()}')`,
  ]);
  const spellings = paths.flatMap((path) => [
    path,
    `/v1.0/${path.replace(/^\//, '')}`,
    `beta/${path.replace(/^\//, '')}`,
    `${api.simulator.url}/v1.0/${path.replace(/^\//, '')}`,
    `${api.simulator.url.toUpperCase()}/beta/${path.replace(/^\//, '').replace('calls', '%63alls')}`,
  ]);
  const resources = Array.from({ length: 100 }, (_, index) => spellings[index % spellings.length]);
  const answers = await Promise.all(resources.map((resource) => api.post({ resource })));
  expect(statuses(answers)).toEqual([...Array(99).fill(200), 201]);
  expect(new Set(answers.map(({ json }) => json['key'])).size).toBe(1);
});

describe('restartAfter', () => {
  test('of one that runs changes nothing', async () => {
    const { path, key, generation } = await api.track();
    const answer = await api.post({ resource: path, restartAfter: generation });
    expect(answer).toMatchObject({ status: 200, json: { key, generation, state: 'pending' } });
  });

  test('of an ended one begins one more generation, however often and at once it is asked', async () => {
    const { path, key, generation } = await api.track();
    await stop(key);
    expect(await api.post({ resource: path })).toMatchObject({
      status: 200,
      json: { generation, state: 'cancelled' },
    });
    const again = { resource: path, restartAfter: generation, label: 'second' };
    const answers = await Promise.all(Array.from({ length: 50 }, () => api.post(again)));
    expect(statuses(answers)).toEqual([...Array(49).fill(200), 201]);
    const next = Number(answers[0]?.json['generation']);
    expect(next).toBeGreaterThan(generation);
    for (const { json } of answers)
      expect(json).toMatchObject({ key, generation: next, state: 'pending', label: 'second', sequence: 0 });
    await stop(key);
    expect(await api.post(again)).toMatchObject({
      status: 200,
      json: { generation: next, state: 'cancelled' },
    });
    expect(await api.post({ resource: path, restartAfter: next })).toMatchObject({ status: 201 });
  });

  test.each([
    ['the one after the last', 1],
    ['one before the first', -1],
    ['one far ahead', 1_000_000],
  ])('of %s is refused, because it never was', async (_what, distance) => {
    const { path, key, generation } = await api.track();
    const ask = { resource: path, restartAfter: generation + distance };
    expect(await api.post(ask)).toMatchObject({ status: 400, json: { code: 'generation_unknown' } });
    await stop(key);
    expect(await api.post(ask)).toMatchObject({ status: 400, json: { code: 'generation_unknown' } });
    expect(await api.get(`/api/operations/${key}`)).toMatchObject({
      json: { generation, state: 'cancelled' },
    });
  });

  test('of one of which nothing is left begins anew, above it, and once', async () => {
    const resource = api.addOperation();
    const yearsAgo = Math.floor(Date.now() / 1000) - 100_000_000;
    const first = await api.post({ resource, restartAfter: yearsAgo });
    expect(first).toMatchObject({ status: 201 });
    const second = await api.post({ resource, restartAfter: yearsAgo });
    expect(second).toMatchObject({ status: 200, json: { generation: first.json['generation'] } });
  });

  test('of a generation to come is refused also where nothing is known', async () => {
    const ask = { resource: api.addOperation(), restartAfter: 9_999_999_999 };
    expect(await api.post(ask)).toMatchObject({ status: 400, json: { code: 'generation_unknown' } });
    expect(await api.post({ resource: ask.resource })).toMatchObject({ status: 201 });
  });
});

describe('many at once', () => {
  test('are answered in their order, each for itself', async () => {
    const known = await api.track();
    const [fresh, ended] = [api.addOperation('commsOperation'), await api.track()];
    await stop(ended.key);
    const { status, json } = await api.post({
      operations: [
        { resource: fresh, label: 'fresh' },
        { resource: '/users/ada/messages/1' },
        { resource: known.path },
        { resource: fresh, deadlineSeconds: 0 },
        'nonsense',
        { resource: ended.path, restartAfter: ended.generation },
        { resource: known.path, restartAfter: known.generation + 1 },
        { resource: fresh, tenantId: call },
        { resource: fresh, surprise: true },
      ],
    });
    const refusal = (code: string) => ({ status: 400, error: { code, message: expect.any(String) } });
    expect(status).toBe(200);
    expect(json).toEqual({
      results: [
        { status: 201, operation: expect.objectContaining({ kind: 'commsOperation', label: 'fresh' }) },
        refusal('resource_invalid'),
        { status: 200, operation: expect.objectContaining({ key: known.key, generation: known.generation }) },
        refusal('value_invalid'),
        refusal('body_invalid'),
        { status: 201, operation: expect.objectContaining({ key: ended.key, state: 'pending' }) },
        refusal('generation_unknown'),
        refusal('tenant_not_allowed'),
        refusal('body_invalid'),
      ],
    });
  });

  test('are a hundred at most, of which the same ones are one', async () => {
    const resources = Array.from({ length: 50 }, () => api.addOperation());
    const operations = [...resources, ...resources].map((resource) => ({ resource }));
    const { status, json } = await api.post({ operations });
    expect(status).toBe(200);
    const results = operationsIn(json['results']);
    const count = (wanted: number): number => results.filter((one) => one['status'] === wanted).length;
    expect([results.length, count(200), count(201)]).toEqual([100, 50, 50]);
    const paths = results.map(({ operation }) => (operation as { resource: { path: string } }).resource.path);
    expect(paths).toEqual([...resources, ...resources]);
  });
});
