// What telemetry costs when nothing happens: measured in bytes at the sink, as ingestion bills them.
import { expect, onTestFinished, test } from 'vitest';
import { metricsNamed, startToldHost, type ToldHost, until } from './harness.ts';

/** The promise is 100; this is what the product aims at. */
const aimBytesPerPoll = 20;

async function started(env: Readonly<Record<string, string>> = {}): Promise<ToldHost> {
  const host = await startToldHost(env);
  onTestFinished(host.stop);
  return host;
}

test('an unchanged poll costs less than twenty bytes and no line', { timeout: 120_000 }, async () => {
  const host = await started();
  await host.track(200);
  const { stats } = host.simulator.control;
  await host.sweep();
  await until(() => host.sink.envelopes.length >= 200 || undefined);
  const [bytesBefore, pollsBefore] = [bytesOf(host.sink.bodies), stats().items];
  const linesBefore = host.lines.length;
  // Each operation is due once a second; a sweep reads what is due by then.
  await until(async () => {
    await host.sweep();
    return stats().items - pollsBefore >= 1200 || undefined;
  });
  const polls = stats().items - pollsBefore;
  // The host would send lines on.
  expect(host.lines.slice(linesBefore).filter((line) => !line.includes('Operations succeeded'))).toEqual([]);
  // The end sends all that was kept.
  await host.process.stop();
  const bytes = bytesOf(host.sink.bodies) - bytesBefore;
  const perPoll = bytes / polls;
  console.log(`${polls} unchanged polls: ${bytes} bytes of telemetry, ${perPoll.toFixed(1)} bytes a poll`);
  const told = metricsNamed(host.sink.envelopes, 'opwatch.sweep.polls');
  expect(told.reduce((sum, { value }) => sum + value, 0)).toBe(polls + pollsBefore);
  expect(perPoll).toBeLessThan(aimBytesPerPoll);
});

test('a shard where nothing is watched sends its heartbeat and nothing else', async () => {
  const host = await started();
  await host.sweep();
  await until(() => host.sink.envelopes.length > 0 || undefined);
  await host.sweep();
  await host.sweep();
  await host.process.stop();
  expect(host.sink.envelopes.map(({ data }) => data.baseData.metrics)).toEqual([
    [expect.objectContaining({ name: 'opwatch.sweeps', value: 1 })],
    [expect.objectContaining({ name: 'opwatch.sweeps', value: 2 })],
  ]);
  expect(host.sink.envelopes[0]?.tags['ai.cloud.role']).toBe('opwatch-prod');
  expect(host.sink.envelopes[0]?.data.baseData.properties).toEqual({ shard: 'connectionOperation-00' });
});

test('a sweep with news tells its numbers, and how long Graph is left alone', async () => {
  const host = await started();
  await host.track(25);
  host.simulator.control.addFault({ fault: 'throttle', retryAfter: 30, times: 4 });
  await host.sweep();
  await host.process.stop();
  const told = new Map(
    host.sink.envelopes.flatMap(
      ({ data }) => data.baseData.metrics?.map(({ name, value }) => [name, value] as const) ?? [],
    ),
  );
  expect(Object.fromEntries(told)).toMatchObject({
    'opwatch.sweeps': 1,
    'opwatch.sweep.live': 25,
    'opwatch.sweep.due': 25,
    'opwatch.sweep.polls': 21,
    'opwatch.sweep.committed': 21,
    'opwatch.graph.items': 25,
    'opwatch.graph.requests': 2,
    'opwatch.graph.throttled_items': 4,
    'opwatch.transitions': 21,
  });
  expect(told.get('opwatch.graph.throttled_for_seconds')).toBeGreaterThan(20);
  expect(told.get('opwatch.graph.throttled_for_seconds')).toBeLessThanOrEqual(30);
  const [lag] = metricsNamed(host.sink.envelopes, 'opwatch.queue.publish_lag_ms');
  expect(lag).toMatchObject({ count: 21, properties: { kind: 'connectionOperation' } });
});

test('nothing is sent and nothing is told without a connection string', async () => {
  const host = await started({ APPLICATIONINSIGHTS_CONNECTION_STRING: '' });
  await host.track(20);
  await host.sweep();
  expect(await host.events()).toHaveLength(20);
  await host.process.stop();
  expect(host.sink.requests()).toBe(0);
  expect(host.lines.filter((line) => line.includes('telemetry'))).toEqual([]);
});

function bytesOf(bodies: readonly string[]): number {
  return bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0);
}
