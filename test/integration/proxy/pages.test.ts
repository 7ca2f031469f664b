// The five original pages, each with its own examples: what they promise works as they say, where Graph does it, and what
// they leave open (an address, a real status) is asked for.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Proxy, startProxy } from './harness.ts';
import { eventsOf, patchesSeen, trackOperation } from './tracked.ts';

let proxy: Proxy;
beforeAll(async () => {
  proxy = await startProxy();
});
afterAll(() => proxy.stop());
beforeEach(() => proxy.simulator.control.reset());

const call = '9b2d1c3e-0000-4000-8000-00000000abcd';
const prefer = { prefer: 'return=representation' };

describe('Update connectionOperation', () => {
  const example = {
    '@odata.type': '#microsoft.graph.connectionOperation',
    error: { '@odata.type': 'microsoft.graph.publicError' },
  };

  test('changes the operation that its body names, and answers 200 with the updated object', async () => {
    const { operation, key } = await trackOperation(proxy, {
      kind: 'connectionOperation',
      parent: 'contosohr',
    });
    const body = { ...example, id: operation.id, status: 'failed' };
    const answer = await proxy.patch('beta/connectionOperation', { body });
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      json: { id: operation.id, status: 'failed', error: example.error },
    });
    expect(patchesSeen(proxy)).toEqual([
      { path: `/beta${operation.path}`, body: { error: example.error, status: 'failed' } },
    ]);
    expect(await eventsOf(proxy, key)).toEqual(['opwatch.connectionOperation.failed by patch']);
  });

  test.each(['unspecified', 'inprogress', 'completed', 'failed', 'Completed'])(
    'takes its word %s',
    async (status) => {
      const { operation } = await trackOperation(proxy, { kind: 'connectionOperation', parent: 'contosohr' });
      const body = { ...example, id: operation.id, status };
      const answer = await proxy.patch('v1.0/connectionOperation', { body });
      expect(answer).toMatchObject({ status: 200, json: { status } });
    },
  );

  test.each([
    [
      'the word of its example, which is none',
      { ...example, id: 'op', status: 'String' },
      404,
      'operation_unknown',
    ],
    ['no id, as in its example', { ...example, status: 'failed' }, 400, 'id_invalid'],
  ])('can not be done with %s', async (_what, body, status, code) => {
    expect(await proxy.patch('beta/connectionOperation', { body })).toMatchObject({ status, json: { code } });
    const { operation } = await trackOperation(proxy, { kind: 'connectionOperation', parent: 'contosohr' });
    const path = `beta${operation.path}`;
    const direct = await proxy.patch(path, { body: { ...body, id: operation.id, status: 'String' } });
    expect(direct).toMatchObject({ status: 400, json: { code: 'value_invalid' } });
    expect(patchesSeen(proxy)).toEqual([]);
  });
});

describe('connectionOperation resource type', () => {
  const shapes = [
    {
      what: 'its own, errorDetail',
      error: { '@odata.type': 'microsoft.graph.errorDetail', code: 'x', message: 'y', details: [] },
    },
    {
      what: 'that of the update page, publicError',
      error: {
        '@odata.type': '#microsoft.graph.publicError',
        code: 'x',
        message: 'y',
        target: 'z',
        innerError: { code: 'deeper' },
      },
    },
    { what: 'one without a type', error: { code: 'x', message: 'y' } },
    { what: 'none', error: null },
  ];

  test.each(shapes)('is read and changed with an error that is $what', async ({ error }) => {
    const { operation, key } = await trackOperation(proxy, {
      kind: 'connectionOperation',
      parent: 'contosohr',
    });
    const path = `beta${operation.path}`;
    const read = await proxy.get(path);
    expect(read).toMatchObject({ status: 200, json: { id: operation.id, status: 'inprogress' } });
    const body = { '@odata.type': '#microsoft.graph.connectionOperation', id: operation.id, error };
    const answer = await proxy.patch(path, { body: { ...body, status: 'failed' } });
    expect(answer).toMatchObject({ status: 200, json: { id: operation.id, status: 'failed', error } });
    expect(patchesSeen(proxy)).toEqual([{ path: `/${path}`, body: { error, status: 'failed' } }]);
    const found = await proxy.app.flows.find(key);
    expect(found).toMatchObject({ state: 'failed', status: 'failed', error });
    expect(await proxy.get(path)).toMatchObject({ status: 200, json: { error } });
  });

  test.each(['microsoft.graph.user', '#microsoft.graph.resultInfo', 1])(
    'takes no error of the type %j',
    async (type) => {
      const { operation } = await trackOperation(proxy, { kind: 'connectionOperation', parent: 'contosohr' });
      const answer = await proxy.patch(`beta${operation.path}`, { body: { error: { '@odata.type': type } } });
      expect(answer).toMatchObject({ status: 400, json: { code: 'value_invalid' } });
      expect(patchesSeen(proxy)).toEqual([]);
    },
  );
});

