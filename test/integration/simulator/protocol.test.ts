// The protocol without any fault: single GET, batch, PATCH, births, spellings of paths.
import { describe, expect, test } from 'vitest';
import { startMs, useSimulator } from './harness.ts';

const bench = useSimulator();
const callId = '57dab8b1-894c-409a-b240-bd8beae78896';

describe('single GET', () => {
  test('shows the status of the moment', async () => {
    const { path, id } = bench.anOperation();
    const first = await bench.send(`/v1.0${path}`);
    bench.advance(60_000);
    const second = await bench.send(`/v1.0${path}`);
    expect(first.status).toBe(200);
    expect(first.json).toEqual({
      '@odata.context':
        'https://graph.microsoft.com/v1.0/$metadata#external/connections/contosohr/operations/$entity',
      id,
      status: 'inprogress',
      error: null,
    });
    expect(second.json).toMatchObject({ status: 'completed' });
  });

  test('echoes client-request-id and dates the answer by its own clock', async () => {
    const { path } = bench.anOperation();
    const answer = await bench.send(`/v1.0${path}`, { headers: { 'client-request-id': 'mine' } });
    expect(answer.headers.get('client-request-id')).toBe('mine');
    expect(answer.headers.get('request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers.get('date')).toBe(new Date(startMs).toUTCString());
  });

  test('leaves annotations out when no metadata is wanted', async () => {
    const { path } = bench.simulator.control.addOperation({
      kind: 'commsOperation',
      parent: callId,
      properties: { '@odata.type': '#microsoft.graph.playPromptOperation' },
    });
    const bare = await bench.send(`/v1.0${path}`, {
      headers: { Accept: 'application/json;odata.metadata=none' },
    });
    const full = await bench.send(`/v1.0${path}`);
    expect(Object.keys(bare.json as object).filter((name) => name.startsWith('@'))).toEqual([]);
    expect(full.json).toMatchObject({ '@odata.type': '#microsoft.graph.playPromptOperation' });
  });

  test.each([
    ['alias root', 'connectionOperation', 'contosohr', 'op1', '/v1.0/connections/contosohr/operations/op1'],
    [
      'parenthesised keys',
      'connectionOperation',
      'contosohr',
      'op1',
      "/beta/external/connections('contosohr')/operations('op1')",
    ],
    [
      'dash-less upper-case GUID',
      'commsOperation',
      callId,
      'op1',
      `/v1.0/communications/calls/${callId.replaceAll('-', '').toUpperCase()}/operations/op1`,
    ],
    ['app alias in beta', 'commsOperation', callId, 'op1', `/beta/app/calls/${callId}/operations/op1`],
    [
      'user',
      'onenoteOperation',
      '/users/adele@contoso.test',
      'op1',
      '/v1.0/users/adele%40contoso.test/onenote/operations/op1',
    ],
    ['group', 'onenoteOperation', '/groups/g1', 'op1', '/v1.0/groups/g1/onenote/operations/op1'],
    [
      'site of a group',
      'onenoteOperation',
      '/groups/g1/sites/contoso,1,2',
      'op1',
      '/v1.0/groups/g1/sites/contoso,1,2/onenote/operations/op1',
    ],
  ] as const)('finds an operation by %s', async (_name, kind, parent, id, path) => {
    bench.simulator.control.addOperation({ kind, parent, id });
    expect(await bench.send(path)).toMatchObject({ status: 200, json: { id } });
  });

  test.each([
    [
      'an operation that never was',
      '/v1.0/external/connections/contosohr/operations/none',
      404,
      'ItemNotFound',
    ],
    [
      'an operation of a call that never was',
      `/v1.0/communications/calls/${callId}/operations/x`,
      404,
      '8522',
    ],
    ['the root app in v1.0', `/v1.0/app/calls/${callId}`, 400, 'BadRequest'],
    ['another root', '/v1.0/teams/x', 400, 'BadRequest'],
    ['another version', '/v2.0/external/connections/x', 400, 'BadRequest'],
  ])('refuses %s', async (_name, path, status, code) => {
    expect(await bench.send(path)).toMatchObject({ status, json: { error: { code } } });
  });

  test('lists the operations of a connection', async () => {
    bench.anOperation('op1');
    bench.anOperation('op2');
    const { json } = await bench.send('/v1.0/external/connections/contosohr/operations');
    expect((json as { value: { id: string }[] }).value.map(({ id }) => id)).toEqual(['op1', 'op2']);
  });
});

describe('batch', () => {
  test('answers every item by its id, in any order', async () => {
    const paths = Array.from({ length: 20 }, (_, index) => bench.anOperation(`op${index}`).path);
    const { responses } = await bench.batch(paths);
    const asked = paths.map((_, index) => String.fromCharCode(97 + index));
    expect(responses.map(({ id }) => id)).not.toEqual(asked);
    expect(responses.map(({ id }) => id).toSorted()).toEqual(asked);
    expect(responses.find(({ id }) => id === 'c')).toMatchObject({
      status: 200,
      body: { id: 'op2', status: 'inprogress' },
    });
  });

  test('judges items one by one', async () => {
    const { path } = bench.anOperation();
    const { responses } = await bench.batch([path, `${path}x`]);
    expect(Object.fromEntries(responses.map(({ id, status }) => [id, status]))).toEqual({ a: 200, b: 404 });
  });

  test.each([
    ['no requests', {}],
    [
      '21 items',
      { requests: Array.from({ length: 21 }, (_, index) => ({ id: `${index}`, method: 'GET', url: '/x' })) },
    ],
    ['ids equal without case', { requests: ['a', 'A'].map((id) => ({ id, method: 'GET', url: '/x' })) }],
    ['a version in an item', { requests: [{ id: '1', method: 'GET', url: '/v1.0/external/connections/x' }] }],
    [
      'an absolute url',
      { requests: [{ id: '1', method: 'GET', url: 'https://graph.microsoft.com/v1.0/x' }] },
    ],
    ['a body without its type', { requests: [{ id: '1', method: 'PATCH', url: '/x', body: {} }] }],
    ['a nested batch', { requests: [{ id: '1', method: 'POST', url: '/$batch' }] }],
    ['an unknown dependency', { requests: [{ id: '1', method: 'GET', url: '/x', dependsOn: ['2'] }] }],
    ['no JSON', '{"requests":'],
  ])('refuses %s as a whole', async (_name, body) => {
    expect(await bench.send('/v1.0/$batch', { method: 'POST', body })).toMatchObject({
      status: 400,
      json: { error: { code: 'BadRequest' } },
    });
  });

  test('does not execute an item whose dependency failed', async () => {
    const { path } = bench.anOperation();
    const requests = [
      { id: '1', method: 'GET', url: path, dependsOn: ['2'] },
      { id: '2', method: 'GET', url: `${path}x` },
      { id: '3', method: 'GET', url: path },
    ];
    const { json } = await bench.send('/v1.0/$batch', { method: 'POST', body: { requests } });
    const statuses = (json as { responses: { id: string; status: number }[] }).responses.map(
      ({ id, status }) => [id, status],
    );
    expect(Object.fromEntries(statuses)).toEqual({ 1: 424, 2: 404, 3: 200 });
  });
});
