// An operation as callers see it: each field of the contract, what its health says to a person, and an ETag that
// changes exactly when something that is seen changes, but for the next poll.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Observation } from '../../../src/domain/observation.ts';
import { observe } from '../../../src/domain/observe.ts';
import type { EndState, Health, Operation, State } from '../../../src/domain/operation.ts';
import { nextPollAtMs } from '../../../src/domain/schedule.ts';
import { emptyMemory } from '../../../src/domain/shard-memory.ts';
import type { Pause } from '../../../src/domain/stored.ts';
import { identityRefusedCode } from '../../../src/domain/throttle.ts';
import { type OperationView, operationView, viewETag } from '../../../src/domain/view.ts';
import {
  aGone,
  anOperation,
  anUnreadable,
  aStatus,
  hour,
  minute,
  second,
  startMs,
} from '../../fixtures/builders.ts';

const iso = (atMs: number): string => new Date(atMs).toISOString();
const nowMs = startMs + 10 * minute;
const throttled: Pause = {
  untilMs: nowMs + 2 * minute,
  attempts: 2,
  code: 'http_429',
  sinceAtMs: nowMs - minute,
};
const refused: Pause = { ...throttled, code: identityRefusedCode };

function viewOf(operation: Operation, pause: Pause | null = null, atMs = nowMs): OperationView {
  const pauses = pause === null ? {} : { [operation.resource.tenantId]: pause };
  return operationView(operation, { nowMs: atMs, memory: { ...emptyMemory, pauses } });
}

const sinceAtMs = startMs + 9 * minute;
const missing = (count: number): Health => {
  const evidence = {
    httpStatus: 404,
    count,
    firstAtMs: sinceAtMs,
    lastAtMs: nowMs,
    deletedAtMs: null,
  } as const;
  return { status: 'missing', code: 'itemNotFound', sinceAtMs, evidence };
};
const ok: Health = { status: 'ok', sinceAtMs };
const blocked: Health = { status: 'blocked', code: 'Forbidden', sinceAtMs };
const unreadable: Health = { status: 'unreadable', code: 'http_503', sinceAtMs };
const healths: readonly Health[] = [ok, blocked, unreadable, missing(1), missing(2)];

test('a running operation is shown with every field of the contract', () => {
  const operation = anOperation({
    state: 'running',
    status: 'InProgress',
    statusKnown: true,
    sequence: 1,
    leftStatuses: ['unspecified'],
    changedAtMs: startMs + minute,
    error: { code: 'x' },
    result: { code: 200 },
    clientContext: 'mine',
    percentComplete: 40,
    label: 'import',
    metadata: { team: 'search' },
  });
  const nextPollAt = iso(nextPollAtMs(operation, nowMs));
  expect(viewOf(operation)).toEqual({
    key: operation.key,
    kind: 'connectionOperation',
    generation: startMs / second,
    sequence: 1,
    state: 'running',
    terminal: false,
    status: 'InProgress',
    statusKnown: true,
    resource: {
      cloud: 'global',
      tenantId: '11111111-2222-3333-4444-555555555555',
      version: 'v1.0',
      path: '/external/connections/contosohr/operations/1.neu.0f3c',
      parentId: 'contosohr',
      operationId: '1.neu.0f3c',
    },
    trackedAt: '2026-11-22T06:00:00.000Z',
    changedAt: '2026-11-22T06:01:00.000Z',
    endedAt: null,
    deadlineAt: '2026-11-22T07:00:00.000Z',
    nextPollAt,
    trackedBy: 'api',
    health: {
      status: 'ok',
      code: null,
      since: '2026-11-22T06:00:00.000Z',
      explanation: `The last read was answered; nothing is to be done; it is read again at ${nextPollAt}.`,
    },
    error: { code: 'x' },
    result: { code: 200 },
    clientContext: 'mine',
    percentComplete: 40,
    label: 'import',
    metadata: { team: 'search' },
  });
});

describe('an operation that', () => {
  const stop: Observation = { type: 'stop', sentAtMs: nowMs, arrivedAtMs: nowMs };
  test.each<{ state: State; news: readonly Observation[]; endedAt: string | null }>([
    { state: 'pending', news: [], endedAt: null },
    { state: 'running', news: [aStatus('inprogress')], endedAt: null },
    { state: 'succeeded', news: [aStatus('completed')], endedAt: '2026-11-22T06:00:10.100Z' },
    { state: 'failed', news: [aStatus('failed')], endedAt: '2026-11-22T06:00:10.100Z' },
    { state: 'lost', news: [aGone(minute, 410)], endedAt: '2026-11-22T06:01:00.100Z' },
    { state: 'expired', news: [aStatus('inprogress', hour)], endedAt: '2026-11-22T07:00:00.100Z' },
    { state: 'cancelled', news: [anUnreadable(minute), stop], endedAt: iso(nowMs) },
  ])('is $state says so and whether it is read again', ({ state, news, endedAt }) => {
    const operation = news.reduce((current, one) => observe(current, one).operation, anOperation());
    for (const pause of [null, throttled, refused]) {
      const view = viewOf(operation, pause);
      expect(view).toMatchObject({ state, terminal: endedAt !== null, endedAt });
      expect(view.nextPollAt === null).toBe(view.terminal);
      expect(view.terminal ? view : null).toEqual(view.terminal ? viewOf(operation) : null);
    }
  });
});

