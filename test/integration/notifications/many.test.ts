// Hundreds of operations, five to a call, told over HTTP by a platform of whose notifications a fifth is lost, a fifth
// comes twice, a fifth late and a fifth before Graph shows what they say. A fifth of the operations is registered only
// when they have begun. Each ends once, as it ended in Graph, and nothing else is told.
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createRandom } from '../../../dev/simulator/random.ts';
import { parseResource } from '../../../src/domain/resources.ts';
import type { HistoryEvent } from '../../checker/history.ts';
import { explain, judge } from '../../checker/judge.ts';
import { type Life, type Platform, startPlatform, type Told } from './platform.ts';

const perCall = 5;
const share = 0.2;
/** So short that an app which has not heard of the new time yet is within the judge's tolerance. */
const tickMs = 3400;
/** The last end is at 70 seconds, its notification up to a minute late; a lost one is proven a minute after the one before. */
const longestMs = 300_000;

type Planned = {
  readonly life: Life;
  readonly call: string;
  readonly beginAtMs: number;
  readonly registerAtMs: number;
};

test.each([
  { operations: 500, unknown: 'begin their tracking', autoTrack: 'true' },
  { operations: 300, unknown: 'wait for their registration', autoTrack: 'false' },
])(
  '$operations operations end once each and none is invented where unknown ones $unknown',
  {
    timeout: 180_000,
  },
  async ({ operations, autoTrack }) => {
    const platform = await startPlatform({
      graph: { keepRequests: 10_000, seed: 5 },
      env: {
        OPWATCH_CALLS_AUTO_TRACK: autoTrack,
        OPWATCH_COMMS_OPERATION_FIRST_POLL_SECONDS: '5',
        OPWATCH_COMMS_OPERATION_INTERVAL_SECONDS: '5',
      },
    });
    try {
      misbehave(platform);
      const history: HistoryEvent[] = [];
      await live(platform, plan(operations, platform.storage.nowMs()), history);
      addOutside(platform, history);

      const verdict = judge(history);
      expect(explain(history, verdict)).toBe('');
      expect(verdict.violations).toEqual([]);
      expectEnds(platform, operations, history);
      expectFates(platform, operations);
    } finally {
      await platform.stop();
    }
  },
);

function misbehave({ simulator }: Platform): void {
  const { control } = simulator;
  control.addFault({ fault: 'pushLoss', probability: share });
  control.addFault({ fault: 'pushCopies', probability: share });
  control.addFault({ fault: 'pushDelay', ms: 15_000, jitterMs: 45_000, probability: share });
  control.addFault({ fault: 'pushEarly', ms: 15_000, probability: share });
  // What a machine under load could not store in time was answered 503, and comes again.
  control.addFault({ fault: 'pushRedelivery', everyMs: 1000, forMs: 120_000 });
}

/** Operations that begin within half a minute and end half a minute later. */
function plan(operations: number, nowMs: number): readonly Planned[] {
  const random = createRandom(11);
  let call = '';
  return Array.from({ length: operations }, (_, index) => {
    if (index % perCall === 0) call = randomUUID();
    const beginAtMs = nowMs + Math.round(random() * 30_000);
    const life = [
      [0, 'notStarted'],
      [1000, 'running'],
      [Math.round(2000 + random() * 33_000), random() < 0.1 ? 'failed' : 'completed'],
    ] as const;
    const isLate = index % perCall === 0;
    return { life, call, beginAtMs, registerAtMs: beginAtMs + (isLate ? Math.round(random() * 30_000) : 0) };
  });
}