describe('Update operation', () => {
  const instant = '2017-01-01T00:01:23.8467386+03:00';
  const example = { '@odata.type': '#microsoft.graph.operation', lastActionDateTime: instant };

  test('changes the OneNote operation that its body names, and answers 200 with the updated object', async () => {
    const { operation, key } = await trackOperation(proxy, {
      kind: 'onenoteOperation',
      parent: `/users/${call}`,
    });
    const body = { ...example, id: operation.id, status: 'Completed' };
    const answer = await proxy.patch('v1.0/operation', { body });
    expect(answer).toMatchObject({
      status: 200,
      json: { id: operation.id, status: 'Completed', lastActionDateTime: instant },
    });
    expect(patchesSeen(proxy)).toEqual([
      { path: `/v1.0${operation.path}`, body: { lastActionDateTime: instant, status: 'Completed' } },
    ]);
    expect(await eventsOf(proxy, key)).toEqual(['opwatch.onenoteOperation.succeeded by patch']);
  });

  test.each(['NotStarted', 'Running', 'Completed', 'Failed', 'notStarted'])(
    'takes the word %s of OneNote',
    async (status) => {
      const { operation } = await trackOperation(proxy, {
        kind: 'onenoteOperation',
        parent: `/users/${call}`,
      });
      const createdDateTime = '2016-12-31T23:57:22.3554145+03:00';
      const body = { ...example, id: operation.id, status, createdDateTime };
      const answer = await proxy.patch(`beta${operation.path}`, { body });
      expect(answer).toMatchObject({
        status: 200,
        json: { status, createdDateTime, lastActionDateTime: instant },
      });
    },
  );

  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['the word of its example, which is none', { status: 'String' }, 'value_invalid'],
    ['a word of another kind', { status: 'inprogress' }, 'value_invalid'],
    ['an instant that is none', { lastActionDateTime: 'yesterday' }, 'value_invalid'],
    ['an id of another', { id: 'other', status: 'Failed' }, 'id_mismatch'],
    ['another property', { resourceLocation: 'https://evil.example' }, 'property_not_allowed'],
  ])('of OneNote can not be done with %s', async (_what, body, code) => {
    const { operation } = await trackOperation(proxy, { kind: 'onenoteOperation', parent: `/users/${call}` });
    const answer = await proxy.patch(`v1.0${operation.path}`, { body });
    expect(answer).toMatchObject({ status: 400, json: { code } });
    expect(patchesSeen(proxy)).toEqual([]);
  });
});