describe('health', () => {
  const running = (health: Health): Operation =>
    anOperation({ state: 'running', status: 'inprogress', health });

  test.each<{ health: Health; code: string | null; says: RegExp }>([
    { health: ok, code: null, says: /answered; nothing is to be done/ },
    {
      health: blocked,
      code: 'Forbidden',
      says: /refuses .*\(Forbidden\); grant it the permission/,
    },
    {
      health: unreadable,
      code: 'http_503',
      says: /no usable answer \(http_503\); nothing is to be done unless/,
    },
    { health: missing(1), code: 'itemNotFound', says: /not find it \(itemNotFound, seen once\); check that/ },
    { health: missing(2), code: 'itemNotFound', says: /seen 2 times\); check that .* given up as lost/ },
  ])('$health.status says why, what to do and when it is tried again', ({ health, code, says }) => {
    const view = viewOf(running(health));
    expect(view.health).toMatchObject({ status: health.status, code, since: iso(sinceAtMs) });
    expect(view.health.explanation).toMatch(says);
    expect(view.health.explanation).toContain(`read again at ${view.nextPollAt}`);
  });

  test.each(healths.filter(({ status }) => status !== 'blocked'))(
    '$status gives way to the wait that Graph asked for',
    (health) => {
      const view = viewOf(running(health), throttled);
      expect(view.nextPollAt).toBe(iso(Math.max(nextPollAtMs(running(health), nowMs), throttled.untilMs)));
      expect(view.health).toEqual({
        status: 'throttled',
        code: 'http_429',
        since: iso(nowMs - minute),
        explanation: `Graph asked us to wait; nothing is to be done; it is read again at ${view.nextPollAt}.`,
      });
      expect(viewOf(running(health), { ...throttled, untilMs: nowMs }).health.status).toBe(health.status);
    },
  );

  test('says that the identity is refused where that is why Graph is left alone', () => {
    const view = viewOf(running(ok), refused);
    expect(view.health).toMatchObject({
      status: 'blocked',
      code: identityRefusedCode,
      since: iso(nowMs - minute),
    });
    expect(view.health.explanation).toMatch(
      /refuses this identity .* grant it the permission .* read again at 2026/,
    );
  });

  test('that is blocked says more than a wait, and waits all the same', () => {
    for (const pause of [throttled, refused]) {
      const view = viewOf(running(blocked), pause);
      expect(view.health).toMatchObject({ status: 'blocked', code: 'Forbidden', since: iso(sinceAtMs) });
      expect(Date.parse(view.nextPollAt ?? '')).toBeGreaterThanOrEqual(pause.untilMs);
    }
  });

  test('of a pause from an earlier release is dated by the operation', () => {
    const { sinceAtMs: _, ...older } = throttled;
    expect(viewOf(running(ok), older).health.since).toBe(iso(sinceAtMs));
  });

  test('of what Graph has not shown yet says that', () => {
    const { explanation } = viewOf(anOperation()).health;
    expect(explanation).toMatch(/^Graph has not shown it yet; nothing is to be done; it is read again at /);
  });

  test('of a call says whether its notifications come, that it is silent, or that it was deleted', () => {
    const call = anOperation({ kind: 'commsOperation', state: 'running' });
    const memory = { ...emptyMemory, pushedAtMs: { [call.resource.parentId]: startMs } };
    const said = (operation: Operation, atMs: number): string =>
      operationView(operation, { nowMs: atMs, memory }).health.explanation;
    expect(said(call, startMs + minute)).toMatch(
      /^Notifications come for its call, so it is read rarely; nothing/,
    );
    expect(said(call, startMs + 46 * minute)).toMatch(
      /^Nothing was heard since 2026-.*Z, longer than the platform/,
    );
    const evidence = {
      httpStatus: 404,
      count: 0,
      firstAtMs: nowMs,
      lastAtMs: nowMs,
      deletedAtMs: nowMs,
    } as const;
    const health: Health = { status: 'missing', code: 'deleted', sinceAtMs, evidence };
    expect(said({ ...call, health }, nowMs)).toMatch(
      /^The platform announced its deletion at 2026-.*; it is read/,
    );
  });

  test('is explained in one sentence, in every state and trouble', () => {
    const ends: readonly EndState[] = ['succeeded', 'failed', 'lost', 'expired', 'cancelled'];
    const seen = new Set<string>();
    for (const health of healths) {
      for (const state of ['pending', 'running', ...ends] as const) {
        const endedAtMs = state === 'pending' || state === 'running' ? null : nowMs;
        for (const pause of [null, throttled, refused]) {
          const { explanation } = viewOf(anOperation({ state, health, endedAtMs }), pause).health;
          expect(explanation).toMatch(/^[A-Z][^\n]*[^.]\.$/);
          expect(explanation).not.toMatch(/[.!?]\s|undefined|null|NaN/);
          seen.add(explanation.replace(/2026[^.]*/, ''));
        }
      }
    }
    expect(seen.size).toBeGreaterThanOrEqual(12);
  });
});

