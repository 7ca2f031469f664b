// The beginning of a generation: its number is one that never was, and all its times are of the storage's clock.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseResource } from '../../../src/domain/resources.ts';
import { beginGeneration, type TrackPolicy, type TrackRequest } from '../../../src/domain/tracking.ts';
import { home, hour, minute, second, startMs } from '../../fixtures/builders.ts';

const named = parseResource('/beta/app/calls/9B2D1C3E000040008000000000000001/operations/op', home);
const policy: TrackPolicy = {
  firstPollMs: 5 * second,
  intervalMs: 15 * second,
  deadlineMs: 4 * hour,
  lostGraceMs: 2 * minute,
};

function aRequest(changes: Partial<TrackRequest> = {}): TrackRequest {
  if (named === null) throw new Error('No resource');
  const what = { label: null, metadata: {}, deadlineMs: null, restartAfter: null, trackedBy: 'api' } as const;
  return { named, ...what, ...changes };
}

const begin = (nowMs: number, followed: number | null, request = aRequest()) =>
  beginGeneration(request, { nowMs, policy, followed });

test('begins as an operation that was not seen yet', () => {
  const request = aRequest({ label: 'prompt', metadata: { bot: 'b1' }, trackedBy: 'push' });
  expect(begin(startMs + 999, null, request)).toEqual({
    key: named?.key,
    kind: 'commsOperation',
    resource: {
      cloud: 'global',
      tenantId: home.tenantId,
      version: 'beta',
      path: '/communications/calls/9b2d1c3e-0000-4000-8000-000000000001/operations/op',
      parentId: '9b2d1c3e-0000-4000-8000-000000000001',
      operationId: 'op',
    },
    generation: 1_795_327_200,
    sequence: 0,
    state: 'pending',
    status: null,
    statusKnown: false,
    leftStatuses: [],
    trackedAtMs: startMs + 999,
    changedAtMs: startMs + 999,
    endedAtMs: null,
    endedBy: null,
    deadlineAtMs: startMs + 999 + 4 * hour,
    graceUntilMs: startMs + 999 + 2 * minute,
    policy: { firstPollMs: 5 * second, intervalMs: 15 * second },
    trackedBy: 'push',
    health: { status: 'ok', sinceAtMs: startMs + 999 },
    error: null,
    result: null,
    clientContext: null,
    percentComplete: null,
    label: 'prompt',
    metadata: { bot: 'b1' },
  });
});

test.each([
  { deadlineMs: null, expiresAfterMs: 4 * hour },
  { deadlineMs: second, expiresAfterMs: second },
  { deadlineMs: 30 * 24 * hour, expiresAfterMs: 30 * 24 * hour },
])(
  'expires $expiresAfterMs ms after its beginning when the caller says $deadlineMs',
  ({ deadlineMs, expiresAfterMs }) => {
    const { trackedAtMs, deadlineAtMs } = begin(startMs, null, aRequest({ deadlineMs }));
    expect(deadlineAtMs - trackedAtMs).toBe(expiresAfterMs);
  },
);

describe('the generation', () => {
  const epochSecond = startMs / second;
  test.each([
    { what: 'none', followed: null, generation: epochSecond },
    { what: 'one of long ago', followed: 1, generation: epochSecond },
    { what: 'that of the second before', followed: epochSecond - 1, generation: epochSecond },
    { what: 'that of this very second', followed: epochSecond, generation: epochSecond + 1 },
    { what: 'one that ran ahead of the clock', followed: epochSecond + 7, generation: epochSecond + 8 },
  ])('is the second of the clock, and more than $what', ({ followed, generation }) => {
    for (const atMs of [startMs, startMs + 1, startMs + 999])
      expect(begin(atMs, followed).generation).toBe(generation);
  });

  test('grows from one tracking to the next, however fast they follow and however the clock steps back', () => {
    const steps = fc.array(fc.integer({ min: -hour, max: hour }), { maxLength: 40 });
    fc.assert(
      fc.property(steps, (all) => {
        let nowMs = startMs;
        let followed: number | null = null;
        for (const stepMs of all) {
          nowMs += stepMs;
          const { generation } = begin(nowMs, followed);
          expect(generation).toBeGreaterThan(followed ?? 0);
          expect(generation).toBeGreaterThanOrEqual(Math.floor(nowMs / second));
          followed = generation;
        }
      }),
    );
  });

  test('never is one of before when retention removed the rows, as long as trackings are a second apart', () => {
    const waits = fc.array(fc.integer({ min: second, max: hour }), { maxLength: 40 });
    fc.assert(
      fc.property(waits, (all) => {
        let nowMs = startMs;
        const seen = new Set([begin(nowMs, null).generation]);
        for (const waitMs of all) {
          nowMs += waitMs;
          const { generation } = begin(nowMs, null);
          expect(seen.has(generation)).toBe(false);
          seen.add(generation);
        }
      }),
    );
  });

  test('changes nothing of the key, which is that of the resource', () => {
    expect(begin(startMs + hour, epochSecond).key).toBe(begin(startMs, null).key);
  });
});
