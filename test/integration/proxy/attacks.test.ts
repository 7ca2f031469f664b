// The attack list of the proxy for addresses, methods and headers: what is refused, with which code, and that Graph never hears of it.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { functionKey, graphToken, type Proxy, startProxy } from './harness.ts';
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

const name = { name: 'People' };

const ids = [
  '%2e%2e',
  '.%2e',
  '..%2f..%2fusers',
  '..%5c..',
  '%5c',
  '%252e%252e',
  'a%2fb',
  'hr1%3f',
  'hr1%23',
  'hr1;x=1',
  'hr1%00',
  'hr1%09',
  'hr1%0d%0aX-Evil:1',
  'hr1%E2%80%AE',
  '%EF%BD%88r1',
  'hr1%zz',
  'c'.repeat(33),
  'ab',
  'https:%2f%2fevil.example',
  '%2f%2fevil',
  'https:%2f%2fgraph.microsoft.com:x@evil.example%2f',
  "hr1'",
  "('hr1')",
];

describe('A-29: an id that could lead elsewhere', () => {
  test.each(ids)('is refused as %s in the path', async (id) => {
    const path = `v1.0/external/connections/${id}/operations/op`;
    for (const answer of [await proxy.get(path), await proxy.patch(path, { body: { status: 'failed' } })]) {
      const isSplit = answer.status === 404;
      await expectRefused(proxy, answer, isSplit ? [404, 'route_not_found'] : [400, 'id_invalid']);
      proxy.simulator.control.zero();
    }
  });

  test.each(['..', '.', 'a/b', '..\\..', 'hr1\t', 'hr1\r\nX-Evil: 1', '', 'hr1?x', 'hr1#'])(
    'reaches nothing as %j in the path',
    async (id) => {
      const answer = await proxy.get(`v1.0/external/connections/${id}/operations/op`);
      expect([200, 400, 404]).toContain(answer.status);
      expect(['id_invalid', 'route_not_found', 'query_not_allowed', 'graph_not_found']).toContain(
        answer.json['code'],
      );
      for (const seen of proxy.simulator.control.requests())
        expect(seen.path).toMatch(/^\/v1\.0\/external\/connections\/hr1(\/|$)/);
    },
  );

  test.each([
    '..',
    '../users',
    'https://evil.example',
    '//evil',
    'https://graph.microsoft.com:x@evil.example/',
    'hr1\u202e',
    'hr1\u0001',
    'ab',
    'c'.repeat(300),
    '',
  ])('is refused as %j in the body', async (id) => {
    const body = { ...name, id };
    await expectRefused(proxy, await proxy.patch('v1.0/connections', { body }), [400, 'id_invalid']);
    proxy.simulator.control.zero();
    if (id === 'ab') return;
    const operation = await proxy.patch('beta/connectionOperation', { body: { id, status: 'failed' } });
    expect(operation.status).toBe(400);
    expect(proxy.simulator.control.requests()).toEqual([]);
  });

  test('is refused when the body has none, or something else', async () => {
    await expectRefused(proxy, await proxy.patch('v1.0/connections', { body: name }), [400, 'id_invalid']);
    for (const id of [null, 1, ['contosohr'], { a: 1 }, true]) {
      proxy.simulator.control.zero();
      const body = { status: 'failed', id };
      await expectRefused(proxy, await proxy.patch('v1.0/connectionOperation', { body }), [
        400,
        'value_invalid',
      ]);
    }
  });
});

describe('A-32: a path that is not served', () => {
  test.each([
    'v1.0/users/ada@contoso.com',
    'v1.0/users/ada@contoso.com/onenote/pages',
    'v1.0/me/onenote/operations/op',
    'v2/external/connections/contosohr',
    'V1.0/external/connections/contosohr',
    'v1.0/external/connections',
    'v1.0/external/connections/contosohr/items/1',
    'v1.0/$batch',
    'v1.0/__proto__',
    'v1.0/constructor',
    'v1.0/',
    'v1.0',
    '',
  ])('is unknown: %s', async (path) => {
    await expectRefused(proxy, await proxy.get(path), [404, 'route_not_found']);
    proxy.simulator.control.zero();
    await expectRefused(proxy, await proxy.patch(path, { body: name }), [404, 'route_not_found']);
  });

  test.each(['connections', 'connectionOperation', 'commsOperation', 'operation', 'externalConnection'])(
    'is unknown to a read: %s',
    async (form) => {
      await expectRefused(proxy, await proxy.get(`v1.0/${form}`), [404, 'route_not_found']);
    },
  );
});

