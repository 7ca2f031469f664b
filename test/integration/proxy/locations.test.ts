// What a 202 may name as the operation that it began, and what becomes of each spelling.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Proxy, startProxy } from './harness.ts';

let proxy: Proxy;
let root: string;
let headers: string[];
let calls: number;
const graph = createServer((request, response) => {
  calls += 1;
  // Node writes a list of pairs as it is: repeated names, strange spellings.
  request.resume().once('end', () => response.writeHead(202, headers).end());
});

beforeAll(async () => {
  graph.listen(0, '127.0.0.1');
  await once(graph, 'listening');
  root = `http://127.0.0.1:${(graph.address() as AddressInfo).port}`;
  proxy = await startProxy({ env: { OPWATCH_GRAPH_ROOT: root } });
});
afterAll(async () => {
  await proxy.stop();
  graph.close();
  graph.closeAllConnections();
});
async function begin(...named: string[]): Promise<Answer> {
  headers = named;
  calls = 0;
  const body = { properties: [{ name: 'title', type: 'String' }] };
  const answer = await proxy.patch('v1.0/external/connections/contosohr/schema', { body });
  expect(answer.status).toBe(202);
  expect(calls).toBe(1);
  return answer;
}

/** `ROOT` stands for the origin of Graph. */
const own = [
  'ROOT/v1.0/external/connections/contosohr/operations/op',
  'ROOT/beta/external/connections/contosohr/operations/op',
  "ROOT/v1.0/external/connections('contosohr')/operations('op')",
  '/v1.0/external/connections/contosohr/operations/op',
  '/beta/connections/contosohr/operations/op',
  '/external/connections/contosohr/operations/op',
  'external/connections/contosohr/operations/op',
  "connections('contosohr')/operations('op')",
  '/v1.0/external/connections/contosohr/operations/%6fp',
  '/v1.0/external/connections/contosohr/operations/op/',
];

describe('an address in Graph', () => {
  test.each(own)('is watched as %s', async (spelling) => {
    for (const name of ['Location', 'operation-location']) {
      const answer = await begin(name, spelling.replace('ROOT', root));
      const told = answer.headers['opwatch-operation'];
      expect(told).toMatch(/^\/api\/operations\/c[a-z2-7]{25}$/);
      expect(answer.headers).not.toHaveProperty('opwatch-operation-error');
      const found = await proxy.app.flows.find(told?.split('/').at(-1) ?? '');
      expect(found?.resource).toMatchObject({
        path: '/external/connections/contosohr/operations/op',
        parentId: 'contosohr',
        operationId: 'op',
      });
    }
  });

  test('keeps its version, and that of the call where it names none', async () => {
    const versions: unknown[] = [];
    for (const start of ['/beta', '']) {
      const answer = await begin(
        'Location',
        `${start}/external/connections/contosohr/operations/in${versions.length}`,
      );
      const key = answer.headers['opwatch-operation']?.split('/').at(-1) ?? '';
      versions.push((await proxy.app.flows.find(key))?.resource.version);
    }
    expect(versions).toEqual(['beta', 'v1.0']);
  });

  test('comes from Location where both headers are there', async () => {
    const path = '/v1.0/external/connections/contosohr/operations';
    const answer = await begin('Operation-Location', `${path}/second`, 'Location', `${path}/first`);
    const found = await proxy.app.flows.find(answer.headers['opwatch-operation']?.split('/').at(-1) ?? '');
    expect(found?.resource.operationId).toBe('first');
    expect(answer.headers).toMatchObject({
      location: `${path}/first`,
      'operation-location': `${path}/second`,
    });
  });
});

const strange: readonly (readonly [address: string, error: 'location_foreign' | 'location_unknown'])[] = [
  ['https://evil.example/v1.0/external/connections/contosohr/operations/op', 'location_foreign'],
  ['//evil.example/v1.0/external/connections/contosohr/operations/op', 'location_foreign'],
  ['///evil.example/v1.0/external/connections/contosohr/operations/op', 'location_foreign'],
  ['\\\\evil.example\\v1.0\\external\\connections\\contosohr\\operations\\op', 'location_foreign'],
  ['ROOT@evil.example/v1.0/external/connections/contosohr/operations/op', 'location_foreign'],
  ['ROOT:x@evil.example/v1.0/external/connections/contosohr/operations/op', 'location_foreign'],
  ['ROOT.evil.example/v1.0/external/connections/contosohr/operations/op', 'location_foreign'],
  ['ROOT0/v1.0/external/connections/contosohr/operations/op', 'location_foreign'],
  ['http://user:secret@127.0.0.1/v1.0/external/connections/contosohr/operations/op', 'location_foreign'],
  ['http:/evil.example/v1.0/external/connections/contosohr/operations/op', 'location_foreign'],
  ['javascript:alert(1)', 'location_foreign'],
  ["ROOT/v1.0/teams('t')/operations('op')", 'location_unknown'],
  ['/v1.0/drives/d/items/i/workbook/operations/op', 'location_unknown'],
  ['/v1.0/print/operations/op', 'location_unknown'],
  ['/v1.0/external/connections/contosohr', 'location_unknown'],
  ['/v1.0/external/connections/contosohr/operations', 'location_unknown'],
  ['/v2.0/external/connections/contosohr/operations/op', 'location_unknown'],
  ['/v1.0/external/connections/contosohr/operations/op?x=1', 'location_unknown'],
  ['/v1.0/external/connections/contosohr/operations/op#x', 'location_unknown'],
  ['/v1.0/external/connections/contosohr/operations/..', 'location_unknown'],
  ['/v1.0/external/connections/contosohr/operations/%2e%2e', 'location_unknown'],
  ['/v1.0/external/connections/contosohr/operations/op%2fx', 'location_unknown'],
  ['/v1.0/external/connections/../contosohr/operations/op', 'location_unknown'],
  ['/v1.0//external/connections/contosohr/operations/op', 'location_unknown'],
  [`/v1.0/external/connections/contosohr/operations/${'o'.repeat(3000)}`, 'location_unknown'],
  ['', 'location_unknown'],
];

describe('an address of nothing that is watched', () => {
  test.each(strange)('is told as it came and not watched: %s', async (spelling, error) => {
    const address = spelling.replace('ROOT', root);
    const answer = await begin('Location', address);
    expect(answer.headers['opwatch-operation-error']).toBe(error);
    expect(answer.headers).not.toHaveProperty('opwatch-operation');
    // Empty or longer than any address, it is not told at all.
    const isTold = address.length > 0 && address.length <= 2048;
    expect(answer.headers['location']).toBe(isTold ? address : undefined);
  });

  test('is two addresses at once', async () => {
    const path = '/v1.0/external/connections/contosohr/operations';
    const answer = await begin('Location', `${path}/one`, 'Location', `${path}/two`);
    expect(answer.headers['opwatch-operation-error']).toBe('location_unknown');
  });
});
