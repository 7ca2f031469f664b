// The proxy's callers in `key` mode: the host lets in whoever has a key, and the key goes no further than that.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ProxyHost, startProxyHost, staticToken } from './host-harness.ts';

const key = 'canary-host-key';
const connection = '/api/graph/v1.0/external/connections/contosohr';
const body = '{"name":"People"}';

let host: ProxyHost;
const seen: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders }[] = [];
const graph = createServer((request, response) => {
  seen.push({ url: request.url, headers: request.headers });
  request.resume().once('end', () => response.writeHead(204).end());
});

beforeAll(async () => {
  graph.listen(0, '127.0.0.1');
  await once(graph, 'listening');
  const root = `http://127.0.0.1:${(graph.address() as AddressInfo).port}`;
  host = await startProxyHost(root, { args: ['--auth'], env: { LOCAL_HOST_KEY: key } });
});
afterAll(async () => {
  expect(await host.process.stop()).toBe(0);
  graph.close();
  graph.closeAllConnections();
  const log = host.lines.join('\n');
  for (const secret of [key, staticToken, 'canary-caller']) expect(log).not.toContain(secret);
});
beforeEach(() => {
  seen.length = 0;
});

describe('A-27: a caller', () => {
  const principal = Buffer.from('{"userRoles":["admin","Graph.Patch"]}').toString('base64');
  test.each<[string, string, Readonly<Record<string, string>>]>([
    ['without a key', connection, { 'x-functions-key': '' }],
    ['with a wrong key', connection, { 'x-functions-key': 'wrong' }],
    ['with a part of the key', connection, { 'x-functions-key': key.slice(0, -1) }],
    ['with a wrong key in the query', `${connection}?code=wrong`, { 'x-functions-key': '' }],
    [
      'with a wrong key over the right one in the query',
      `${connection}?code=${key}`,
      { 'x-functions-key': 'wrong' },
    ],
    [
      'with a bearer token in its place',
      connection,
      { 'x-functions-key': '', authorization: 'Bearer canary-caller' },
    ],
    [
      'whom a forged header calls an administrator',
      connection,
      { 'x-functions-key': '', 'x-ms-client-principal': principal },
    ],
  ])('%s is let in nowhere', async (_what, path, headers) => {
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const answer = await host.send(method, path, { headers, ...(method === 'PATCH' ? { body } : {}) });
      expect(answer).toMatchObject({ status: 401, text: '' });
    }
    expect((await host.send('POST', '/admin/functions/cleanUp', { headers, body: '{}' })).status).toBe(401);
    expect((await host.send('GET', '/api/health/live', { headers })).status).toBe(200);
    expect(seen).toEqual([]);
  });

  test.each<[string, string, Readonly<Record<string, string>>]>([
    ['in a header', connection, { 'x-functions-key': key }],
    ['in the query', `${connection}?code=${key}`, {}],
  ])('with the key %s is let in, and Graph never sees it', async (_what, path, headers) => {
    const sent = { body, headers };
    const text = `PATCH ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n`;
    const lines = Object.entries(sent.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    expect(await host.raw(`${text}${lines.join('')}Content-Length: ${body.length}\r\n\r\n${body}`)).toEqual([
      204,
    ]);
    expect(seen).toMatchObject([
      { url: '/v1.0/external/connections/contosohr', headers: { authorization: `Bearer ${staticToken}` } },
    ]);
    expect(JSON.stringify(seen)).not.toContain(key);
  });
});

test('A-35: headers that are only for the next hop, or for others, end here', async () => {
  const headers = [
    `X-Functions-Key: ${key}`,
    'Authorization: Bearer canary-caller',
    'Connection: close, X-Foo',
    'X-Foo: canary-hop',
    'Host: evil.example',
    'X-Forwarded-Host: evil.example',
    'X-Forwarded-For: 203.0.113.1',
    'X-MS-Client-Principal: canary-principal',
    'ConsistencyLevel: eventual',
    'Prefer: respond-async',
    'Cookie: canary=1',
    'Expect: 100-continue',
    'TE: trailers',
    'If-Match: "tag"',
    'Client-Request-Id: mine-1',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  expect(await host.raw(`PATCH ${connection} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`)).toContain(
    204,
  );
  const [one] = seen;
  expect(one?.headers).toMatchObject({
    authorization: `Bearer ${staticToken}`,
    'if-match': '"tag"',
    'client-request-id': 'mine-1',
    'content-type': 'application/json',
    accept: 'application/json',
  });
  expect(Object.keys(one?.headers ?? {}).toSorted()).toEqual([
    'accept',
    'authorization',
    'client-request-id',
    'connection',
    'content-length',
    'content-type',
    'host',
    'if-match',
  ]);
  expect(JSON.stringify(one)).not.toMatch(/canary-(?!graph-token)|evil|203\.0/);
});
