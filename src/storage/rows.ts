// Rows of a shard: their keys, and values to columns and back. The names are chosen for their order: `live!`,
// `memory`, `outbox!` and `parked!` are neighbours, so that one range query brings all that a sweep needs.
import { z } from 'zod';
import { noDurations } from '../domain/durations.ts';
import { kindOfKey } from '../domain/keys.ts';
import type { JsonValue, Operation } from '../domain/operation.ts';
import { noEnds } from '../domain/pushes.ts';
import { emptyMemory } from '../domain/shard-memory.ts';
import type { Known, OutboxEntry, ParkedPush, ShardMemory } from '../domain/stored.ts';
import { validTraceparent } from '../domain/traceparent.ts';
import type { OperationEvent } from '../domain/transition.ts';
import { boundedJson } from './bounded-operation.ts';
import type { Properties, Row } from './table.ts';

/** Version of the row format. A row with a greater one belongs to a newer release and is left alone. */
const rowVersion = 1;
const generationDigits = 12;
const sequenceDigits = 10;

export const memoryRowKey = 'memory';
/** Of the rows that a sweep reads; without those by which lists are filtered a page is a tenth smaller. */
const columns = ['v', 'value', 'body', 'committedAt'];
export const shardRange = { from: 'live!', to: 'parked!~', columns } as const;
/** What stands behind an outbox that is too long to read to its end. */
export const parkedRange = { from: 'parked!', to: shardRange.to, columns } as const;

export const knownRowKey = (key: string): string => `known!${key}`;
export const liveRowKey = (key: string): string => `live!${key}`;
export const parkedRowKey = (key: string): string => `parked!${key}`;

type EventPlace = Pick<OperationEvent, 'key' | 'generation' | 'sequence'>;

export const eventRowKey = (event: EventPlace): string => `event!${placeOf(event)}`;
export const outboxRowKey = (event: EventPlace): string => `outbox!${placeOf(event)}`;

/** Zero-padded, so that rows sort by generation and sequence. */
function placeOf({ key, generation, sequence }: EventPlace): string {
  return [
    key,
    String(generation).padStart(generationDigits, '0'),
    String(sequence).padStart(sequenceDigits, '0'),
  ].join('!');
}

const json: z.ZodType<JsonValue> = z.custom<JsonValue>((value) => value !== undefined);
/** Up to the year 9999: of later ones no ISO date can be made, and of an interval of zero no schedule. */
const lastInstantMs = 253_402_300_799_999;
const instantMs = z.number().min(0).max(lastInstantMs);
const policy = z.object({ firstPollMs: instantMs, intervalMs: instantMs.min(1) });
const evidence = z.object({
  httpStatus: z.union([z.literal(404), z.literal(410)]),
  count: z.number(),
  firstAtMs: instantMs,
  lastAtMs: instantMs,
  deletedAtMs: instantMs.nullable().default(null),
});
const health = z.discriminatedUnion('status', [
  z.object({ status: z.literal('ok'), sinceAtMs: instantMs }),
  z.object({ status: z.literal('blocked'), code: z.string(), sinceAtMs: instantMs }),
  z.object({ status: z.literal('unreadable'), code: z.string(), sinceAtMs: instantMs }),
  z.object({ status: z.literal('missing'), code: z.string(), sinceAtMs: instantMs, evidence }),
]);
const details = {
  error: json,
  result: json,
  clientContext: z.string().nullable(),
  percentComplete: z.number().nullable(),
};

const operationSchema: z.ZodType<Operation> = z.object({
  key: z.string().refine((key) => kindOfKey(key) !== null),
  kind: z.enum(['connectionOperation', 'commsOperation', 'onenoteOperation']),
  resource: z.object({
    cloud: z.enum(['global', 'usgov', 'usgovdod', 'custom']),
    tenantId: z.string(),
    version: z.enum(['v1.0', 'beta']),
    path: z.string(),
    parentId: z.string(),
    operationId: z.string(),
  }),
  generation: z.number(),
  sequence: z.number(),
  state: z.enum(['pending', 'running', 'succeeded', 'failed', 'lost', 'expired', 'cancelled']),
  status: z.string().nullable(),
  statusKnown: z.boolean(),
  leftStatuses: z.array(z.string()),
  trackedAtMs: instantMs,
  changedAtMs: instantMs,
  endedAtMs: instantMs.nullable(),
  endedBy: z.enum(['poll', 'push', 'patch', 'deadline', 'caller']).nullable().default(null),
  deadlineAtMs: instantMs,
  graceUntilMs: instantMs,
  policy,
  trackedBy: z.enum(['api', 'proxy', 'push']),
  // Absent in rows of older releases. What is no traceparent is dropped: it explains an operation and decides nothing.
  traceparent: z.unknown().transform(validTraceparent).optional(),
  health,
  ...details,
  label: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
});

const pauseSchema = z.object({
  untilMs: z.number(),
  attempts: z.number(),
  code: z.string(),
  sinceAtMs: z.number().optional(),
  rate: z
    .object({
      itemsPerSecond: z.number().positive(),
      sinceMs: z.number(),
      trustedMs: z.number().positive(),
    })
    .optional(),
});
const endsSchema = z.object({
  byPush: z.number(),
  byPoll: z.number(),
  byBoth: z.number(),
  pushLateMs: z.number(),
  maxPushLateMs: z.number(),
});
/** What can't be read of them is learned anew. No weight grows past 200; sums of absurd ones would be no numbers. */
const durationsSchema = z
  .object({ known: z.number().min(0), weights: z.record(z.string(), z.number().min(0).max(1e6)) })
  .catch(noDurations);
