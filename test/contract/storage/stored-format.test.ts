// The stored format, written down: rows of a release that is in use must be read by every later one. When a test here
// fails, the format has changed: give rows a new version and keep reading the old one.
import { expect, test } from 'vitest';
import { emptyMemory } from '../../../src/domain/shard-memory.ts';
import {
  eventRowKey,
  outboxRowKey,
  readKnown,
  readLive,
  readMemory,
  readOutbox,
  readParked,
  writeBegun,
  writeEnded,
  writeEvent,
  writeLive,
  writeMemory,
  writeParked,
} from '../../../src/storage/rows.ts';
import type { Properties, Row } from '../../../src/storage/table.ts';
import { anEvent, anOperation, aParkedPush, ended, nowMs } from './operations.ts';

const key = 'cwvhqz3sydmuooaqukbfhpwrkk';
const value =
  '{"key":"KEY","kind":"connectionOperation","resource":{"cloud":"global","tenantId":"contoso","version":"v1.0",' +
  '"path":"/external/connections/contosohr/operations/1","parentId":"contosohr","operationId":"1"},' +
  '"generation":1795327200,"sequence":0,"state":"pending","status":null,"statusKnown":false,"leftStatuses":[],' +
  '"trackedAtMs":1795327200000,"changedAtMs":1795327200000,"endedAtMs":null,"endedBy":null,"deadlineAtMs":1795413600000,' +
  '"graceUntilMs":1795327320000,"policy":{"firstPollMs":60000,"intervalMs":60000},"trackedBy":"api",' +
  '"health":{"status":"ok","sinceAtMs":1795327200000},"error":null,"result":null,"clientContext":null,' +
  '"percentComplete":null,"label":"it\'s","metadata":{"team":"hr"}}';
const operation = anOperation('1', { label: "it's", metadata: { team: 'hr' } });

function row(rowKey: string, properties: Properties): Row {
  return { rowKey, etag: 'any', properties };
}

test('a live row', () => {
  const text = value.replace('KEY', operation.key);
  const properties = {
    state: 'pending',
    parentId: 'contosohr',
    operationId: '1',
    label: "it's",
    v: 1,
    value: text,
  };
  expect(writeLive(operation)).toEqual(properties);
  expect(readLive(row(`live!${operation.key}`, { v: 1, value: text }))).toEqual(operation);
});

test('a live row that carries the trace of its tracking, and one whose trace is none', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const text = value
    .replace('KEY', operation.key)
    .replace(',"health"', `,"traceparent":"${traceparent}","health"`);
  const traced = { ...operation, traceparent };
  expect(JSON.parse(String(writeLive(traced)['value']))).toEqual(JSON.parse(text));
  expect(readLive(row(`live!${operation.key}`, { v: 1, value: text }))).toEqual(traced);
  const garbled = text.replace(traceparent, String.raw`00-x\r\ny`);
  expect(readLive(row(`live!${operation.key}`, { v: 1, value: garbled }))).toEqual(operation);
});

test('a known row of an operation that lives, and of one that has ended', () => {
  const begun = { v: 1, generation: '1795327200', ended: false };
  expect(writeBegun(operation)).toEqual(begun);
  expect(readKnown(row(`known!${key}`, begun))).toEqual({ key, generation: 1_795_327_200, ended: null });
  const final = ended(operation);
  const properties = {
    state: 'succeeded',
    parentId: 'contosohr',
    operationId: '1',
    label: "it's",
    v: 1,
    value: JSON.stringify(final),
    generation: '1795327200',
    ended: true,
    endedAt: '2026-11-22T06:00:00.000Z',
  };
  expect(writeEnded(final)).toEqual(properties);
  expect(readKnown(row(`known!${final.key}`, properties))).toEqual({
    key: final.key,
    generation: 1_795_327_200,
    ended: final,
  });
});

test('event and outbox rows', () => {
  const event = { ...anEvent(operation, 2), key };
  expect(eventRowKey(event)).toBe(`event!${key}!001795327200!0000000002`);
  expect(outboxRowKey(event)).toBe(`outbox!${key}!001795327200!0000000002`);
  const properties = { v: 1, body: event.body, committedAt: '2026-11-22T06:00:00.000Z' };
  expect(writeEvent(event, nowMs)).toEqual(properties);
  expect(readOutbox(row(outboxRowKey(event), properties), nowMs)).toEqual({ event, committedAtMs: nowMs });
});

