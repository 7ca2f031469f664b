// An operation as callers see it: each field of the contract, and what its health says to a person.
import { describe, expect, test } from 'vitest';
import type { Observation } from '../../../src/domain/observation.ts';
import { observe } from '../../../src/domain/observe.ts';
import type { EndState, Health, Operation, State } from '../../../src/domain/operation.ts';
import { nextPollAtMs } from '../../../src/domain/schedule.ts';
import { emptyMemory } from '../../../src/domain/shard-memory.ts';
import { identityRefusedCode } from '../../../src/domain/throttle.ts';
import { operationView } from '../../../src/domain/view.ts';
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
import {
  blocked,
  healths,
  iso,
  missing,
  nowMs,
  ok,
  refused,
  sinceAtMs,
  throttled,
  unreadable,
  viewOf,
} from './views.ts';

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
