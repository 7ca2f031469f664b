// What the proxy makes of operations: those that a change starts, and those that an answer shows.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FaultInput } from '../../../dev/simulator/faults.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { startStorageProxy } from '../../fixtures/storage-proxy.ts';
import { type Answer, type Proxy, startProxy } from './harness.ts';

let proxy: Proxy;
beforeAll(async () => {
  proxy = await startProxy();
});
afterAll(() => proxy.stop());
beforeEach(() => {
  proxy.simulator.control.reset();
  proxy.simulator.control.addConnection({ id: 'contosohr' });
});

const schema = 'v1.0/external/connections/contosohr/schema';
const change = { body: { properties: [{ name: 'title', type: 'String' }] } };

function keyIn(answer: Answer): string {
  return /^\/api\/operations\/([a-z2-7]{26})$/.exec(answer.headers['opwatch-operation'] ?? '')?.[1] ?? '';
}

describe('an operation that a change starts', () => {
  const forms: readonly (readonly [what: string, rule: Partial<FaultInput>])[] = [
    ['an absolute address', { form: 'absolute' }],
    ['a path', { form: 'relative' }],
    ['a path without version', { form: 'resourceUrl' }],
    ['keys in parentheses', { form: 'parenthesised' }],
    ['an address in Operation-Location', { header: 'Operation-Location' }],
  ];
  test.each(forms)('is tracked before the caller has the answer, named by %s', async (_what, rule) => {
    for (const version of ['v1.0', 'beta']) {
      proxy.simulator.control.addFault({ fault: 'location', times: 1, ...rule } as FaultInput);
      const answer = await proxy.patch(`${version}/connections/contosohr/schema`, change);
      expect(answer).toMatchObject({ status: 202, text: '' });
      expect(answer.headers).not.toHaveProperty('opwatch-operation-error');
      const place = answer.headers['location'] ?? answer.headers['operation-location'];
      expect(place).toContain('operations');
      const found = await proxy.app.flows.find(keyIn(answer));
      const operation = proxy.simulator.control.ids().at(-1);
      expect(found).toMatchObject({
        kind: 'connectionOperation',
        state: 'pending',
        trackedBy: 'proxy',
        resource: { version, path: operation?.path, parentId: 'contosohr' },
      });
    }
    expect(proxy.simulator.control.requests().map(({ method }) => method)).toEqual(['PATCH', 'PATCH']);
  });

  test('is tracked once when the same address comes again', async () => {
    const first = await proxy.patch(schema, change);
    const path = proxy.simulator.control.ids()[0]?.path ?? '';
    expect(await proxy.track(path)).toBe(keyIn(first));
  });

  test.each([
    'https://evil.example',
    'https://graph.microsoft.com:x@evil.example',
    '//evil.example',
    'HTTPS://EVIL.EXAMPLE',
    '\\\\evil.example',
  ])('is neither followed nor tracked at %s', async (foreignOrigin) => {
    proxy.simulator.control.addFault({ fault: 'location', form: 'foreign', foreignOrigin });
    const answer = await proxy.patch(schema, change);
    expect(answer).toMatchObject({
      status: 202,
      headers: { 'opwatch-operation-error': 'location_foreign' },
    });
    expect(answer.headers).not.toHaveProperty('opwatch-operation');
    expect(proxy.simulator.control.requests().map(({ method }) => method)).toEqual(['PATCH']);
  });

  test.each(['/users/ada', '/..', '?x=', ' '])(
    'is not tracked at an address that begins with "%s"',
    async (foreignOrigin) => {
      proxy.simulator.control.addFault({ fault: 'location', form: 'foreign', foreignOrigin });
      const answer = await proxy.patch(schema, change);
      expect(answer.status).toBe(202);
      expect(answer.headers['opwatch-operation-error'] ?? 'tracked').toMatch(
        foreignOrigin === ' ' ? /^tracked$/ : /^location_unknown$/,
      );
    },
  );

  test('is nowhere when Graph names none', async () => {
    proxy.simulator.control.addFault({ fault: 'location', form: 'missing' });
    const { status, headers } = await proxy.patch(schema, change);
    expect(status).toBe(202);
    expect(headers).not.toHaveProperty('opwatch-operation');
    expect(headers).not.toHaveProperty('opwatch-operation-error');
  });
});

