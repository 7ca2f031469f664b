// Operations, changes and events for the contract suite, and a store that notes the rows it could not read.
import { keyOf } from '../../../src/domain/keys.ts';
import { kinds } from '../../../src/domain/kinds.ts';
import type { Operation } from '../../../src/domain/operation.ts';
import type { Change, Known, ParkedPush, Shard, Stored } from '../../../src/domain/stored.ts';
import type { OperationEvent } from '../../../src/domain/transition.ts';
import { createHistory } from '../../../src/storage/history.ts';
import { createOperationStore } from '../../../src/storage/operation-store.ts';
import type { Table } from '../../../src/storage/table.ts';

export const shard: Shard = 'connectionOperation-00';
export const nowMs = Date.parse('2026-11-22T06:00:00.000Z');
export const generation = nowMs / 1000;

const standing = { nowMs: () => nowMs, monotonicMs: () => 0 };

export type Store = ReturnType<typeof openStore>;

/** @param wholeUpTo so many live rows are read whole. */
export function openStore(table: Table, wholeUpTo?: number, clock = standing) {
  const unreadable: string[] = [];
  const store = createOperationStore({
    table,
    clock,
    onUnreadableRow: (_shard, rowKey) => unreadable.push(rowKey),
    ...(wholeUpTo === undefined ? {} : { wholeUpTo }),
  });
  return { ...store, ...createHistory(table), unreadable };
}

/** @param id the resource's own id; equal ids give equal keys. */
export function anOperation(id = '1', changes: Partial<Operation> = {}): Operation {
  const key = keyOf(kinds.connectionOperation, {
    cloud: 'global',
    tenantId: 'contoso',
    identityPath: `external/connections/contosohr/operations/${id}`,
  });
  return {
    key,
    kind: 'connectionOperation',
    resource: {
      cloud: 'global',
      tenantId: 'contoso',
      version: 'v1.0',
      path: `/external/connections/contosohr/operations/${id}`,
      parentId: 'contosohr',
      operationId: id,
    },
    generation,
    sequence: 0,
    state: 'pending',
    status: null,
    statusKnown: false,
    leftStatuses: [],
    trackedAtMs: nowMs,
    changedAtMs: nowMs,
    endedAtMs: null,
    endedBy: null,
    deadlineAtMs: nowMs + 86_400_000,
    graceUntilMs: nowMs + 120_000,
    policy: { firstPollMs: 60_000, intervalMs: 60_000 },
    trackedBy: 'api',
    health: { status: 'ok', sinceAtMs: nowMs },
    error: null,
    result: null,
    clientContext: null,
    percentComplete: null,
    label: null,
    metadata: {},
    ...changes,
  };
}

/** The next transition of an operation: its sequence grows by one. */
export function running(operation: Operation): Operation {
  return {
    ...operation,
    sequence: operation.sequence + 1,
    state: 'running',
    status: 'inprogress',
    statusKnown: true,
  };
}

export function ended(operation: Operation, endedAtMs = nowMs): Operation {
  return {
    ...operation,
    sequence: operation.sequence + 1,
    state: 'succeeded',
    status: 'completed',
    statusKnown: true,
    endedAtMs,
  };
}

/** With an event for each sequence that the change adds. */
export function aChange(before: Stored<Operation>, after: Operation): Change {
  const events: OperationEvent[] = [];
  for (let sequence = before.value.sequence + 1; sequence <= after.sequence; sequence += 1) {
    events.push(anEvent(after, sequence));
  }
  return { before, after, events, committedAtMs: nowMs };
}

export function anEvent(operation: Operation, sequence = operation.sequence): OperationEvent {
  const { key } = operation;
  const body = `{"id":"${key}-${operation.generation}-${sequence}", "spaced" : "verbatim \\u00e9 é"}`;
  return { key, generation: operation.generation, sequence, body };
}

export function aParkedPush(operation: Operation, status = 'completed'): ParkedPush {
  const { error, result, clientContext, percentComplete } = operation;
  const details = { error, result, clientContext, percentComplete };
  const dates = { sentAtMs: nowMs, arrivedAtMs: nowMs };
  return {
    key: operation.key,
    parkedAtMs: nowMs,
    observation: { type: 'status', observedBy: 'push', status, details, ...dates },
  };
}

/** Tracks an operation and reads it back with its ETag. */
export async function tracked(store: Store, operation: Operation): Promise<Stored<Operation>> {
  if (!(await store.track(shard, operation))) throw new Error('The operation was not tracked.');
  return liveOf(store, operation);
}

export async function liveOf(store: Store, { key }: Pick<Operation, 'key'>): Promise<Stored<Operation>> {
  const { live } = await store.lookUp(shard, key);
  if (live === null) throw new Error('The operation is not live.');
  return live;
}

export async function knownOf(store: Store, { key }: Pick<Operation, 'key'>): Promise<Stored<Known>> {
  const { known } = await store.lookUp(shard, key);
  if (known === null) throw new Error('The operation is live or not known.');
  return known;
}

/** Tracks an operation and ends it, with one event. */
export async function trackedAndEnded(store: Store, operation: Operation, endedAtMs = nowMs): Promise<void> {
  const live = await tracked(store, operation);
  const { applied } = await store.commit(shard, [aChange(live, ended(live.value, endedAtMs))]);
  if (!applied) throw new Error('The end was not committed.');
}
