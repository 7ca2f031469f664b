// Rows whose numbers no schedule can be made of: one of them read as an operation would stop its whole shard.
import { expect, test } from 'vitest';
import type { Operation } from '../../../src/domain/operation.ts';
import { nextPollAtMs } from '../../../src/domain/schedule.ts';
import { emptyMemory } from '../../../src/domain/shard-memory.ts';
import { operationView } from '../../../src/domain/view.ts';
import { readLive } from '../../../src/storage/rows.ts';
import { anOperation, startMs } from '../../fixtures/builders.ts';

function readBack(changes: Readonly<Record<string, unknown>>): Operation | null {
  const operation = anOperation();
  const value = JSON.stringify({ ...operation, ...changes });
  return readLive({ rowKey: `live!${operation.key}`, etag: 'any', properties: { v: 1, value } });
}

const lastMs = Date.parse('9999-12-31T23:59:59.999Z');

test.each([
  { what: 'an interval of zero', changes: { policy: { firstPollMs: 0, intervalMs: 0 } } },
  { what: 'a negative interval', changes: { policy: { firstPollMs: 0, intervalMs: -1000 } } },
  { what: 'an interval below a millisecond', changes: { policy: { firstPollMs: 0, intervalMs: 1e-9 } } },
  { what: 'an endless interval', changes: { policy: { firstPollMs: 0, intervalMs: 1e300 } } },
  { what: 'a first poll before its beginning', changes: { policy: { firstPollMs: -1, intervalMs: 1000 } } },
  { what: 'a beginning before all time', changes: { trackedAtMs: -1 } },
  { what: 'a deadline after all time', changes: { deadlineAtMs: lastMs + 1 } },
  { what: 'a change after all time', changes: { changedAtMs: 1e300 } },
  { what: 'an end after all time', changes: { endedAtMs: 8.64e15 } },
  { what: 'trouble since after all time', changes: { health: { status: 'ok', sinceAtMs: 1e17 } } },
])('a row with $what is none that can be read', ({ changes }) => {
  expect(readBack(changes)).toBeNull();
});

test.each([
  { what: 'first', changes: { policy: { firstPollMs: 0, intervalMs: 1 }, trackedAtMs: 0, deadlineAtMs: 0 } },
  {
    what: 'last',
    changes: {
      policy: { firstPollMs: lastMs, intervalMs: lastMs },
      trackedAtMs: lastMs,
      deadlineAtMs: lastMs,
      health: { status: 'unreadable', code: 'x', sinceAtMs: lastMs },
    },
  },
])('a row of the $what instants is read, scheduled and shown', ({ changes }) => {
  const operation = readBack(changes);
  expect(operation).toMatchObject(changes);
  if (operation === null) return;
  for (const nowMs of [0, startMs, lastMs]) {
    expect(nextPollAtMs(operation, nowMs)).toBeGreaterThan(nowMs);
    expect(operationView(operation, { nowMs, memory: emptyMemory }).key).toBe(operation.key);
  }
});