test.each(['busy', 'reset', '500'] as const)(
  'the caller has the answer of Graph also while storage answers with %s',
  async (mode) => {
    const storage = await startStorageProxy(azurite());
    const broken = await startProxy({ storage: storage.connectionString });
    try {
      const { control } = broken.simulator;
      const operation = control.addOperation({ kind: 'connectionOperation', parent: 'contosohr' });
      await broken.track(operation.path);
      storage.mode = mode;
      const answer = await broken.patch(schema, change);
      expect(answer).toMatchObject({ status: 202, headers: { 'opwatch-operation-error': 'storage_busy' } });
      expect(answer.headers['location']).toContain('/external/connections/contosohr/operations/');
      expect(answer.headers).not.toHaveProperty('opwatch-operation');
      expect(broken.lines.some((line) => line.startsWith('error operation was started'))).toBe(true);
      const body = { status: 'failed' };
      expect(await broken.patch(`v1.0${operation.path}`, { body })).toMatchObject({ status: 200 });
      const lookedUp = await broken.patch('v1.0/connectionOperation', {
        body: { ...body, id: operation.id },
      });
      expect(lookedUp).toMatchObject({ status: 503, json: { code: 'storage_busy' } });
      storage.mode = 'pass';
      expect(keyIn(await broken.patch(schema, change))).not.toBe('');
    } finally {
      await broken.stop();
      await storage.stop();
    }
  },
);

describe('an answer that shows a tracked operation', () => {
  async function trackedOperation() {
    const script = [{ afterMs: 0, status: 'inprogress' }];
    const operation = proxy.simulator.control.addOperation({ kind: 'connectionOperation', script });
    const key = await proxy.track(operation.path);
    await proxy.takeEvents();
    return { path: `v1.0${operation.path}`, key };
  }

  test('is one event, seen by the change', async () => {
    const { path, key } = await trackedOperation();
    expect(await proxy.patch(path, { body: { status: 'completed' } })).toMatchObject({ status: 200 });
    expect(await proxy.patch(path, { body: { status: 'completed' } })).toMatchObject({ status: 200 });
    expect(await proxy.takeEvents()).toMatchObject([
      {
        type: 'opwatch.connectionOperation.succeeded',
        data: { key, observedBy: 'patch', current: { status: 'completed' } },
      },
    ]);
    expect(await proxy.app.flows.find(key)).toMatchObject({ state: 'succeeded', terminal: true });
  });

  test('is an event also when it is only read, or read back', async () => {
    const { path } = await trackedOperation();
    expect(await proxy.get(path)).toMatchObject({ status: 200 });
    proxy.simulator.control.addFault({ fault: 'patchOperation', status: 204 });
    const headers = { prefer: 'return=representation' };
    const answer = await proxy.patch(path, { body: { status: 'failed' }, headers });
    expect(answer).toMatchObject({ status: 200, json: { status: 'failed' } });
    const events = await proxy.takeEvents();
    expect(events.map(({ data }) => [data.current.status, data.observedBy])).toEqual([
      ['inprogress', 'patch'],
      ['failed', 'patch'],
    ]);
  });

  test.each<[string, FaultInput]>([
    ['another id', { fault: 'otherId' }],
    ['a status that is a number', { fault: 'statusWord', value: 3 }],
    ['no status', { fault: 'statusWord' }],
    ['an error in place of the operation', { fault: 'errorInOk' }],
    ['a list', { fault: 'garbage' }],
    ['a page', { fault: 'html' }],
    ['a refusal', { fault: 'status', status: 410 }],
  ])('is no event when it has %s', async (_what, fault) => {
    const { path, key } = await trackedOperation();
    proxy.simulator.control.addFault(fault);
    await proxy.get(path);
    expect(await proxy.takeEvents()).toEqual([]);
    expect(await proxy.app.flows.find(key)).toMatchObject({ state: 'pending' });
  });

  test('is no event when nobody tracks it', async () => {
    const { path } = proxy.simulator.control.addOperation({ kind: 'connectionOperation' });
    expect(await proxy.patch(`v1.0${path}`, { body: { status: 'failed' } })).toMatchObject({ status: 200 });
    expect(await proxy.takeEvents()).toEqual([]);
  });

  test('is an event of its own for each change of many at once', async () => {
    const { path, key } = await trackedOperation();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => proxy.patch(path, { body: { status: 'failed' } })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(proxy.simulator.control.stats().patches).toBe(20);
    const ids = (await proxy.takeEvents()).filter(({ data }) => data.key === key).map(({ id }) => id);
    expect(new Set(ids).size).toBe(1);
  });
});