const memorySchema = z.object({
  sweptAtMs: z.number().nullable(),
  pauses: z.record(z.string(), pauseSchema),
  pushedAtMs: z.record(z.string(), z.number()).default({}),
  ends: endsSchema.default(noEnds),
  durations: durationsSchema.default(noDurations),
});
const parkedSchema: z.ZodType<ParkedPush> = z.object({
  key: z.string(),
  parkedAtMs: z.number(),
  observation: z.object({
    type: z.literal('status'),
    observedBy: z.enum(['poll', 'push', 'patch']),
    sentAtMs: z.number(),
    arrivedAtMs: z.number(),
    status: z.string().nullable(),
    details: z.object(details),
  }),
});

export function writeLive(operation: Operation): Properties {
  return { ...filterColumns(operation), v: rowVersion, value: boundedJson(operation) };
}

/** A row under another key than its operation's is as unreadable as garbage. */
export function readLive(row: Row): Operation | null {
  const operation = readValue(row, operationSchema);
  return operation !== null && row.rowKey === liveRowKey(operation.key) ? operation : null;
}

/** Identity of a tracking that has not ended. */
export function writeBegun(operation: Operation): Properties {
  return { v: rowVersion, generation: String(operation.generation), ended: false };
}

/** The final operation stays under its identity until retention removes it. */
export function writeEnded(operation: Operation): Properties {
  return {
    ...filterColumns(operation),
    v: rowVersion,
    value: boundedJson(operation),
    generation: String(operation.generation),
    ended: true,
    endedAt: new Date(operation.endedAtMs ?? 0).toISOString(),
  };
}

export function readKnown(row: Row): Known | null {
  const { v, generation, ended } = row.properties;
  if (v !== rowVersion || typeof generation !== 'string' || !/^\d{1,15}$/.test(generation)) return null;
  const known = { key: row.rowKey.slice(knownRowKey('').length), generation: Number(generation) };
  if (ended !== true) return { ...known, ended: null };
  const operation = readValue(row, operationSchema);
  return operation !== null && operation.key === known.key ? { ...known, ended: operation } : null;
}

export function writeEvent(event: OperationEvent, committedAtMs: number): Properties {
  return { v: rowVersion, body: event.body, committedAt: new Date(committedAtMs).toISOString() };
}

/** How far ahead of now a stored time may lie before it counts as absent: one wrong clock must not stop all polling. */
const clockAheadMs = 5 * 60_000;
const pauseAheadMs = 65 * 60_000;

const eventRow = /^(?:event|outbox)!([a-z2-7]{26})!(\d{12})!(\d{10})$/;

/** @param nowMs a commit that lies in its future counts as long past: no wrong clock may hold an event back. */
export function readOutbox(row: Row, nowMs: number): OutboxEntry | null {
  const { v, body, committedAt } = row.properties;
  const [, key, generation, sequence] = eventRow.exec(row.rowKey) ?? [];
  if (v !== rowVersion || typeof body !== 'string' || key === undefined) return null;
  const committedAtMs = typeof committedAt === 'string' ? Date.parse(committedAt) : Number.NaN;
  return {
    event: { key, generation: Number(generation), sequence: Number(sequence), body },
    committedAtMs: committedAtMs <= nowMs + clockAheadMs ? committedAtMs : 0,
  };
}

/** The verbatim text of an event row; null when it can't be read. */
export function readEventBody({ properties: { v, body } }: Row): string | null {
  return v === rowVersion && typeof body === 'string' ? body : null;
}

export const writeMemory = (memory: ShardMemory): Properties => writeValue(memory);

/** Garbage counts as empty: it costs early polls, never an event. A row of a newer release is null and left alone. */
export function readMemory(row: Row, nowMs: number): ShardMemory | null {
  const { v } = row.properties;
  if (typeof v === 'number' && v > rowVersion) return null;
  const memory = readValue(row, memorySchema);
  if (memory === null) return emptyMemory;
  const isSane = memory.sweptAtMs !== null && memory.sweptAtMs <= nowMs + clockAheadMs;
  const pauses = Object.entries(memory.pauses).filter(
    ([, { untilMs, rate }]) => Math.max(untilMs, rate?.sinceMs ?? 0) <= nowMs + pauseAheadMs,
  );
  const pushed = Object.entries(memory.pushedAtMs).filter(([, atMs]) => atMs <= nowMs + clockAheadMs);
  return {
    sweptAtMs: isSane ? memory.sweptAtMs : null,
    pauses: Object.fromEntries(pauses),
    pushedAtMs: Object.fromEntries(pushed),
    ends: memory.ends,
    durations: memory.durations,
  };
}

export const writeParked = (parked: ParkedPush): Properties => writeValue(parked);

export function readParked(row: Row): ParkedPush | null {
  const parked = readValue(row, parkedSchema);
  return parked !== null && row.rowKey === parkedRowKey(parked.key) ? parked : null;
}

function writeValue(value: unknown): Properties {
  return { v: rowVersion, value: JSON.stringify(value) };
}

function readValue<T>(row: Row, schema: z.ZodType<T>): T | null {
  const { v, value } = row.properties;
  if (v !== rowVersion || typeof value !== 'string') return null;
  try {
    const parsed = schema.safeParse(JSON.parse(value));
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // not JSON: a garbled row is left alone
  }
}

/** Columns by which lists are filtered. An empty text is not stored as a filterable value of its own. */
function filterColumns({ state, resource, label }: Operation): Properties {
  return { state, parentId: resource.parentId, operationId: resource.operationId, label: label ?? '' };
}