test('the memory of a shard', () => {
  const memory = {
    sweptAtMs: nowMs,
    pauses: { contoso: { untilMs: nowMs, attempts: 2, code: 'TooManyRequests' } },
    pushedAtMs: { 'a-call': nowMs },
    ends: { byPush: 1, byPoll: 2, byBoth: 3, pushLateMs: 4, maxPushLateMs: 5 },
    durations: { known: 3, weights: { '36': 2.98, '37': 0.01 } },
  };
  const text =
    '{"sweptAtMs":1795327200000,"pauses":{"contoso":{"untilMs":1795327200000,"attempts":2,"code":"TooManyRequests"}},' +
    '"pushedAtMs":{"a-call":1795327200000},' +
    '"ends":{"byPush":1,"byPoll":2,"byBoth":3,"pushLateMs":4,"maxPushLateMs":5},' +
    '"durations":{"known":3,"weights":{"36":2.98,"37":0.01}}}';
  expect(writeMemory(memory)).toEqual({ v: 1, value: text });
  expect(readMemory(row('memory', { v: 1, value: text }), nowMs)).toEqual(memory);
  const since = { contoso: { untilMs: nowMs, attempts: 2, code: 'http_429', sinceAtMs: nowMs - 1 } };
  const later = { ...emptyMemory, pauses: since };
  const laterText =
    '{"sweptAtMs":null,"pauses":{"contoso":{"untilMs":1795327200000,"attempts":2,"code":"http_429","sinceAtMs":1795327199999}},' +
    '"pushedAtMs":{},"ends":{"byPush":0,"byPoll":0,"byBoth":0,"pushLateMs":0,"maxPushLateMs":0},' +
    '"durations":{"known":0,"weights":{}}}';
  expect(writeMemory(later)).toEqual({ v: 1, value: laterText });
  expect(readMemory(row('memory', { v: 1, value: laterText }), nowMs)).toEqual(later);
});

test('a parked push', () => {
  const parked = aParkedPush(operation);
  const text =
    `{"key":"${operation.key}","parkedAtMs":1795327200000,"observation":{"type":"status","observedBy":"push",` +
    '"status":"completed","details":{"error":null,"result":null,"clientContext":null,"percentComplete":null},' +
    '"sentAtMs":1795327200000,"arrivedAtMs":1795327200000}}';
  expect(writeParked(parked)).toEqual({ v: 1, value: text });
  expect(readParked(row(`parked!${operation.key}`, { v: 1, value: text }))).toEqual(parked);
});

test('a memory that was written before durations were learned, or whose durations make no sense', () => {
  const before =
    '{"sweptAtMs":1795327200000,"pauses":{},"pushedAtMs":{},' +
    '"ends":{"byPush":0,"byPoll":0,"byBoth":0,"pushLateMs":0,"maxPushLateMs":0}';
  const memory = { ...emptyMemory, sweptAtMs: nowMs };
  for (const more of [
    '}',
    ',"durations":null}',
    ',"durations":{"known":60}}',
    ',"durations":{"known":-1,"weights":{}}}',
    ',"durations":{"known":60,"weights":{"36":-1}}}',
    ',"durations":{"known":60,"weights":{"36":1e300}}}',
    ',"durations":{"known":60,"weights":{"36":"many"}}}',
  ])
    expect(readMemory(row('memory', { v: 1, value: before + more }), nowMs)).toEqual(memory);
});

test('rows that were written before notifications were taken', () => {
  const text = value.replace('KEY', operation.key).replace('"endedBy":null,', '');
  expect(readLive(row(`live!${operation.key}`, { v: 1, value: text }))).toEqual(operation);
  const memory = '{"sweptAtMs":1795327200000,"pauses":{}}';
  expect(readMemory(row('memory', { v: 1, value: memory }), nowMs)).toEqual({
    ...emptyMemory,
    sweptAtMs: nowMs,
  });
  const evidence = { httpStatus: 404, count: 1, firstAtMs: nowMs, lastAtMs: nowMs } as const;
  const missing = { status: 'missing', code: 'x', sinceAtMs: nowMs } as const;
  const before = JSON.stringify({ ...operation, health: { ...missing, evidence } });
  expect(readLive(row(`live!${operation.key}`, { v: 1, value: before }))?.health).toEqual({
    ...missing,
    evidence: { ...evidence, deletedAtMs: null },
  });
});
