// Call notifications without any switch: how they look, when they come, and what becomes of the answers.
import { describe, expect, test } from 'vitest';
import { startSimulator } from '../../../dev/simulator/server.ts';
import { startMs, useSimulator } from './harness.ts';
import { aPrompt, aSubscriber, operationId, path } from './push-scene.ts';
import { appId, issuers, startReceiver, tenantId, useReceivers } from './receiver.ts';
import { callId, patiently } from './switch-case.ts';

const bench = useSimulator();
const aReceiver = useReceivers(bench);
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('a notification', () => {
  test('of each change is written as the platform writes it', async () => {
    const receiver = await aSubscriber(bench, aReceiver);
    aPrompt(bench);
    for (const waitMs of [0, 1000, 59_000]) {
      bench.advance(waitMs);
      await bench.simulator.control.settlePushes();
    }
    expect(receiver.heard()).toEqual(['created notStarted', 'updated running', 'deleted completed']);
    expect(receiver.received.at(-1)?.body).toEqual({
      '@odata.type': '#microsoft.graph.commsNotifications',
      value: [
        {
          '@odata.type': '#microsoft.graph.commsNotification',
          changeType: 'deleted',
          resource: path.replace('/communications/', '/app/'),
          resourceUrl: path,
          resourceData: {
            '@odata.type': '#microsoft.graph.playPromptOperation',
            '@odata.id': path,
            '@odata.etag': expect.stringMatching(/^W\/"\d+"$/),
            id: operationId,
            clientContext: 'mine',
            status: 'completed',
            resultInfo: { code: 200, subcode: 0, message: 'Played.' },
          },
        },
      ],
    });
    const etags = receiver.received.map(({ body }) => body.value[0]?.resourceData['@odata.etag']);
    expect(new Set(etags).size).toBe(3);
  });

  test('carries the headers and the token of the platform', async () => {
    const receiver = await aSubscriber(bench, aReceiver);
    aPrompt(bench);
    await bench.simulator.control.settlePushes();
    const [push] = receiver.received;
    const messageId = push?.headers['x-microsoft-skype-message-id'];
    expect(push?.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'Microsoft-Skype/3.0,(Calling/1.0)',
      'scenario-id': callId,
      'client-request-id': expect.stringMatching(guid),
      'x-microsoft-skype-chain-id': expect.stringMatching(guid),
      'x-microsoft-skype-message-id': expect.stringMatching(guid),
      'x-microsoft-skype-original-message-id': messageId,
    });
    const iat = startMs / 1000;
    expect(push?.claims).toEqual({
      iss: issuers[0],
      aud: appId,
      tid: tenantId,
      iat,
      nbf: iat,
      exp: iat + 3600,
    });
  });

  test('of a recording carries where it is, and a secret', async () => {
    const receiver = await aSubscriber(bench, aReceiver);
    aPrompt(bench, { '@odata.type': '#microsoft.graph.recordOperation' });
    await bench.simulator.control.settlePushes();
    bench.advance(60_000);
    await bench.simulator.control.settlePushes();
    expect(receiver.received[0]?.body.value[0]?.resourceData).not.toHaveProperty('recordingAccessToken');
    expect(receiver.received.at(-1)?.body.value[0]?.resourceData).toMatchObject({
      recordingLocation: 'https://media.example.test/recording',
      recordingAccessToken: 'secret-recording-access-token',
    });
  });

  test('hides words that were added later', async () => {
    const receiver = await aSubscriber(bench, aReceiver);
    const script = [{ afterMs: 0, status: 'pausing', evolved: true }];
    bench.simulator.control.addOperation({ kind: 'commsOperation', script });
    await bench.simulator.control.settlePushes();
    expect(receiver.heard()).toEqual(['created unknownFutureValue']);
  });

  test('follows what is changed by hand or by a client', async () => {
    const receiver = await aSubscriber(bench, aReceiver);
    aPrompt(bench);
    bench.simulator.control.setStatus({ path, status: 'running' });
    await bench.send(`/v1.0${path}`, { method: 'PATCH', body: { clientContext: 'yours' } });
    await bench.send(`/v1.0${path}`, { method: 'PATCH', body: { status: 'failed' } });
    await bench.simulator.control.settlePushes();
    bench.advance(60_000);
    await bench.simulator.control.settlePushes();
    expect(receiver.heard()).toEqual(['created notStarted', 'updated running', 'deleted failed']);
  });

  test('tells another result under the same word, and nothing that is the same', async () => {
    const receiver = await aSubscriber(bench, aReceiver);
    const resultInfo = { code: 200, subcode: 1, message: 'Half of it.' };
    aPrompt(bench);
    bench.simulator.control.setStatus({ path, status: 'running' });
    for (let times = 0; times < 2; times++) {
      bench.simulator.control.setStatus({ path, status: 'running', resultInfo });
    }
    await bench.simulator.control.settlePushes();
    expect(receiver.heard()).toEqual(['created notStarted', 'updated running', 'updated running']);
    expect(receiver.received.at(-1)?.body.value[0]?.resourceData).toMatchObject({ resultInfo });
  });

  test('is sent by itself when its time comes', async () => {
    const simulator = await startSimulator();
    const clocked = { ...bench, simulator, nowMs: Date.now };
    const receiver = await startReceiver(clocked);
    try {
      simulator.control.addCallback({ uri: receiver.uri, appId, tenantId });
      const script = [
        { afterMs: 0, status: 'running' },
        { afterMs: 30, status: 'completed' },
      ];
      simulator.control.addOperation({ kind: 'commsOperation', script });
      await expect.poll(receiver.heard, patiently).toEqual(['created running', 'deleted completed']);
    } finally {
      await simulator.stop();
      await receiver.stop();
    }
  });
});

