// PATCH and actions as Graph documents them, and the operations that they bring to life.
import { describe, expect, test } from 'vitest';
import { startMs, useSimulator } from './harness.ts';
import { callId } from './switch-case.ts';

const bench = useSimulator();
const schema = { baseType: 'microsoft.graph.externalItem', properties: [{ name: 'title', type: 'String' }] };

describe('connections', () => {
  test('are created, merged by PATCH without a body, and read back', async () => {
    const created = await bench.send('/v1.0/external/connections', {
      method: 'POST',
      body: { id: 'contosohr', name: 'HR' },
    });
    const patched = await bench.send('/v1.0/external/connections/contosohr', {
      method: 'PATCH',
      body: { description: 'People' },
    });
    const read = await bench.send('/beta/connections/contosohr');
    expect([created.status, patched.status, patched.text]).toEqual([201, 204, '']);
    expect(read.json).toMatchObject({ id: 'contosohr', name: 'HR', description: 'People', state: 'draft' });
  });

  test.each([
    ['another property', { moon: 1 }],
    ['a long name', { name: 'x'.repeat(129) }],
    ['a list', []],
  ])('refuse a PATCH with %s', async (_name, body) => {
    bench.simulator.control.addConnection({ id: 'contosohr' });
    expect((await bench.send('/v1.0/connections/contosohr', { method: 'PATCH', body })).status).toBe(400);
  });

  test.each([
    ['an obsolete one is not updated', { state: 'obsolete' }, 'PATCH', 400],
    ['one of others is forbidden', { access: 403 }, 'GET', 403],
    ['one of others looks absent', { access: 404 }, 'GET', 404],
  ] as const)('%s', async (_name, given, method, status) => {
    bench.simulator.control.addConnection({ id: 'contosohr', ...given });
    const body = method === 'PATCH' ? { body: { name: 'x' } } : {};
    expect((await bench.send('/v1.0/connections/contosohr', { method, ...body })).status).toBe(status);
  });

  test('take their operations with them', async () => {
    const { path, parentPath } = bench.anOperation();
    bench.simulator.control.remove(parentPath);
    expect([
      (await bench.send(`/v1.0${parentPath}`)).status,
      (await bench.send(`/v1.0${path}`)).status,
    ]).toEqual([404, 404]);
  });
});

describe('schema', () => {
  test('is registered by an operation, after which the connection is ready', async () => {
    const { control, url } = bench.simulator;
    control.addConnection({ id: 'contosohr' });
    control.setBirth('connectionOperation', [
      { afterMs: 0, status: 'inprogress' },
      { afterMs: 5000, status: 'completed' },
    ]);
    const answer = await bench.send('/v1.0/external/connections/contosohr/schema', {
      method: 'PATCH',
      body: schema,
    });
    const operation = (answer.headers.get('location') ?? '').slice(url.length);
    const before = await bench.send(operation);
    bench.advance(5000);
    const after = await bench.send(operation);
    expect([answer.status, answer.text]).toEqual([202, '']);
    expect([before.json, after.json]).toMatchObject([{ status: 'inprogress' }, { status: 'completed' }]);
    expect((await bench.send('/v1.0/external/connections/contosohr')).json).toMatchObject({ state: 'ready' });
    expect((await bench.send('/v1.0/external/connections/contosohr/schema')).json).toMatchObject(schema);
  });
});