/** Each visible field on its own; what the field shows is another value than before. */
const changes: readonly { field: string; change: Partial<Operation> }[] = [
  { field: 'generation', change: { generation: 1 } },
  { field: 'sequence', change: { sequence: 9 } },
  { field: 'state', change: { state: 'failed' } },
  { field: 'status', change: { status: 'INPROGRESS' } },
  { field: 'statusKnown', change: { statusKnown: true } },
  { field: 'trackedAt', change: { trackedAtMs: startMs - 1 } },
  { field: 'changedAt', change: { changedAtMs: startMs - 1 } },
  { field: 'endedAt', change: { endedAtMs: startMs } },
  { field: 'deadlineAt', change: { deadlineAtMs: startMs + 2 * hour } },
  { field: 'trackedBy', change: { trackedBy: 'proxy' } },
  { field: 'error', change: { error: { code: 'x' } } },
  { field: 'result', change: { result: { code: 1 } } },
  { field: 'clientContext', change: { clientContext: '' } },
  { field: 'percentComplete', change: { percentComplete: 0 } },
  { field: 'label', change: { label: '' } },
  { field: 'metadata', change: { metadata: { a: '' } } },
  { field: 'health.status', change: { health: { status: 'blocked', code: 'http_503', sinceAtMs } } },
  { field: 'health.code', change: { health: { status: 'unreadable', code: 'http_504', sinceAtMs } } },
  {
    field: 'health.since',
    change: { health: { status: 'unreadable', code: 'http_503', sinceAtMs: sinceAtMs + 1 } },
  },
];

describe('the ETag', () => {
  const base = anOperation({ health: unreadable });

  test('is a strong one of visible ASCII', () => {
    expect(viewETag(viewOf(base))).toMatch(/^"[\w-]{22}"$/);
  });

  test.each(changes)('changes with $field', ({ change }) => {
    expect(viewETag(viewOf({ ...base, ...change }))).not.toBe(viewETag(viewOf(base)));
  });

  test('changes with what the explanation alone says: how often it was not found', () => {
    const tags = [missing(1), missing(2)].map((health) => viewETag(viewOf({ ...base, health })));
    expect(tags[0]).not.toBe(tags[1]);
  });

  test('changes when Graph asks to wait, and not when it asks for more', () => {
    const paused = viewETag(viewOf(base, throttled));
    expect(paused).not.toBe(viewETag(viewOf(base)));
    expect(viewETag(viewOf(base, { ...throttled, untilMs: throttled.untilMs + hour }))).toBe(paused);
    expect(viewETag(viewOf(base, { ...throttled, sinceAtMs: nowMs }))).not.toBe(paused);
  });

  const health = fc.constantFrom(...healths);
  const later = fc.nat({ max: hour });

  test('does not change with time and the next poll', () => {
    fc.assert(
      fc.property(health, later, later, (one, earlierMs, laterMs) => {
        const operation = anOperation({ health: one, state: 'running' });
        const tags = [earlierMs, laterMs].map((ms) => viewETag(viewOf(operation, null, startMs + ms)));
        expect(tags[0]).toBe(tags[1]);
      }),
    );
  });

  test('differs exactly when two views differ in anything but the next poll', () => {
    const seen = (view: OperationView): unknown => ({
      ...view,
      nextPollAt: null,
      health: { ...view.health, explanation: view.health.explanation.split(view.nextPollAt ?? '\0') },
    });
    const change = fc.array(fc.constantFrom(...changes), { maxLength: 3 });
    fc.assert(
      fc.property(change, change, later, (some, others, afterMs) => {
        const [one, other] = [some, others].map((all) =>
          viewOf(
            Object.assign({}, base, ...all.map((each) => each.change)),
            null,
            startMs + (all === some ? 0 : afterMs),
          ),
        ) as [OperationView, OperationView];
        const isSame = JSON.stringify(seen(one)) === JSON.stringify(seen(other));
        expect(viewETag(one) === viewETag(other)).toBe(isSame);
      }),
      { numRuns: 1000 },
    );
  });
});
