// Every route of the proxy, read and changed in both versions, and each of the original update pages.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { functionKey, graphToken, type Proxy, startProxy } from './harness.ts';

let proxy: Proxy;
beforeAll(async () => {
  proxy = await startProxy();
});
afterAll(() => proxy.stop());
beforeEach(() => proxy.simulator.control.reset());

const call = '9b2d1c3e-0000-4000-8000-00000000abcd';
const group = '0a1b2c3d-0000-4000-8000-0000000000ff';
const site = `contoso.sharepoint.com,${call},${group}`;
const running = [{ afterMs: 0, status: 'running' }] as const;
const inProgress = [{ afterMs: 0, status: 'inprogress' }] as const;

type OperationRoute = {
  readonly route: string;
  readonly canonical: string;
  readonly kind: 'connectionOperation' | 'commsOperation' | 'onenoteOperation';
  readonly parent: string;
  readonly change: Readonly<Record<string, unknown>>;
};

const operationRoutes: readonly OperationRoute[] = [
  {
    route: 'external/connections/contosohr/operations/op.1',
    canonical: '/external/connections/contosohr/operations/op.1',
    kind: 'connectionOperation',
    parent: 'contosohr',
    change: { status: 'failed', error: { '@odata.type': 'microsoft.graph.publicError', code: 'x' } },
  },
  {
    route: 'connections/contosohr/operations/op.1',
    canonical: '/external/connections/contosohr/operations/op.1',
    kind: 'connectionOperation',
    parent: 'contosohr',
    change: { status: 'completed' },
  },
  {
    route: `communications/calls/${call}/operations/op.1`,
    canonical: `/communications/calls/${call}/operations/op.1`,
    kind: 'commsOperation',
    parent: call,
    change: { status: 'completed', clientContext: 'mine', resultInfo: { code: 200 } },
  },
  {
    route: `app/calls/${call.toUpperCase()}/operations/op.1`,
    canonical: `/communications/calls/${call}/operations/op.1`,
    kind: 'commsOperation',
    parent: call,
    change: { status: 'Failed' },
  },
  ...['users/ada@contoso.com', `groups/${group}`, `sites/${site}`, `groups/${group}/sites/${site}`].map(
    (owner): OperationRoute => ({
      route: `${owner}/onenote/operations/op.1`,
      canonical: `/${owner}/onenote/operations/op.1`,
      kind: 'onenoteOperation',
      parent: `/${owner}`,
      change: { status: 'completed', lastActionDateTime: '2026-01-01T00:01:23.8467386+03:00' },
    }),
  ),
];

const versions = ['v1.0', 'beta'] as const;

