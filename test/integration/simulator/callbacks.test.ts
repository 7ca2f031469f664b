// Whom call notifications reach: subscriptions of the control API, and the callbacks of calls.
import { describe, expect, test } from 'vitest';
import { useSimulator } from './harness.ts';
import { aPrompt, aSubscriber } from './push-scene.ts';
import { appId, issuers, tenantId, useReceivers } from './receiver.ts';
import { callId } from './switch-case.ts';

const bench = useSimulator();
const aReceiver = useReceivers(bench);
const post = (path: string, body: unknown, headers = {}) =>
  bench.send(path, { method: 'POST', body, headers });

describe('a subscription', () => {
  test('is told of the operations in its scope, from then on', async () => {
    const [all, some] = [await aReceiver(), await aReceiver()];
    aPrompt(bench);
    bench.advance(500);
    bench.simulator.control.addCallback({ uri: all.uri, appId, tenantId, issuer: issuers[1] });
    bench.simulator.control.addCallback({
      uri: some.uri,
      appId,
      tenantId,
      where: { path: '/operations/op2' },
    });
    bench.simulator.control.addOperation({ kind: 'commsOperation', parent: callId, id: 'op2' });
    bench.simulator.control.addOperation({ kind: 'connectionOperation' });
    bench.advance(500);
    await bench.simulator.control.settlePushes();
    expect(all.heard().toSorted()).toEqual(['created running', 'updated running']);
    expect(some.heard()).toEqual(['created running']);
    expect(all.received[0]?.claims?.iss).toBe(issuers[1]);
  });

  test('ends, alone or with all others', async () => {
    const { control } = bench.simulator;
    const [first, second] = [await aReceiver(), await aReceiver()];
    const body = { appId, tenantId };
    const { id } = (await post('/_control/callbacks', { ...body, uri: first.uri })).json as { id: string };
    await post('/_control/callbacks', { ...body, uri: second.uri });
    expect((await bench.send('/_control/callbacks')).json).toMatchObject({
      value: [{ id, appId, issuer: issuers[0], where: {} }, { uri: second.uri }],
    });
    const ended = await bench.send(`/_control/callbacks/${id}`, { method: 'DELETE' });
    const again = await bench.send(`/_control/callbacks/${id}`, { method: 'DELETE' });
    aPrompt(bench);
    await control.settlePushes();
    await bench.send('/_control/callbacks', { method: 'DELETE' });
    bench.advance(1000);
    await control.settlePushes();
    expect([ended.status, again.status]).toEqual([204, 404]);
    expect([first.heard(), second.heard()]).toEqual([[], ['created notStarted']]);
  });

  test.each([
    ['no address', { appId }],
    ['an address of another protocol', { appId, uri: 'ftp://127.0.0.1/calls' }],
    ['no app', { uri: 'http://127.0.0.1/calls' }],
    ['an unknown scope', { appId, uri: 'http://127.0.0.1/calls', where: { moon: 'full' } }],
  ])('is refused with %s', async (_name, body) => {
    expect((await post('/_control/callbacks', body)).status).toBe(400);
  });

  test('that is forgotten by a reset gets nothing that was still to come', async () => {
    const receiver = await aSubscriber(bench, aReceiver);
    bench.simulator.control.addFault({ fault: 'pushDelay', ms: 500 });
    aPrompt(bench);
    await bench.simulator.control.settlePushes();
    await post('/_control/reset', {});
    bench.advance(60_000);
    await bench.simulator.control.settlePushes();
    expect(receiver.received).toEqual([]);
    expect(bench.simulator.control.stats().pushes).toMatchObject({ sent: 0, waiting: 0 });
  });
});

describe('a reset', () => {
  test('ends a redelivery that is under way', async () => {
    const receiver = await aSubscriber(bench, aReceiver);
    bench.simulator.control.addFault({ fault: 'pushRedelivery', everyMs: 1000 });
    receiver.status = 503;
    bench.simulator.control.addOperation({ kind: 'commsOperation' });
    await bench.simulator.control.settlePushes();
    receiver.onReceived = () => bench.simulator.control.reset();
    for (let second = 0; second < 5; second++) {
      bench.advance(1000);
      await bench.simulator.control.settlePushes();
    }
    expect(receiver.received).toHaveLength(2);
  });
});

