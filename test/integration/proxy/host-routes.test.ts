// The proxy through the built app in its host: which routes and methods are served, and many changes at once.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ConnectionHost, change, connection, graph, startConnectionHost } from './connection-host.ts';
import { expectProblem } from './host-harness.ts';

const call = '9b2d1c3e-0000-4000-8000-00000000abcd';
const group = '0a1b2c3d-0000-4000-8000-0000000000ff';

let at: ConnectionHost;
beforeAll(async () => {
  at = await startConnectionHost();
});
afterAll(() => at.stop());
beforeEach(() => at.reset());

describe('a route', () => {
  test.each([
    ['external/connections/contosohr', 204, '{"description":"d"}'],
    ['connections/contosohr', 204, '{"description":"d"}'],
    ['external/connections/contosohr/schema', 202, '{"properties":[]}'],
    ['external/connections/contosohr/operations/op.1', 200, '{"status":"failed"}'],
    [`communications/calls/${call}/operations/op.1`, 200, '{"status":"completed"}'],
    [`app/calls/${call}/operations/op.1`, 200, '{"status":"completed"}'],
    ['users/ada@contoso.com/onenote/operations/op.1', 200, '{"status":"Completed"}'],
    [`groups/${group}/onenote/operations/op.1`, 200, '{"status":"Completed"}'],
    [`groups/${group}/sites/root,${call},${group}/onenote/operations/op.1`, 200, '{"status":"Completed"}'],
  ])('is served in both versions: %s', async (path, status, body) => {
    const { control } = at.simulator;
    control.addOperation({ kind: 'connectionOperation', parent: 'contosohr', id: 'op.1' });
    control.addOperation({ kind: 'commsOperation', parent: call, id: 'op.1' });
    for (const owner of ['users/ada@contoso.com', `groups/${group}`])
      control.addOperation({ kind: 'onenoteOperation', parent: `/${owner}`, id: 'op.1' });
    const site = `/groups/${group}/sites/root,${call},${group}`;
    control.addOperation({ kind: 'onenoteOperation', parent: site, id: 'op.1' });
    for (const version of ['v1.0', 'beta']) {
      expect((await at.host.send('PATCH', `/api/graph/${version}/${path}`, { body })).status).toBe(status);
      expect((await at.host.send('GET', `/api/graph/${version}/${path}`)).status).toBe(200);
    }
    expect(at.seen().map((line) => line.split('/')[0])).toEqual(['PATCH ', 'GET ', 'PATCH ', 'GET ']);
  });

  test('is found without regard to case before the version, as the host does it', async () => {
    expect(
      await at.host.send('PATCH', `/API/Graph/v1.0/connections/contosohr`, { body: change }),
    ).toMatchObject({
      status: 204,
    });
  });

  test('of a resource whose id stands in the body looks the operation up', async () => {
    const { id, path } = at.simulator.control.addOperation({
      kind: 'connectionOperation',
      parent: 'contosohr',
    });
    const tracked = await at.host.send('POST', '/api/operations', {
      body: JSON.stringify({ resource: path }),
    });
    expect(tracked.status).toBe(201);
    const body = JSON.stringify({ id, status: 'failed' });
    expect(await at.host.send('PATCH', `${graph}/connectionOperation`, { body })).toMatchObject({
      status: 200,
    });
    expect(at.seen()).toEqual([`PATCH /v1.0${path}`]);
  });
});

describe('A-33: a method that is not served', () => {
  const routes = [connection, `${graph}/connectionOperation`, `${graph}/users/ada`, '/api/graph/v2/x'];
  test.each(['DELETE', 'PUT', 'POST', 'OPTIONS', 'HEAD'])(
    'is 405 and names those that are: %s',
    async (method) => {
      for (const path of routes) {
        const answer = await at.host.send(method, path, {
          headers: { 'x-http-method-override': 'PATCH' },
          ...(method === 'HEAD' ? {} : { body: change }),
        });
        expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET, PATCH' } });
        if (method !== 'HEAD') expectProblem(answer, 405, 'method_not_allowed');
      }
      await at.expectUnharmed();
    },
  );

  test.each(['TRACE', 'PROPFIND', 'PURGE', 'SEARCH'])('is unknown to the host: %s', async (method) => {
    const request = `${method} ${connection} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    expect(await at.host.raw(request)).toEqual([404]);
    await at.expectUnharmed();
  });
});

describe('A-49: a hundred changes at once', () => {
  test('are each sent once', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
    const answers = await Promise.all(
      names.map((name) => at.host.send('PATCH', connection, { body: JSON.stringify({ name }) })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]));
    const sent = at.simulator.control.requests().map(({ body }) => (body as { name: string }).name);
    expect(sent.toSorted()).toEqual(names.toSorted());
  });

  test('with one key are one change, and the others are told or repeated its answer', async () => {
    const headers = { 'idempotency-key': 'one', 'x-functions-key': 'one-caller' };
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => at.host.send('PATCH', connection, { body: change, headers })),
    );
    for (const { status, code } of answers)
      expect([
        [204, null],
        [409, 'idempotency_conflict'],
      ]).toContainEqual([status, code]);
    expect(
      answers
        .filter(({ headers: given }) => !('idempotency-replayed' in given))
        .some(({ status }) => status === 204),
    ).toBe(true);
    expect(at.seen()).toEqual(['PATCH /v1.0/external/connections/contosohr']);
    const again = await at.host.send('PATCH', connection, { body: change, headers });
    expect(again).toMatchObject({ status: 204, headers: { 'idempotency-replayed': 'true' } });
    const other = await at.host.send('PATCH', connection, { body: '{"name":"Other"}', headers });
    expectProblem(other, 422, 'idempotency_mismatch');
    expect(at.seen().length).toBe(1);
  });
});

test('A-57: more changes than a caller may make in a second are limited, and others are not', async () => {
  const headers = { 'x-functions-key': 'a-loop-gone-wild' };
  const answers = await Promise.all(
    Array.from({ length: 200 }, () => at.host.send('PATCH', connection, { body: change, headers })),
  );
  const limited = answers.filter(({ status }) => status === 429);
  expect(limited.length).toBeGreaterThan(0);
  for (const answer of limited) {
    expectProblem(answer, 429, 'rate_limited');
    expect(answer.headers['retry-after']).toBe('1');
  }
  expect(at.seen().length).toBe(200 - limited.length);
  expect(await at.host.send('PATCH', connection, { body: change })).toMatchObject({ status: 204 });
});
