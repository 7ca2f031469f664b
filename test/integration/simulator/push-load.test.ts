// The load of a receiver: as many as asked, of distinct operations, in their order; and a simulator that stops for good.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { useSimulator } from './harness.ts';
import { appId, tenantId, useReceivers } from './receiver.ts';

const bench = useSimulator();
const aReceiver = useReceivers(bench);

describe('a load', () => {
  test('tells lives of distinct operations and what a platform sends beside', async () => {
    const receiver = await aReceiver();
    const report = await bench.simulator.control.loadPushes({
      uri: receiver.uri,
      appId,
      tenantId,
      ratePerSecond: 300,
      seconds: 1,
      running: 20,
      deadlineMs: 60_000,
      mix: { updates: 1, copies: 0.1, participants: 0.1, forged: 0.1 },
      seed: 4,
    });
    const { byName, byOutcome, byStatus, latencyMs } = report;
    const names = ['created', 'updated', 'deleted', 'copy', 'participants', 'forged'] as const;
    expect(report.sent).toBe(300);
    expect(names.map((name) => (byName[name] ?? 0) > 0)).toEqual(names.map(() => true));
    expect(Object.values(byName).reduce((sum, count) => sum + count, 0)).toBe(300);
    expect(byStatus).toEqual({ 202: 300 - (byName.forged ?? 0), 401: byName.forged });
    expect(byOutcome).toEqual({ accepted: byStatus['202'], refused: byStatus['401'] });
    expect(report.operations).toBe(byName.created);
    expect(report.maxUnderWay).toBeGreaterThan(0);
    expect([latencyMs.p50 > 0, latencyMs.p50 <= latencyMs.p99, latencyMs.p99 <= latencyMs.max]).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('is about operations that GET finds as they were told', async () => {
    const receiver = await aReceiver();
    await bench.simulator.control.loadPushes({
      uri: receiver.uri,
      appId,
      tenantId,
      ratePerSecond: 200,
      seconds: 0.3,
      operations: 5,
      running: 5,
      deadlineMs: 60_000,
      mix: { updates: 0, failed: 1, copies: 0, participants: 0 },
    });
    const urls = receiver.received.map(({ body }) => body.value[0]?.resourceUrl ?? '');
    expect(new Set(urls).size).toBe(5);
    expect(new Set(receiver.heard())).toEqual(new Set(['created notStarted', 'deleted failed']));
    // Sixty notifications are six whole lives of each.
    const { responses } = await bench.batch([...new Set(urls)]);
    expect(responses.map(({ body }) => (body as { status: string }).status)).toEqual(Array(5).fill('failed'));
  });

  test('goes on at its rate while a receiver is silent', async () => {
    const receiver = await aReceiver();
    receiver.status = 0;
    const body = { uri: receiver.uri, appId, tenantId, ratePerSecond: 100, seconds: 0.3, deadlineMs: 100 };
    const answer = await bench.send('/_control/pushes/load', { method: 'POST', body });
    expect(answer.json).toMatchObject({ sent: 30, byOutcome: { timedOut: 30 }, byStatus: {} });
  });

  test('is refused without an end', async () => {
    const body = { uri: 'http://127.0.0.1:1/', appId, ratePerSecond: 10 };
    expect((await bench.send('/_control/pushes/load', { method: 'POST', body })).status).toBe(400);
  });
});

describe('a simulator that is stopped', () => {
  const server = new URL('../../../dev/simulator/server.ts', import.meta.url).href;
  // A receiver that never answers, pushes for tomorrow, a redelivery, a load and a slow key: all under way.
  const program = `
    import { createServer } from 'node:http';
    import { startSimulator } from '${server}';
    const receiver = createServer((request) => request.resume()).listen(0, '127.0.0.1');
    await new Promise((resolve) => receiver.once('listening', resolve));
    const simulator = await startSimulator();
    const { control, url } = simulator;
    const target = { uri: 'http://127.0.0.1:' + receiver.address().port, appId: 'app' };
    control.addFault({ fault: 'pushRedelivery', everyMs: 86_400_000, forMs: 864_000_000 });
    control.addFault({ fault: 'pushDeadline', ms: 1, times: 1 });
    control.addFault({ fault: 'pushDelay', ms: 86_400_000, skip: 2 });
    control.addFault({ fault: 'keyServer', form: 'slow', ms: 86_400_000 });
    control.addCallback(target);
    for (let count = 0; count < 4; count++) control.addOperation({ kind: 'commsOperation' });
    const load = control.loadPushes({ ...target, ratePerSecond: 50, seconds: 3600, deadlineMs: 86_400_000 });
    const keys = fetch(url + '/v1.0/.well-known/keys').catch(() => 'cut');
    while (control.stats().pushes.timedOut === 0 || control.stats().keyFetches.keys === 0)
      await new Promise((resolve) => setTimeout(resolve, 5));
    await simulator.stop();
    receiver.closeAllConnections();
    receiver.close();
    const { sent } = await load;
    console.log(await keys, sent < 3600 * 50);
  `;

  test('leaves nothing behind that keeps its process alive', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
    const output: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => output.push(String(text)));
    const [code] = await once(child, 'close');
    expect([output.join(''), code]).toEqual(['cut true\n', 0]);
  });
});
