// Telemetry without a connection string: there for everybody who uses it, and nothing at all.
import { beforeEach, expect, test } from 'vitest';
import { sweepMetrics } from '../../../src/telemetry/names.ts';
import { createTelemetry, type Telemetry } from '../../../src/telemetry/telemetry.ts';
import { isTelemetrySdkRegistered } from '../../fixtures/telemetry-sdk.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

let lines: string[];
let telemetry: Telemetry;

beforeEach(() => {
  lines = [];
  telemetry = createTelemetry({
    connectionString: null,
    credential: () => {
      throw new Error('No credential is to be made.');
    },
    graphHost: 'graph.microsoft.com',
    monotonicMs: () => 0,
    log: (_level, _fields, message) => void lines.push(message),
  });
});

test('starts nothing and tells nothing', async () => {
  await telemetry.open();
  const numbers = Object.fromEntries(Object.keys(sweepMetrics).map((field) => [field, 1]));
  telemetry.recordSweep('connectionOperation-00', numbers as Parameters<Telemetry['recordSweep']>[1], true);
  telemetry.tell({ type: 'published', key: 'k', lagMs: 1 });
  await telemetry.flush();
  await telemetry.close();
  expect(isTelemetrySdkRegistered()).toBe(false);
  expect(lines).toEqual([]);
});

test.each([traceparent, 'none', undefined])('leaves a function as it is, with %s for its trace', (given) => {
  const handler = (): string => 'done';
  expect(telemetry.continueTrace(given, handler)).toBe(handler);
});

test('leaves the log as it is', () => {
  const written: unknown[] = [];
  telemetry.telling((...line) => void written.push(line))('error', { error: new Error('e') }, 'sweep failed');
  expect(written).toEqual([['error', { error: new Error('e') }, 'sweep failed']]);
});
