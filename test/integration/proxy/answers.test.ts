// What the caller gets of each of Graph's answers to a read or a change.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FaultInput } from '../../../dev/simulator/faults.ts';
import { graphToken, type Proxy, startProxy } from './harness.ts';

let proxy: Proxy;
beforeAll(async () => {
  proxy = await startProxy();
});
afterAll(() => proxy.stop());
beforeEach(() => {
  const { control } = proxy.simulator;
  control.reset();
  control.addConnection({ id: 'contosohr', name: 'HR' });
});

const connection = 'v1.0/external/connections/contosohr';
const change = { body: { name: 'People' } };

function callsSeen(): readonly string[] {
  return proxy.simulator.control.requests().map(({ method }) => method);
}

describe('a change without a body in the answer', () => {
  test('stays 204 with ids of the request', async () => {
    const answer = await proxy.patch(connection, {
      ...change,
      headers: { 'client-request-id': 'a-caller.s_id', prefer: 'return=minimal' },
    });
    expect(answer).toMatchObject({
      status: 204,
      text: '',
      headers: { 'client-request-id': 'a-caller.s_id' },
    });
    expect(answer.headers['request-id']).toBeTypeOf('string');
    expect(answer.headers).not.toHaveProperty('content-type');
    expect(callsSeen()).toEqual(['PATCH']);
  });

  test.each(['return=representation', 'respond-async, return=representation; foo'])(
    'is read back and answered with 200 under Prefer: %s',
    async (prefer) => {
      const answer = await proxy.patch(connection, { ...change, headers: { prefer } });
      expect(answer).toMatchObject({ status: 200, json: { id: 'contosohr', name: 'People' } });
      expect(callsSeen()).toEqual(['PATCH', 'GET']);
    },
  );

  test.each<[string, FaultInput]>([
    ['is refused', { fault: 'status', status: 403, where: { method: 'GET' } }],
    ['breaks', { fault: 'reset', where: { method: 'GET' } }],
  ])('stays 204 when reading it back %s', async (_what, fault) => {
    proxy.simulator.control.addFault(fault);
    const answer = await proxy.patch(connection, { ...change, headers: { prefer: 'return=representation' } });
    expect(answer).toMatchObject({ status: 204, text: '' });
    expect(callsSeen()).toEqual(['PATCH', 'GET']);
  });
});