describe('A-33: a method that is not served', () => {
  test.each(['DELETE', 'PUT', 'POST', 'HEAD', 'OPTIONS'])('is refused: %s', async (method) => {
    const answer = await proxy.send(method, connection, { headers: { 'x-http-method-override': 'PATCH' } });
    expect(answer.headers['allow']).toBe('GET, PATCH');
    await expectRefused(proxy, answer, [405, 'method_not_allowed']);
  });

  test('is not smuggled in a header of a change', async () => {
    const headers = { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE' };
    expect(await proxy.patch(connection, { body: name, headers })).toMatchObject({ status: 204 });
    expect(proxy.simulator.control.requests().map(({ method }) => method)).toEqual(['PATCH']);
  });
});

describe('A-34: a query', () => {
  test.each(['?$select=id&api-version=beta', '?_method=DELETE', '?$expand=items', '?x', '?%24select=id'])(
    'is refused and not sent on: %s',
    async (query) => {
      await expectRefused(proxy, await proxy.get(connection + query), [400, 'query_not_allowed']);
      proxy.simulator.control.zero();
      await expectRefused(proxy, await proxy.patch(connection + query, { body: name }), [
        400,
        'query_not_allowed',
      ]);
    },
  );

  test("of the host's own key is not forwarded", async () => {
    expect(await proxy.get(`${connection}?code=${functionKey}`)).toMatchObject({ status: 200 });
    expect(proxy.simulator.control.requests().map(({ path }) => path)).toEqual([`/${connection}`]);
  });
});

test('A-35: no header of the caller reaches Graph but the three that are honoured', async () => {
  const seen: IncomingHttpHeaders[] = [];
  const graph = createServer((request, response) => {
    seen.push(request.headers);
    request.resume().once('end', () => response.writeHead(204).end());
  }).listen(0, '127.0.0.1');
  await once(graph, 'listening');
  const root = `http://127.0.0.1:${(graph.address() as AddressInfo).port}`;
  const other = await startProxy({ env: { OPWATCH_GRAPH_ROOT: root } });
  try {
    const headers = {
      authorization: 'Bearer canary-caller',
      'x-forwarded-for': 'canary',
      'x-forwarded-host': 'evil.example',
      consistencylevel: 'eventual',
      'x-ms-client-principal': 'canary',
      'idempotency-key': 'canary',
      cookie: 'canary=1',
      'x-foo': 'canary',
      traceparent: '00-canary',
      prefer: 'respond-async',
      'if-match': '"tag"',
      'client-request-id': 'mine-1',
    };
    expect(await other.patch(connection, { body: name, headers })).toMatchObject({ status: 204 });
    const [sent = {}] = seen;
    expect(JSON.stringify(seen)).not.toContain('canary-caller');
    expect(JSON.stringify(sent)).not.toMatch(/canary(?!-graph-token)|evil|respond-async|eventual/);
    expect(sent).toMatchObject({
      authorization: `Bearer ${graphToken}`,
      host: new URL(root).host,
      'if-match': '"tag"',
      'client-request-id': 'mine-1',
    });
  } finally {
    await other.stop();
    graph.close();
    graph.closeAllConnections();
  }
});

test.each(['two words', 'a\u001b[31mb', 'x'.repeat(65), '<script>', ''])(
  'A-72: a request id like %j is replaced by a fresh one',
  async (id) => {
    const headers: Record<string, string> = { 'client-request-id': id };
    const answer = await proxy.get(connection, { headers }).catch(() => null);
    if (answer === null) return; // the platform refuses such a header before us
    expect(answer.headers['client-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  },
);