describe('a call', () => {
  test('tells its own callback, and no other, of itself and of what is done to it', async () => {
    const [own, other] = [await aReceiver(), await aSubscriber(bench, aReceiver)];
    const claims = Buffer.from(JSON.stringify({ tid: tenantId, azp: appId })).toString('base64url');
    const made = await post(
      '/v1.0/communications/calls',
      { callbackUri: own.uri, requestedModalities: ['audio'] },
      { Authorization: `Bearer e30.${claims}.x` },
    );
    const location = (made.headers.get('location') ?? '').slice(bench.simulator.url.length);
    expect(made).toMatchObject({
      status: 201,
      json: {
        '@odata.type': '#microsoft.graph.call',
        id: location.split('/').at(-1),
        state: 'establishing',
        callbackUri: own.uri,
        requestedModalities: ['audio'],
      },
    });
    await bench.simulator.control.settlePushes();
    await post(`${location}/playPrompt`, { clientContext: 'mine' });
    await bench.simulator.control.settlePushes();
    bench.advance(10_000);
    await bench.simulator.control.settlePushes();
    expect(other.received).toEqual([]);
    expect(own.received.flatMap(({ body }) => body.value)).toMatchObject([
      {
        changeType: 'updated',
        resourceData: { '@odata.type': '#microsoft.graph.call', state: 'established' },
      },
      { changeType: 'created', resourceData: { status: 'running', clientContext: 'mine' } },
      { changeType: 'deleted', resourceData: { status: 'completed' } },
    ]);
  });

  test('without a callback tells the subscriptions', async () => {
    const receiver = await aSubscriber(bench, aReceiver);
    const made = await post('/v1.0/communications/calls', {});
    const location = (made.headers.get('location') ?? '').slice(bench.simulator.url.length);
    await post(`${location}/recordResponse`, {});
    await bench.simulator.control.settlePushes();
    expect([made.status, receiver.heard()]).toEqual([201, ['created running']]);
  });

  test.each([
    ['a callback that is no address', { callbackUri: 'calls' }],
    ['no object', []],
  ])('is not made with %s', async (_name, body) => {
    expect((await post('/v1.0/communications/calls', body)).status).toBe(400);
  });

  test('tells its own callback when it is ended', async () => {
    const receiver = await aReceiver();
    bench.simulator.control.addCall({ id: callId, callback: { uri: receiver.uri, appId, tenantId } });
    await bench.simulator.control.settlePushes();
    bench.simulator.control.endCall(callId);
    await bench.simulator.control.settlePushes();
    const states = receiver.received.map(({ body }) => body.value[0]?.resourceData['state']);
    expect(states).toEqual(['established', 'terminated']);
  });

  test('that gets a callback tells of operations that it has already', async () => {
    const receiver = await aReceiver();
    aPrompt(bench);
    bench.simulator.control.addCall({ id: callId, callback: { uri: receiver.uri, appId, tenantId } });
    bench.advance(1000);
    await bench.simulator.control.settlePushes();
    expect(receiver.heard()).toEqual(['created notStarted', 'updated running']);
  });

  test('that is answered moves its notifications to the new callback', async () => {
    const [first, second] = [await aReceiver(), await aReceiver()];
    bench.simulator.control.addCall({ id: callId, callback: { uri: first.uri, appId, tenantId } });
    aPrompt(bench);
    await bench.simulator.control.settlePushes();
    const answer = await post(`/v1.0/communications/calls/${callId}/answer`, { callbackUri: second.uri });
    bench.simulator.control.addCallback({ uri: 'http://127.0.0.1:1/', appId, tenantId });
    bench.advance(1000);
    await bench.simulator.control.settlePushes();
    expect(answer.status).toBe(202);
    expect(first.heard()).toContain('created notStarted');
    expect([first.received.length, second.heard()]).toEqual([2, ['updated running']]);
  });

  test('does not tell what its answer has shown as ended', async () => {
    const receiver = await aSubscriber(bench, aReceiver);
    bench.simulator.control.addCall({ id: callId });
    await post(`/v1.0/communications/calls/${callId}/mute`, {});
    await bench.simulator.control.settlePushes();
    expect(receiver.received).toEqual([]);
  });

  test.each([
    ['by the control API', () => post('/_control/calls/end', { id: callId })],
    ['by its client', () => bench.send(`/v1.0/communications/calls/${callId}`, { method: 'DELETE' })],
    ['by a rejection', () => post(`/v1.0/communications/calls/${callId}/reject`, { reason: 'busy' })],
  ])('that is ended %s tells so once', async (_name, end) => {
    const receiver = await aSubscriber(bench, aReceiver);
    bench.simulator.control.addCall({ id: callId });
    const first = await end();
    const second = await end();
    await bench.simulator.control.settlePushes();
    expect([first.status < 300, second.status < 300 || second.status === 404]).toEqual([true, true]);
    expect(receiver.received.flatMap(({ body }) => body.value)).toMatchObject([
      {
        changeType: 'deleted',
        resourceUrl: `/communications/calls/${callId}`,
        resourceData: { '@odata.type': '#microsoft.graph.call', state: 'terminated' },
      },
    ]);
    expect((await bench.send(`/v1.0/communications/calls/${callId}`)).status).toBe(404);
  });

  test('is told by subscriptions of operations only to none of them', async () => {
    const receiver = await aReceiver();
    const where = { kind: 'commsOperation' } as const;
    bench.simulator.control.addCallback({ uri: receiver.uri, appId, tenantId, where });
    aPrompt(bench);
    bench.simulator.control.endCall(callId);
    await bench.simulator.control.settlePushes();
    expect(receiver.heard()).toEqual(['created notStarted']);
  });

  test('that goes ahead of its answer holds the answer back', async () => {
    const receiver = await aSubscriber(bench, aReceiver);
    // Keys are made, fetched and known on both sides: what is measured below is the order alone.
    aPrompt(bench);
    await bench.simulator.control.settlePushes();
    bench.simulator.control.addFault({ fault: 'pushEarly', ms: 1500 });
    const order: string[] = [];
    receiver.onReceived = () => order.push('told');
    const answer = await post(`/v1.0/communications/calls/${callId}/playPrompt`, {});
    order.push('answered');
    const location = (answer.headers.get('location') ?? '').slice(bench.simulator.url.length);
    const before = (await bench.send(location)).status;
    bench.advance(1500);
    expect(order).toEqual(['told', 'answered']);
    expect([before, (await bench.send(location)).status]).toEqual([404, 200]);
  });
});
