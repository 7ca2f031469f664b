// One trace from a caller's request to the event that it leads to, and nothing of what matters sampled away.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { metricsNamed, spansNamed, startToldHost, type ToldHost, traceIdOf, until } from './harness.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const callersSpan = 'b7ad6b7169203331';
const traceparent = `00-${traceId}-${callersSpan}-01`;
const json = { 'content-type': 'application/json' };

let host: ToldHost;

beforeAll(async () => {
  host = await startToldHost();
});

afterAll(async () => {
  await host.stop();
});

/** Spans of transitions since a place in the sink's list. */
const transitionsAfter = (place: number) =>
  spansNamed(host.sink.envelopes.slice(place), 'opwatch.transition');

test('a call for a caller is a span of the caller’s trace, below the host’s own span, and names a route', async () => {
  const [path = ''] = await host.track(1, { kind: 'onenoteOperation' });
  await host.call(`/api/graph/v1.0${path}`, {
    method: 'PATCH',
    headers: { ...json, traceparent },
    body: JSON.stringify({ status: 'Completed' }),
  });
  const name = 'PATCH /users/{id}/onenote/operations/{id}';
  const span = await until(() => spansNamed(host.sink.envelopes, name)[0]);
  expect(span.tags).toMatchObject({ 'ai.operation.id': traceId, 'ai.cloud.role': 'opwatch-prod' });
  expect(span.tags['ai.operation.parentId']).toMatch(/^[0-9a-f]{16}$/);
  expect(span.tags['ai.operation.parentId']).not.toBe(callersSpan);
  expect(span.data.baseData).toMatchObject({
    type: 'Http',
    target: '127.0.0.1',
    success: true,
    properties: { operationKey: expect.stringMatching(/^n[a-z2-7]{25}$/) },
  });
});

test('the trace that began a tracking goes with the operation into its events and the links of its transitions', async () => {
  const place = host.sink.envelopes.length;
  await host.events();
  const [path = ''] = await host.track(1, { headers: { traceparent } });
  await host.sweep();
  host.simulator.control.setStatus({ path, status: 'completed' });
  await until(async () => {
    await host.sweep();
    return transitionsAfter(place).length === 2 || undefined;
  });
  const carried = (await host.events()).map((event) => String(event['traceparent']));
  expect(carried).toHaveLength(2);
  expect(carried[0]).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
  expect(carried[1]).toBe(carried[0]);
  const [, , spanId] = carried[0]?.split('-') ?? [];
  for (const { data } of transitionsAfter(place)) {
    expect(JSON.parse(data.baseData.properties?.['_MS.links'] ?? '')).toEqual([
      { operation_Id: traceId, id: spanId },
    ]);
  }
});

test('all that a sweep tells belongs to the trace of its tick', async () => {
  const place = host.sink.envelopes.length;
  await host.track(30, { kind: 'commsOperation' });
  await host.sweep('commsOperation');
  const spans = await until(() => {
    const batches = spansNamed(host.sink.envelopes.slice(place), 'POST /$batch');
    const found = [...transitionsAfter(place), ...batches];
    return found.length === 32 ? found : undefined;
  });
  const ids = new Set(spans.map(({ tags }) => tags['ai.operation.id']));
  expect(ids).toEqual(new Set([traceIdOf(host, 'pollCommsOperations')]));
});

test('an operation that the proxy began carries the trace of the call', async () => {
  await host.events();
  host.simulator.control.addConnection({ id: 'contosohr' });
  await host.call('/api/graph/v1.0/external/connections/contosohr/schema', {
    method: 'PATCH',
    headers: { ...json, traceparent },
    body: JSON.stringify({ baseType: 'microsoft.graph.externalItem', properties: [] }),
  });
  await host.sweep();
  const [event] = await host.events();
  expect(String(event?.['traceparent'])).toContain(traceId);
});

describe('a traceparent that is none', () => {
  test.each([
    ['in capitals', traceparent.toUpperCase()],
    ['of ten kilobytes', traceparent.padEnd(10_240, '0')],
    ['with an unknown version', traceparent.replace(/^00/, '7f')],
    ['with other letters', traceparent.replace('0af7', 'zzzz')],
  ])('is replaced by a fresh one, and makes no other line: one %s', async (_what, header) => {
    await host.events();
    const before = host.lines.length;
    await host.track(1, { headers: { traceparent: header } });
    await until(() => host.lines.length > before || undefined);
    expect(host.lines.slice(before)).toEqual([expect.stringContaining('trackOperations succeeded')]);
    await host.sweep();
    const [event] = await host.events();
    expect(event?.['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
    expect(String(event?.['traceparent'])).not.toContain(traceId.slice(4));
  });
});

test('each of 200 transitions at once has its span', { timeout: 120_000 }, async () => {
  const paths = await host.track(200);
  await host.sweep();
  const place = host.sink.envelopes.length;
  for (const path of paths) host.simulator.control.setStatus({ path, status: 'failed' });
  await until(async () => {
    await host.sweep();
    return transitionsAfter(place).length >= 200 || undefined;
  });
  const ends = transitionsAfter(place).map(({ data }) => data.baseData.properties ?? {});
  expect(ends.every(({ state }) => state === 'failed')).toBe(true);
  expect(ends).toHaveLength(200);
  expect(new Set(ends.map(({ operationKey }) => operationKey)).size).toBe(200);
  await host.process.stop();
  const counted = metricsNamed(host.sink.envelopes, 'opwatch.transitions').filter(
    ({ properties }) => properties['state'] === 'failed',
  );
  expect(counted.reduce((sum, { value }) => sum + value, 0)).toBe(200);
  expect(counted[0]?.properties).toEqual({
    kind: 'connectionOperation',
    state: 'failed',
    observedBy: 'poll',
  });
});