describe('an entity tag', () => {
  test('comes from Graph, and a change under it is made', async () => {
    proxy.simulator.control.addFault({ fault: 'etags' });
    const { headers } = await proxy.get(connection);
    expect(headers['etag']).toMatch(/^W\/"/);
    const current = { 'if-match': headers['etag'] ?? '' };
    expect(await proxy.patch(connection, { ...change, headers: current })).toMatchObject({ status: 204 });
    const stale = await proxy.patch(connection, { ...change, headers: current });
    expect(stale).toMatchObject({ status: 412, json: { code: 'precondition_failed', status: 412 } });
  });

  test.each(['x', 'W/x', '"a"\u00e9', '"a" "b"', '"a",'])('of the form %s is refused', async (ifMatch) => {
    const answer = await proxy.patch(connection, { ...change, headers: { 'if-match': ifMatch } });
    expect(answer).toMatchObject({ status: 400, json: { code: 'value_invalid' } });
    expect(callsSeen()).toEqual([]);
  });
});

describe("Graph's refusals", () => {
  const refusals: readonly (readonly [status: number, answered: number, code: string])[] = [
    [400, 400, 'graph_error'],
    [403, 403, 'graph_forbidden'],
    [404, 404, 'graph_not_found'],
    [409, 409, 'graph_conflict'],
    [410, 410, 'graph_error'],
    [412, 412, 'precondition_failed'],
    [423, 423, 'graph_error'],
    [429, 429, 'graph_throttled'],
    [500, 502, 'graph_error'],
    [501, 502, 'graph_error'],
    [502, 502, 'graph_error'],
    [503, 503, 'graph_error'],
    [504, 504, 'graph_timeout'],
  ];
  test.each(refusals)('of %i are answered with %i and %s', async (status, answered, code) => {
    const message = 'canary\r\n<script>alert(1)</script>';
    for (const method of ['GET', 'PATCH']) {
      proxy.simulator.control.addFault({ fault: 'status', status, message, times: 1 });
      const answer = await proxy.send(method, connection, method === 'PATCH' ? change : {});
      expect(answer).toMatchObject({
        status: answered,
        headers: { 'content-type': 'application/problem+json' },
        json: { status: answered, code, error: { code } },
      });
      expect(answer.text).not.toContain('canary');
      expect(answer.headers['request-id']).toBeTypeOf('string');
    }
    expect(callsSeen()).toEqual(['GET', 'PATCH']);
    expect(await proxy.get(connection)).toMatchObject({ status: 200 });
  });

  test.each([
    ['a whole number', 7, /^7$/],
    ['a decimal', 2.128, /^3$/],
    ['more than the hour that pauses are held to', 7200, /^7200$/],
    ['a date', { dateInSeconds: 20 }, /^(19|20|21)$/],
    ['a date in the past', { dateInSeconds: -30 }, /^0$/],
    ['garbage', 'soon', /^1$/],
    ['nothing', null, /^1$/],
  ] as const)('with %s in Retry-After name whole seconds', async (_what, retryAfter, expected) => {
    for (const status of [429, 503]) {
      proxy.simulator.control.addFault({ fault: 'status', status, retryAfter, times: 1 });
      const answer = await proxy.patch(connection, change);
      expect(answer.status).toBe(status);
      expect(answer.headers['retry-after']).toMatch(expected);
    }
  });

  test('of the token lead to one fresh token and one more try', async () => {
    proxy.simulator.control.addFault({ fault: 'status', on: 'request', status: 401, times: 1 });
    expect(await proxy.patch(connection, change)).toMatchObject({ status: 204 });
    expect(callsSeen()).toEqual(['PATCH', 'PATCH']);
  });

  test('of a fresh token too are a failure of this app and not of the caller', async () => {
    proxy.simulator.control.addFault({ fault: 'status', on: 'request', status: 401 });
    const answer = await proxy.patch(connection, change);
    expect(answer).toMatchObject({ status: 502, json: { code: 'graph_auth' } });
    expect(answer.headers).not.toHaveProperty('www-authenticate');
    expect(answer.text + proxy.lines.join('\n')).not.toContain(graphToken);
    expect(callsSeen()).toEqual(['PATCH', 'PATCH']);
  });
});

describe('an answer that can not be used', () => {
  const unusable: readonly (readonly [what: string, fault: FaultInput])[] = [
    ['a page', { fault: 'html' }],
    ['an empty 200', { fault: 'empty' }],
    ['a redirect', { fault: 'redirect', location: 'https://evil.example/steal' }],
    ['a permanent redirect', { fault: 'redirect', location: 'https://evil.example/steal', status: 308 }],
    ['a text in place of an object', { fault: 'garbage', body: 'canary' }],
    ['a body cut in the middle', { fault: 'truncate' }],
    ['a body of ten megabytes', { fault: 'big' }],
    ['a body without end', { fault: 'endless' }],
  ];
  test.each(unusable)('such as %s is a bad gateway, and nothing of it is shown', async (_what, fault) => {
    proxy.simulator.control.addFault({ ...fault, times: 1 });
    const answer = await proxy.get(connection);
    expect(answer).toMatchObject({ status: 502, json: { code: 'graph_malformed' } });
    expect(answer.headers).not.toHaveProperty('location');
    expect(answer.text).not.toMatch(/html|canary|evil/);
    expect(answer.text.length).toBeLessThan(2048);
    expect(callsSeen()).toEqual(['GET']);
    expect(await proxy.get(connection)).toMatchObject({ status: 200 });
  });

  test.each(unusable)('such as %s leaves the outcome of a change unknown', async (_what, fault) => {
    const { control } = proxy.simulator;
    control.addFault({ fault: 'patchConnection', status: 200 });
    control.addFault({ ...fault, times: 1 });
    const answer = await proxy.patch(connection, change);
    expect(answer).toMatchObject({ status: 502, json: { code: 'graph_malformed', outcome: 'unknown' } });
    expect(answer.headers).not.toHaveProperty('location');
    expect(callsSeen()).toEqual(['PATCH']);
  });

  test('such as a page that says 403 is a refusal that names no reason', async () => {
    proxy.simulator.control.addFault({ fault: 'html', status: 403 });
    expect(await proxy.get(connection)).toMatchObject({ status: 502, json: { code: 'graph_malformed' } });
  });
});

describe('a connection that breaks', () => {
  test.each<[string, FaultInput]>([
    ['before Graph did it', { fault: 'reset', times: 1 }],
    ['after Graph did it', { fault: 'reset', applied: true, times: 1 }],
    ['in the middle of the answer', { fault: 'truncate', reset: true, times: 1 }],
  ])('%s leaves the outcome of a change unknown, and it is sent once', async (_what, fault) => {
    const { control } = proxy.simulator;
    control.addFault({ fault: 'patchConnection', status: 200 });
    control.addFault(fault);
    const answer = await proxy.patch(connection, change);
    expect(answer).toMatchObject({ status: 504, json: { code: 'graph_timeout', outcome: 'unknown' } });
    expect(callsSeen()).toEqual(['PATCH']);
    expect(await proxy.patch(connection, change)).toMatchObject({ status: 200 });
  });

  test('is a bad gateway for a read', async () => {
    proxy.simulator.control.addFault({ fault: 'reset', times: 1 });
    const answer = await proxy.get(connection);
    expect(answer).toMatchObject({ status: 502, json: { code: 'graph_error' } });
    expect(answer.json).not.toHaveProperty('outcome');
  });
});

test.each([
  [500, true],
  [502, true],
  [504, true],
  [503, false],
  [429, false],
  [404, false],
])('a change that Graph answers with %i has an unknown outcome: %s', async (status, isUnknown) => {
  proxy.simulator.control.addFault({ fault: 'status', status, applied: isUnknown });
  const answer = await proxy.patch(connection, change);
  expect(answer.json['outcome']).toBe(isUnknown ? 'unknown' : undefined);
  expect(callsSeen()).toEqual(['PATCH']);
});

test('a change for which no token can be had is not sent, and has a known outcome', async () => {
  const env = {
    OPWATCH_CREDENTIAL: 'environment',
    OPWATCH_STATIC_TOKEN: '',
    OPWATCH_TENANT_ID: '11111111-2222-4333-8444-555555555555',
    OPWATCH_AUTHORITY_HOST: 'https://localhost:1',
  };
  const anonymous = await startProxy({ env });
  try {
    const answer = await anonymous.patch(connection, change);
    expect(answer).toMatchObject({ status: 502, json: { code: 'graph_auth' } });
    expect(answer.json).not.toHaveProperty('outcome');
    expect(anonymous.simulator.control.requests()).toEqual([]);
    expect(anonymous.lines.some((line) => line.startsWith('error no token for Graph'))).toBe(true);
  } finally {
    await anonymous.stop();
  }
});
