// Who watches the watcher is of no importance to the watched: whatever the sink does, sweeps and answers go on.
import { expect, onTestFinished, test } from 'vitest';
import { spansNamed, startToldHost, type ToldHost, until } from './harness.ts';

const capMs = 2000;
/** What the work itself may take on a busy machine. */
const workMs = 4000;

test('sweeps and answers go on while the sink is slow', { timeout: 120_000 }, async () => {
  const host = await startToldHost();
  onTestFinished(host.stop);
  host.sink.mode = 'slow';
  await goesOn(host);
  expect(await host.process.stop()).toBe(0);
  expectNoNoise(host);
});

test('sweeps and answers go on while the sink is down, and it gets what happens once it is back', {
  timeout: 120_000,
}, async () => {
  const host = await startToldHost();
  onTestFinished(host.stop);
  host.sink.mode = 'down';
  await goesOn(host);
  host.sink.mode = 'refusing';
  await goesOn(host);
  host.sink.mode = 'up';
  await host.track(1);
  await until(async () => {
    await host.sweep();
    return spansNamed(host.sink.envelopes, 'opwatch.transition').length > 0 || undefined;
  });
  expect(await host.process.stop()).toBe(0);
  expectNoNoise(host);
});

test('a connection string that is none is told once and costs nothing else', async () => {
  const host = await startToldHost({
    APPLICATIONINSIGHTS_CONNECTION_STRING: 'InstrumentationKey=canary-no-key',
  });
  onTestFinished(host.stop);
  await host.track(1);
  await host.sweep();
  expect(await host.events()).toHaveLength(1);
  expect(host.lines.filter((line) => line.includes('telemetry could not be started'))).toHaveLength(1);
  expect(host.lines.join('\n')).not.toContain('canary');
});

async function goesOn(host: ToldHost): Promise<void> {
  const [path = ''] = await host.track(20);
  const startedMs = performance.now();
  const { status } = await host.call(`/api/graph/v1.0${path}`);
  // Its span is the first thing to be sent; an answer does not wait for that at all.
  expect(performance.now() - startedMs).toBeLessThan(capMs);
  expect(status).toBe(200);
  const tookMs = [await host.sweep(), await host.sweep(), await host.sweep()];
  expect(Math.max(...tookMs)).toBeLessThan(capMs + workMs);
  expect(await host.events()).toHaveLength(20);
}

/** What the SDK complains of is one line, however often it does; all lines but the host's banner are JSON. */
function expectNoNoise({ lines }: ToldHost): void {
  expect(lines.filter((line) => line.includes('telemetry has a problem')).length).toBeLessThanOrEqual(1);
  expect(lines.filter((line) => !line.startsWith('{')).slice(1)).toEqual([]);
}