/** Lets time pass until all have ended and nobody has anything to tell any more. */
async function live(platform: Platform, planned: readonly Planned[], history: HistoryEvent[]): Promise<void> {
  const { storage, simulator } = platform;
  const untilMs = storage.nowMs() + longestMs;
  const begun = new Map<Planned, Told>();
  const ended = new Set<string>();
  let waiting = planned;
  while (storage.nowMs() < untilMs) {
    for (const one of planned)
      if (one.beginAtMs <= storage.nowMs() && !begun.has(one))
        begun.set(one, platform.begin(one.life, { call: one.call }));
    await registerDue();
    await platform.settle();
    await platform.sweep();
    for (const body of await platform.takeMessages()) {
      history.push({ atMs: storage.nowMs(), by: 'consumer', type: 'received', body });
      const { data } = JSON.parse(body);
      if (data.terminal) ended.add(data.key);
    }
    const isQuiet = simulator.control.stats().pushes.waiting === 0;
    if (waiting.length === 0 && isQuiet && ended.size === planned.length) return;
    await platform.advance(tickMs);
  }

  /** Who was answered 503 asks again. */
  async function registerDue(): Promise<void> {
    const due = waiting.filter(({ registerAtMs }) => registerAtMs <= storage.nowMs()).slice(0, 100);
    if (due.length === 0) return;
    const asked = due.map((one) => ({ resource: begun.get(one)?.path }));
    const { json } = await platform.post({ operations: asked });
    const results = json['results'] as readonly Result[];
    for (const { status, operation } of results)
      if (operation !== undefined) {
        const { key, generation } = operation;
        const created = status === 201;
        history.push({ atMs: storage.nowMs(), by: 'caller', type: 'tracked', key, generation, created });
      }
    waiting = waiting.filter((one) => results[due.indexOf(one)]?.operation === undefined);
  }
}

type Result = {
  readonly status: number;
  readonly operation?: { readonly key: string; readonly generation: number };
};

/** What really happened, and what the platform was told to be stored. */
function addOutside({ simulator, home }: Platform, history: HistoryEvent[]): void {
  const keyOf = (path: string): string => parseResource(path, home)?.key ?? '';
  for (const { path, changes } of simulator.control.truth())
    for (const { status, atMs } of changes)
      history.push({ atMs, by: 'graph', type: 'truth', key: keyOf(path), word: String(status), gone: null });
  for (const { items, status, atMs } of simulator.control.pushes())
    for (const item of status === 202 ? items : [])
      history.push({
        atMs,
        by: 'platform',
        type: 'pushAcked',
        key: keyOf(item.path),
        word: String(item.status),
        parked: false,
      });
}

/** Ended once each, with the word that Graph ended with. */
function expectEnds({ simulator }: Platform, operations: number, history: readonly HistoryEvent[]): void {
  const bodies = history.flatMap((event) => (event.type === 'received' ? [event.body] : []));
  const events = new Map(bodies.map((body) => [JSON.parse(body).id, JSON.parse(body).data]));
  const ends = [...events.values()].filter(({ terminal }) => terminal);
  const said = ends.map(({ resource, current }) => `${resource.path} ${current.status}`);
  const truth = simulator.control.truth();
  expect(said.toSorted()).toEqual(
    truth.map(({ path, changes }) => `${path} ${String(changes.at(-1)?.status)}`).toSorted(),
  );
  expect(ends).toHaveLength(operations);
  expect(new Set(ends.map(({ key }) => key)).size).toBe(operations);
  const { push = [], poll = [] } = Object.groupBy(ends, ({ observedBy }) => observedBy as 'push' | 'poll');
  expect(push.length + poll.length).toBe(operations);
  expect(push.length).toBeGreaterThan(operations / 2);
  // All whose last notification was lost, and some where a poll came before a late one.
  expect(poll.length).toBeGreaterThan(operations / 20);
}

/** A run in which nothing went wrong would prove nothing. */
function expectFates({ simulator }: Platform, operations: number): void {
  const { sent, lost, copies, redelivered } = simulator.control.stats().pushes;
  const first = sent - copies - redelivered;
  expect(first + lost).toBe(operations * 3);
  const fourDeviations = 4 * Math.sqrt((share * (1 - share)) / first);
  for (const count of [lost / (first + lost), copies / first])
    expect(Math.abs(count - share)).toBeLessThan(fourDeviations);
}