describe.each(versions)('in %s', (version) => {
  test.each(operationRoutes)('an operation is read and changed at $route', async (row) => {
    const { control } = proxy.simulator;
    const script = row.kind === 'connectionOperation' ? inProgress : running;
    control.addOperation({ kind: row.kind, parent: row.parent, id: 'op.1', script: [...script] });

    const read = await proxy.get(`${version}/${row.route}`);
    expect(read).toMatchObject({ status: 200, json: { id: 'op.1' } });
    expect(read.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(read.headers['request-id']).toBeTypeOf('string');

    const changed = await proxy.patch(`${version}/${row.route}`, { body: row.change });
    expect(changed.status).toBe(200);
    expect(String(changed.json['status']).toLowerCase()).toBe(String(row.change['status']).toLowerCase());

    const [first, second, ...more] = control.requests();
    expect(more).toEqual([]);
    expect(first).toMatchObject({ method: 'GET', body: undefined });
    expect(second).toMatchObject({ method: 'PATCH', body: row.change });
    for (const seen of [first, second])
      expect(decodeURIComponent(seen?.path ?? '')).toBe(`/${version}${row.canonical}`);
  });

  test.each(['external/connections/contosohr', 'connections/contosohr'])(
    'a connection is read and changed at %s',
    async (route) => {
      const { control } = proxy.simulator;
      control.addConnection({ id: 'contosohr', name: 'HR' });
      const changed = await proxy.patch(`${version}/${route}`, {
        body: { name: 'People', description: 'd' },
      });
      expect(changed).toMatchObject({ status: 204, text: '' });
      const read = await proxy.get(`${version}/${route}`);
      expect(read).toMatchObject({
        status: 200,
        json: { id: 'contosohr', name: 'People', description: 'd' },
      });
      expect(control.requests().map(({ path }) => path)).toEqual([
        `/${version}/external/connections/contosohr`,
        `/${version}/external/connections/contosohr`,
      ]);
    },
  );

  test.each(['external/connections/contosohr/schema', 'connections/contosohr/schema'])(
    'a schema is changed and read at %s',
    async (route) => {
      const { control } = proxy.simulator;
      control.addConnection({ id: 'contosohr' });
      const schema = {
        baseType: 'microsoft.graph.externalItem',
        properties: [{ name: 'title', type: 'String' }],
      };
      const changed = await proxy.patch(`${version}/${route}`, { body: schema });
      expect(changed.status).toBe(202);
      expect(changed.headers['location']).toContain(`/${version}/external/connections/contosohr/operations/`);
      expect(changed.headers['opwatch-operation']).toMatch(/^\/api\/operations\/[a-z2-7]{26}$/);
      expect(await proxy.get(`${version}/${route}`)).toMatchObject({ status: 200, json: schema });
    },
  );
});

describe('the original pages', () => {
  test('Update connectionOperation', async () => {
    const { operation, key } = await tracked('connectionOperation', 'contosohr');
    const answer = await proxy.patch('beta/connectionOperation', {
      body: {
        '@odata.type': '#microsoft.graph.connectionOperation',
        id: operation.id,
        error: { '@odata.type': 'microsoft.graph.publicError' },
        status: 'failed',
      },
    });
    expect(answer).toMatchObject({ status: 200, json: { id: operation.id, status: 'failed' } });
    expect(patchesSeen()).toEqual([
      {
        path: `/beta${operation.path}`,
        body: { error: { '@odata.type': 'microsoft.graph.publicError' }, status: 'failed' },
      },
    ]);
    expect(await eventsOf(key)).toEqual(['opwatch.connectionOperation.failed by patch']);
  });

  test('connectionOperation resource type', async () => {
    const { operation } = await tracked('connectionOperation', 'contosohr');
    const path = `beta${operation.path}`;
    const read = await proxy.get(path);
    expect(read).toMatchObject({ status: 200, json: { id: operation.id, status: 'inprogress' } });
    const error = { '@odata.type': 'microsoft.graph.errorDetail' };
    const body = { '@odata.type': '#microsoft.graph.connectionOperation', id: operation.id, error };
    const answer = await proxy.patch(path, { body: { ...body, status: 'completed' } });
    expect(answer).toMatchObject({ status: 200, json: { id: operation.id, status: 'completed', error } });
  });

  test('Update operation', async () => {
    const { operation, key } = await tracked('onenoteOperation', `/users/${call}`);
    const answer = await proxy.patch('v1.0/operation', {
      body: {
        '@odata.type': '#microsoft.graph.operation',
        id: operation.id,
        status: 'Completed',
        lastActionDateTime: '2017-01-01T00:01:23.8467386+03:00',
      },
    });
    expect(answer).toMatchObject({ status: 200, json: { id: operation.id } });
    expect(patchesSeen()).toEqual([
      {
        path: `/v1.0${operation.path}`,
        body: { status: 'Completed', lastActionDateTime: '2017-01-01T00:01:23.8467386+03:00' },
      },
    ]);
    expect(await eventsOf(key)).toEqual(['opwatch.onenoteOperation.succeeded by patch']);
  });

  test('Update connections', async () => {
    proxy.simulator.control.addConnection({ id: 'contosohr', name: 'HR' });
    for (const form of ['connections', 'externalConnection']) {
      const answer = await proxy.patch(`beta/${form}`, {
        headers: { prefer: 'return=representation' },
        body: {
          '@odata.type': '#microsoft.graph.externalConnection',
          id: 'contosohr',
          name: `by ${form}`,
          description: 'String',
        },
      });
      expect(answer).toMatchObject({ status: 200, json: { id: 'contosohr', name: `by ${form}` } });
    }
    expect(patchesSeen()[0]).toEqual({
      path: '/beta/external/connections/contosohr',
      body: { name: 'by connections', description: 'String' },
    });
  });

  test('Update commsOperation', async () => {
    const { operation, key } = await tracked('commsOperation', call);
    const body = {
      '@odata.type': '#microsoft.graph.commsOperation',
      status: 'completed',
      clientContext: 'String',
      resultInfo: { '@odata.type': 'microsoft.graph.resultInfo' },
    };
    const path = `beta/communications/calls/${call}/operations/${operation.id}`;
    const answer = await proxy.patch(path, { body });
    expect(answer).toMatchObject({ status: 200, json: { id: operation.id, clientContext: 'String' } });
    expect(patchesSeen()).toEqual([{ path: `/beta${operation.path}`, body }]);
    expect(await eventsOf(key)).toEqual(['opwatch.commsOperation.succeeded by patch']);
    const literal = await proxy.patch('beta/commsOperation', { body: { ...body, id: operation.id } });
    expect(literal).toMatchObject({ status: 200, json: { id: operation.id } });
  });
});

describe('an operation whose id stands in the body', () => {
  const body = { id: 'same.id', status: 'completed' };

  test('is not found when nobody tracks it', async () => {
    const answer = await proxy.patch('v1.0/connectionOperation', { body: { ...body, id: 'never.tracked' } });
    expect(answer).toMatchObject({ status: 404, json: { code: 'operation_unknown' } });
    expect(proxy.simulator.control.requests()).toEqual([]);
  });

  test('is not found among operations of another kind', async () => {
    await tracked('commsOperation', call, 'other.kind');
    const answer = await proxy.patch('v1.0/connectionOperation', { body: { ...body, id: 'other.kind' } });
    expect(answer).toMatchObject({ status: 404, json: { code: 'operation_unknown' } });
  });

  test('is ambiguous under two parents, and only their keys are named', async () => {
    const one = await tracked('connectionOperation', 'contosohr', 'same.id');
    const other = await tracked('connectionOperation', 'contosoit', 'same.id');
    const answer = await proxy.patch('v1.0/connectionOperation', { body });
    expect(answer).toMatchObject({ status: 409, json: { code: 'operation_ambiguous' } });
    expect(new Set(answer.json['keys'] as string[])).toEqual(new Set([one.key, other.key]));
    expect(answer.text).not.toContain('contosohr');
    expect(proxy.simulator.control.requests()).toEqual([]);
  });
});

test('the audit names the caller by a digest, the properties, and never a key, a token or a value', async () => {
  proxy.simulator.control.addConnection({ id: 'audited' });
  await proxy.patch('v1.0/external/connections/audited', { body: { description: 'canary-value' } });
  const audit = proxy.lines.filter((line) => line.includes('"audit"')).slice(-2);
  expect(audit[0]).toContain('"properties":["description"]');
  expect(audit[1]).toMatch(/"audit":"finished","outcome":"answered","status":204,"graphRequestId":"[^"]+"/);
  for (const secret of [graphToken, functionKey, 'canary-value'])
    expect(proxy.lines.join('\n')).not.toContain(secret);
});

/** An operation that Graph has and Opwatch tracks; requests so far are forgotten. */
async function tracked(kind: OperationRoute['kind'], parent: string, id?: string) {
  const { control } = proxy.simulator;
  const script = kind === 'connectionOperation' ? inProgress : running;
  const operation = control.addOperation({ kind, parent, script: [...script], ...(id ? { id } : {}) });
  const key = await proxy.track(operation.path);
  control.zero();
  return { operation, key };
}

function patchesSeen() {
  const patches = proxy.simulator.control.requests().filter(({ method }) => method === 'PATCH');
  return patches.map(({ path, body }) => ({ path, body }));
}

async function eventsOf(key: string): Promise<readonly string[]> {
  const events = await proxy.takeEvents();
  return events
    .filter(({ data }) => data.key === key)
    .map(({ type, data }) => `${type} by ${data.observedBy}`);
}
