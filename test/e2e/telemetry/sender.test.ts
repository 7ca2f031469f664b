// The module that sends, with a clock in the test's hand: when metrics are sent, and how long anybody waits.
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openSender, type Sender } from '../../../src/telemetry/application-insights.ts';
import { sweepMetrics } from '../../../src/telemetry/names.ts';
import { type IngestionSink, startIngestionSink } from '../../fixtures/ingestion-sink.ts';

const none = Object.fromEntries(Object.keys(sweepMetrics).map((field) => [field, 0]));
const numbers = (changes: Readonly<Record<string, number>>) =>
  ({ ...none, ...changes }) as Parameters<Sender['recordSweep']>[1];
const minuteMs = 60_000;

let sink: IngestionSink;
let sender: Sender;
let nowMs = 0;
let shard = 0;
const problems: string[] = [];

// One a process: the SDK is global.
beforeAll(async () => {
  sink = await startIngestionSink();
  setDefaultCACertificates([...getCACertificates(), sink.ca]);
  sender = openSender({
    connectionString: sink.connectionString,
    credential: null,
    graphHost: 'graph.microsoft.com',
    monotonicMs: () => nowMs,
    onProblem: (problem) => void problems.push(problem),
  });
});

afterAll(async () => {
  await sink.stop();
});

/** A shard that was never heard of, a day later. */
let name: string;
beforeEach(() => {
  shard += 1;
  nowMs += 24 * 60 * minuteMs;
  name = `shard-${shard}`;
});

const toldSince = (place: number): readonly (readonly [name: string, value: number])[] =>
  sink.envelopes
    .slice(place)
    .filter(({ data }) => data.baseData.properties?.['shard'] === name)
    .flatMap(({ data }) =>
      (data.baseData.metrics ?? []).map((metric) => [metric.name, metric.value] as const),
    );

test('a new shard is told at once, then metrics are sent once a minute', async () => {
  const place = sink.envelopes.length;
  sender.recordSweep(name, numbers({ live: 3, due: 3, read: 3 }), false);
  await sender.flush();
  expect(Object.fromEntries(toldSince(place))).toEqual({
    'opwatch.sweeps': 1,
    'opwatch.sweep.live': 3,
    'opwatch.sweep.due': 3,
    'opwatch.sweep.polls': 3,
    'opwatch.sweep.duration_ms': 0,
    'opwatch.sweep.lateness_ms': 0,
  });
  const next = sink.envelopes.length;
  for (let sweep = 0; sweep < 3; sweep += 1) {
    nowMs += minuteMs / 4;
    sender.recordSweep(name, numbers({ live: 3, due: 3, read: 3, committed: 1 }), true);
    await sender.flush();
  }
  expect(toldSince(next)).toEqual([]);
  nowMs += minuteMs / 4;
  await sender.flush();
  expect(Object.fromEntries(toldSince(next))).toMatchObject({
    'opwatch.sweeps': 3,
    'opwatch.sweep.polls': 9,
    'opwatch.sweep.committed': 3,
  });
});

test('a shard where nothing is watched has its heartbeat every minute, for as long as it is swept', async () => {
  const place = sink.envelopes.length;
  for (let minute = 0; minute < 10; minute += 1) {
    sender.recordSweep(name, numbers({ durationMs: 12 }), false);
    await sender.flush();
    nowMs += minuteMs;
  }
  expect(toldSince(place)).toEqual(Array.from({ length: 10 }, () => ['opwatch.sweeps', 1]));
  const next = sink.envelopes.length;
  for (let minute = 0; minute < 10; minute += 1) {
    await sender.flush();
    nowMs += minuteMs;
  }
  expect(toldSince(next)).toEqual([]);
});

test('the last operation’s end is told as zero, once', async () => {
  sender.recordSweep(name, numbers({ live: 2, oldestAgeSeconds: 60 }), false);
  await sender.flush();
  const place = sink.envelopes.length;
  nowMs += minuteMs;
  sender.recordSweep(name, numbers({}), false);
  sender.recordSweep(name, numbers({}), false);
  await sender.flush();
  const told = new Map(toldSince(place));
  expect([told.get('opwatch.sweep.live'), told.get('opwatch.sweep.oldest_age_seconds')]).toEqual([0, 0]);
  const next = sink.envelopes.length;
  nowMs += 10 * minuteMs;
  sender.recordSweep(name, numbers({}), false);
  await sender.flush();
  expect(toldSince(next)).toEqual([['opwatch.sweeps', 1]]);
});

test('what somebody wrote into a span is redacted before it leaves', async () => {
  const place = sink.bodies.length;
  sender.tell({
    type: 'failure',
    event: 'refused for adele.canary@contoso.com with ?code=canary-key',
    code: 'Bearer canary-token',
    operationKey: 'AccountKey=canary-account-key;x',
    shard: null,
  });
  await sender.flush();
  const sent = sink.bodies.slice(place).join('');
  expect(sent).toContain('refused for [person] with ?code=[secret]');
  expect(sent).not.toContain('canary');
  expect(sent).not.toContain('_OTELRESOURCE_');
});

test('without anything to send no request is made', async () => {
  await sender.flush();
  const before = sink.requests();
  await sender.flush();
  nowMs += 10 * minuteMs;
  await sender.flush();
  expect(sink.requests()).toBe(before);
});

test('nobody waits longer than two seconds for a slow sink, and the next ones not at all', async () => {
  sink.mode = 'slow';
  const failure = { type: 'failure', event: 'e', code: null, operationKey: null, shard: null } as const;
  sender.tell(failure);
  const startedMs = performance.now();
  await sender.flush();
  const firstMs = performance.now() - startedMs;
  expect(firstMs).toBeGreaterThan(1900);
  expect(firstMs).toBeLessThan(3000);
  nowMs += 2000;
  sender.tell(failure);
  const nextMs = performance.now();
  await sender.flush();
  expect(performance.now() - nextMs).toBeLessThan(100);
});
