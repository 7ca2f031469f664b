// Every route of the proxy, read and changed in both versions.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { functionKey, graphToken, type Proxy, startProxy } from './harness.ts';
import { trackOperation } from './tracked.ts';

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

describe('an operation whose id stands in the body', () => {
  const body = { id: 'same.id', status: 'completed' };

  test('is not found when nobody tracks it', async () => {
    const answer = await proxy.patch('v1.0/connectionOperation', { body: { ...body, id: 'never.tracked' } });
    expect(answer).toMatchObject({ status: 404, json: { code: 'operation_unknown' } });
    expect(proxy.simulator.control.requests()).toEqual([]);
  });

  test('is not found among operations of another kind', async () => {
    await trackOperation(proxy, { kind: 'commsOperation', parent: call, id: 'other.kind' });
    const answer = await proxy.patch('v1.0/connectionOperation', { body: { ...body, id: 'other.kind' } });
    expect(answer).toMatchObject({ status: 404, json: { code: 'operation_unknown' } });
  });

  test('is ambiguous under two parents, and only their keys are named', async () => {
    const one = await trackOperation(proxy, {
      kind: 'connectionOperation',
      parent: 'contosohr',
      id: 'same.id',
    });
    const other = await trackOperation(proxy, {
      kind: 'connectionOperation',
      parent: 'contosoit',
      id: 'same.id',
    });
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