describe('what a receiver answers', () => {
  test.each([
    [200, 'accepted', { accepted: 1 }],
    [202, 'accepted', { accepted: 1 }],
    [204, 'noContent', { noContent: 1, accepted: 0 }],
    [302, 'refused', { refused: 1 }],
    [401, 'refused', { refused: 1 }],
    [503, 'refused', { refused: 1 }],
  ])('%s is counted as %s and not sent again', async (status, outcome, counts) => {
    const receiver = await aSubscriber(bench, aReceiver);
    receiver.status = status;
    aPrompt(bench);
    await bench.simulator.control.settlePushes();
    bench.advance(900);
    await bench.simulator.control.settlePushes();
    const { value } = (await bench.send('/_control/pushes')).json as { value: unknown[] };
    expect(value).toEqual([
      {
        messageId: expect.stringMatching(guid),
        originalMessageId: expect.stringMatching(guid),
        uri: receiver.uri,
        items: [{ path, changeType: 'created', status: 'notStarted' }],
        attempt: 1,
        isCopy: false,
        forgery: null,
        atMs: startMs,
        outcome,
        status,
        latencyMs: expect.any(Number),
      },
    ]);
    const { pushes } = (await bench.send('/_control/stats')).json as { pushes: Record<string, unknown> };
    expect(pushes).toMatchObject({ sent: 1, ...counts, byStatus: { [status]: 1 }, waiting: 1 });
    expect(pushes['latencyMs']).toMatchObject({ max: expect.any(Number) });
  });

  test('is nothing where nobody listens', async () => {
    bench.simulator.control.addCallback({ uri: 'http://127.0.0.1:1/calls', appId, tenantId });
    aPrompt(bench);
    await bench.simulator.control.settlePushes();
    expect(bench.simulator.control.pushes()).toMatchObject([{ outcome: 'failed', status: null }]);
    bench.simulator.control.zero();
    expect(bench.simulator.control.pushes()).toEqual([]);
    expect(bench.simulator.control.stats().pushes).toMatchObject({ sent: 0, failed: 0 });
  });

  test('holds up the next notification of its operation and no other', async () => {
    const receiver = await aSubscriber(bench, aReceiver);
    bench.simulator.control.addFault({ fault: 'pushDeadline', ms: 60_000, times: 1 });
    receiver.status = 0;
    aPrompt(bench);
    await expect.poll(() => receiver.received.length, patiently).toBe(1);
    receiver.status = 202;
    bench.simulator.control.setStatus({ path, status: 'completed' });
    const second = bench.simulator.control.addOperation({ kind: 'commsOperation', id: 'op2' });
    await expect.poll(() => receiver.received.length, patiently).toBe(2);
    expect(receiver.received[1]?.body.value[0]?.resourceUrl).toBe(second.path);
    expect(receiver.heard()).toEqual(['created notStarted', 'created running']);
  });
});
