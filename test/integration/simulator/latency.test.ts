// A Graph that takes its time: every answer of Graph is held back, and says what was true when it was asked for.
import { expect, test } from 'vitest';
import { useSimulator } from './harness.ts';

const latencyMs = 150;
const bench = useSimulator({ latencyMs });

async function timed(path: string): Promise<{ readonly tookMs: number; readonly json: unknown }> {
  const begun = performance.now();
  const { json } = await bench.send(path);
  return { tookMs: performance.now() - begun, json };
}

test('an answer of Graph is held back, with and without faults', async () => {
  const { path } = bench.anOperation();
  expect((await timed(`/v1.0${path}`)).tookMs).toBeGreaterThanOrEqual(latencyMs - 5);
  bench.simulator.control.addFault({ fault: 'casing', form: 'upper' });
  const { tookMs, json } = await timed(`/v1.0${path}`);
  expect(tookMs).toBeGreaterThanOrEqual(latencyMs - 5);
  expect(json).toMatchObject({ status: 'INPROGRESS' });
});

test('an answer that is held back says what was true when it was asked for', async () => {
  const { path } = bench.anOperation();
  const answer = bench.send(`/v1.0${path}`);
  await expect.poll(() => bench.simulator.control.stats().items).toBe(1);
  bench.simulator.control.setStatus({ path, status: 'failed' });
  expect((await answer).json).toMatchObject({ status: 'inprogress' });
});