describe('Update connections', () => {
  const configuration = { '@odata.type': 'microsoft.graph.configuration' };
  const example = {
    '@odata.type': '#microsoft.graph.externalConnection',
    name: 'String',
    description: 'String',
  };

  beforeEach(() => {
    proxy.simulator.control.addConnection({ id: 'contosohr', name: 'HR' });
  });

  test.each([
    'beta/connections',
    'v1.0/externalConnection',
    'beta/connections/contosohr',
    'v1.0/external/connections/contosohr',
  ])(
    'changes the connection at %s, and answers 200 with the updated object to who wants it',
    async (path) => {
      const body = { ...example, id: 'contosohr' };
      const answer = await proxy.patch(path, { headers: prefer, body });
      const updated = { id: 'contosohr', name: 'String', description: 'String' };
      expect(answer).toMatchObject({ status: 200, json: updated });
      const version = path.split('/')[0];
      expect(patchesSeen(proxy)).toEqual([
        {
          path: `/${version}/external/connections/contosohr`,
          body: { name: 'String', description: 'String' },
        },
      ]);
      // Graph itself answers 204, and so it stays for everybody else.
      expect(await proxy.patch(path, { body })).toMatchObject({ status: 204, text: '' });
    },
  );

  test('changes the configuration of its example with the right to do so', async () => {
    const body = { ...example, id: 'contosohr', configuration };
    const refused = await proxy.patch('beta/connections', { headers: prefer, body });
    expect(refused).toMatchObject({ status: 403, json: { code: 'property_forbidden' } });
    expect(patchesSeen(proxy)).toEqual([]);
    const open = await startProxy({ env: { OPWATCH_PATCH_CONFIGURATION: 'allow' } });
    try {
      open.simulator.control.addConnection({ id: 'contosohr' });
      const answer = await open.patch('beta/connections', { headers: prefer, body });
      expect(answer).toMatchObject({ status: 200, json: { id: 'contosohr', name: 'String', configuration } });
      expect(patchesSeen(open)).toMatchObject([{ body: { name: 'String', configuration } }]);
    } finally {
      await open.stop();
    }
  });

  test('needs an id, which its example lacks', async () => {
    const answer = await proxy.patch('beta/connections', { body: example });
    expect(answer).toMatchObject({ status: 400, json: { code: 'id_invalid' } });
  });
});

describe('Update commsOperation', () => {
  const example = {
    '@odata.type': '#microsoft.graph.commsOperation',
    clientContext: 'String',
    resultInfo: { '@odata.type': 'microsoft.graph.resultInfo' },
  };

  test('changes the operation at its address, and answers 200 with the updated object', async () => {
    const { operation, key } = await trackOperation(proxy, { kind: 'commsOperation', parent: call });
    const body = { ...example, status: 'completed' };
    const path = `beta/communications/calls/${call}/operations/${operation.id}`;
    const answer = await proxy.patch(path, { body });
    expect(answer).toMatchObject({
      status: 200,
      json: {
        id: operation.id,
        status: 'completed',
        clientContext: 'String',
        resultInfo: example.resultInfo,
      },
    });
    // Its type has subtypes, so it is sent on.
    expect(patchesSeen(proxy)).toEqual([{ path: `/beta${operation.path}`, body }]);
    expect(await eventsOf(proxy, key)).toEqual(['opwatch.commsOperation.succeeded by patch']);
    const literal = await proxy.patch('beta/commsOperation', { body: { ...body, id: operation.id } });
    expect(literal).toMatchObject({ status: 200, json: { id: operation.id } });
  });

  test.each(['NotStarted', 'Running', 'Completed', 'Failed', 'running'])(
    'takes the word %s of calls',
    async (status) => {
      const { operation } = await trackOperation(proxy, { kind: 'commsOperation', parent: call });
      const body = { ...example, status };
      const answer = await proxy.patch(`v1.0/app/calls/${call}/operations/${operation.id}`, { body });
      expect(answer).toMatchObject({ status: 200, json: { status } });
    },
  );

  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['the word of its example, which is none', { status: 'String' }, 'value_invalid'],
    ['a context that is too long', { clientContext: 'c'.repeat(257) }, 'value_invalid'],
    ['a result of another type', { resultInfo: { '@odata.type': 'microsoft.graph.user' } }, 'value_invalid'],
    ['an id of another', { id: 'other', status: 'failed' }, 'id_mismatch'],
  ])('of calls can not be done with %s', async (_what, body, code) => {
    const { operation } = await trackOperation(proxy, { kind: 'commsOperation', parent: call });
    const answer = await proxy.patch(`beta${operation.path}`, { body: { ...example, ...body } });
    expect(answer).toMatchObject({ status: 400, json: { code } });
    expect(patchesSeen(proxy)).toEqual([]);
  });
});