describe('operations', () => {
  test('take the status of a PATCH, and the truth knows when', async () => {
    const { path } = bench.anOperation();
    bench.advance(1500);
    const error = { message: 'stopped by hand' };
    const answer = await bench.send(`/v1.0${path}`, { method: 'PATCH', body: { status: 'failed', error } });
    bench.advance(600_000);
    expect(answer).toMatchObject({ status: 200, json: { status: 'failed', error } });
    expect((await bench.send(`/v1.0${path}`)).json).toMatchObject({ status: 'failed' });
    expect(bench.simulator.control.truth()[0]?.changes).toEqual([
      { status: 'inprogress', atMs: startMs },
      { status: 'failed', atMs: startMs + 1500 },
    ]);
  });

  test('hide words added later unless the client prefers them', async () => {
    const script = [{ afterMs: 0, status: 'pausing', evolved: true }];
    const { path } = bench.simulator.control.addOperation({ kind: 'connectionOperation', script });
    const headers = { Prefer: 'include-unknown-enum-members' };
    expect((await bench.send(`/v1.0${path}`)).json).toMatchObject({ status: 'unknownFutureValue' });
    expect((await bench.send(`/v1.0${path}`, { headers })).json).toMatchObject({ status: 'pausing' });
  });

  test('are not deleted by clients', async () => {
    const { path } = bench.anOperation();
    expect((await bench.send(`/v1.0${path}`, { method: 'DELETE' })).status).toBe(405);
  });

  test('of OneNote carry percent, times and diagnostics', async () => {
    const script = [
      { afterMs: 0, status: 'Running', percentComplete: '40' },
      { afterMs: 1000, status: 'Failed', error: { code: '30104', message: 'no' } },
    ];
    const { path } = bench.simulator.control.addOperation({
      kind: 'onenoteOperation',
      parent: '/groups/g1',
      script,
    });
    const running = await bench.send(`/v1.0${path}`);
    bench.advance(1000);
    const failed = await bench.send(`/v1.0${path}`);
    expect(running.json).toMatchObject({
      percentComplete: '40',
      createdDateTime: new Date(startMs).toISOString(),
    });
    expect(failed.json).toMatchObject({ error: { code: '30104' }, '@api.diagnostics': expect.any(String) });
  });
});

describe('actions', () => {
  test.each([
    ['playPrompt', 'running', '#microsoft.graph.playPromptOperation'],
    ['recordResponse', 'running', '#microsoft.graph.recordOperation'],
    ['participants/p1/mute', 'completed', '#microsoft.graph.muteParticipantOperation'],
  ])('%s answers an operation that is %s', async (action, status, type) => {
    bench.simulator.control.addCall({ id: callId });
    const body = { clientContext: 'mine' };
    const answer = await bench.send(`/v1.0/communications/calls/${callId}/${action}`, {
      method: 'POST',
      body,
    });
    const location = answer.headers.get('location') ?? '';
    expect(answer).toMatchObject({
      status: 200,
      json: { '@odata.type': type, status, clientContext: 'mine' },
    });
    expect((await bench.send(location.slice(bench.simulator.url.length))).json).toMatchObject({ status });
  });

  test('on a finished call answer 8522, and so do its operations', async () => {
    const { path } = bench.simulator.control.addOperation({ kind: 'commsOperation', parent: callId });
    bench.simulator.control.endCall(callId);
    const paths = [path, `/communications/calls/${callId}`];
    const answers = await Promise.all(paths.map((each) => bench.send(`/v1.0${each}`)));
    const acted = await bench.send(`/v1.0/communications/calls/${callId}/mute`, { method: 'POST', body: {} });
    expect([...answers, acted]).toMatchObject(
      Array.from({ length: 3 }, () => ({ status: 404, json: { error: { code: '8522' } } })),
    );
  });

  test.each(['/users/adele%40contoso.test', '/groups/g1', '/groups/g1/sites/s,1,2'])(
    'copy notes of %s',
    async (owner) => {
      const answer = await bench.send(`/v1.0${owner}/onenote/notebooks/n1/copyNotebook`, {
        method: 'POST',
        body: {},
      });
      const location = answer.headers.get('operation-location') ?? '';
      expect([answer.status, answer.headers.get('location')]).toEqual([202, null]);
      expect((await bench.send(location.slice(bench.simulator.url.length))).json).toMatchObject({
        status: 'Running',
      });
    },
  );
});
