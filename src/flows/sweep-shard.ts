// A sweep of one shard: level-triggered, it looks at what is there and never at what it remembers having planned.
//
// S1 one range query → S2 publish what committers left behind → S3 apply parked pushes → S4–S5 read what is due →
// S6–S9 observe and commit → S10–S15 publish and clear → S16 remember how far it got.
// If we die anywhere the next sweep finds the truth in the table: before a commit nothing happened, after it the event
// is published at least once with the same id and the same bytes.
import { crashPoint } from '../domain/crash-point.ts';
import { addEndNews, type EndNews, type Looks, noEndNews, polledEnds } from '../domain/ends.ts';
import { kinds } from '../domain/kinds.ts';
import { observe } from '../domain/observe.ts';
import type { Kind } from '../domain/operation.ts';
import { outlooksOf } from '../domain/outlook.ts';
import { emptyMemory } from '../domain/shard-memory.ts';
import type { OutboxEntry, Shard, ShardContents, ShardMemory } from '../domain/stored.ts';
import { advanceMark, dueAtMs, noMark, type SweepMark, turnAtMs } from '../domain/sweep-mark.ts';
import type { Applied } from './apply-observation.ts';
import { applyParked, type ParkedPorts } from './apply-parked.ts';
import { createGatheringClearer } from './clear-outbox.ts';
import { createCommitter } from './commit-changes.ts';
import type { DueOperation } from './due-queue.ts';
import { createPublisher, type Publisher, type PublishPorts } from './publish-events.ts';
import { type ReadDuePorts, readDue } from './read-due.ts';
import { createPauses, type PausePorts, type ShardPauses } from './shard-pauses.ts';
import type { SoonPorts } from './soon.ts';
import { newsOf, type SweepReport, stockOf } from './sweep-report.ts';

export type SweepPorts = ParkedPorts &
  PublishPorts &
  ReadDuePorts &
  PausePorts &
  SoonPorts & { readonly readShard: (shard: Shard) => Promise<ShardContents> };

export type SweepLimits = {
  /** No request to Graph is begun after it, or once the signal has fired. */
  readonly deadlineMonotonicMs: number;
  readonly signal: AbortSignal;
  /** Requests under way are given up when it fires, and their operations stay due; absent: they end by themselves. */
  readonly giveUp?: AbortSignal;
};

/** A younger outbox row is left to its committer: that takes the copies of two sweepers from 14.6 % to 0.06 %. */
const outboxGraceMs = 15_000;
const parkedLifeMs = 15 * 60_000;
/** Every sweep reads all of them; beyond so many the oldest are dropped. */
const maxParked = 5000;
/** The rows are read again while Graph's limits hold the sweep back: at most for a twentieth of the time. */
const leastHeldBackMs = 1000;
const readsWorth = 20;
/** `sweptAtMs` is stored at most so often: a restart costs at most this much of early reads. */
const markStoredEveryMs = 60_000;
/** While processes take turns with a shard each sweep stores its mark: what one has read would be due for the next again. */
const turnsEndAfterMs = 10 * 60_000;

type SweepStart = {
  readonly kind: Kind;
  readonly shard: Shard;
  readonly contents: ShardContents;
  readonly readAtMonotonicMs: number;
  readonly readMs: number;
  readonly startedAtMs: number;
};

/** One sweep of a shard at a time in a process: `sweep-while-behind.ts` sees to it. */
export type SweepShard = (target: { kind: Kind; shard: Shard }, limits: SweepLimits) => Promise<SweepReport>;

export function createSweepShard(ports: SweepPorts): SweepShard {
  const marks = new Map<Shard, SweepMark>();
  const hasRead = new Set<Shard>();
  const turnsUntilMonotonicMs = new Map<Shard, number>();
  const unstoredEnds = new Map<Shard, EndNews>();
  const pausesOf = createPauses(ports);

  return async function sweepShard({ kind, shard }, limits) {
    const report = await sweep(kind, shard, limits);
    TEST: crashPoint('S17');
    return report;
  };

  async function sweep(kind: Kind, shard: Shard, limits: SweepLimits): Promise<SweepReport> {
    const readAtMonotonicMs = ports.clock.monotonicMs();
    const startedAtMs = ports.clock.nowMs();
    TEST: crashPoint('S0');
    const contents = await ports.readShard(shard);
    const readMs = ports.clock.monotonicMs() - readAtMonotonicMs;
    TEST: crashPoint('S1');
    const publisher = createPublisher(ports, shard, createGatheringClearer(ports, shard));
    const changes = new Map<string, Promise<Applied>>();
    try {
      publisher.publish(leftovers(contents.outbox, startedAtMs));
      TEST: crashPoint('S2');
      const start = { kind, shard, contents, readAtMonotonicMs, readMs, startedAtMs };
      const report = await sweepContents(start, limits, { publisher, changes });
      TEST: crashPoint('S16');
      return report;
    } finally {
      // What was begun is brought to its end also when something after it failed.
      await Promise.allSettled(changes.values());
      await publisher.drain();
    }
  }

  async function sweepContents(
    { kind, shard, contents, readAtMonotonicMs, readMs, startedAtMs }: SweepStart,
    limits: SweepLimits,
    {
      publisher,
      changes,
    }: { readonly publisher: Publisher; readonly changes: Map<string, Promise<Applied>> },
  ): Promise<SweepReport> {
    const unheard = await takeParked(contents, shard, publisher);
    TEST: crashPoint('S3');
    const memory = contents.memory?.value ?? emptyMemory;
    const mark = markNow(shard, memory);
    const due = dueOperations(contents, { mark, memory, nowMs: startedAtMs });
    const isUnheard = ({ stored }: DueOperation): boolean => unheard.has(stored.value.key);
    const pauses = pausesOf(shard, { stored: contents.memory, readAtMonotonicMs });
    const committer = createCommitter(ports, shard, publisher);
    let ignored = 0;
    const result = await readDue(
      { ...ports, pauses },
      due.filter((one) => !isUnheard(one)),
      {
        maxRequestsInFlight: kinds[kind].maxRequestsInFlight,
        // When storage refuses a commit, nothing more is asked of Graph: it could not be kept.
        mayBegin: () => !isOver(limits) && !committer.hasFailed(),
        maxHeldBackMs: Math.max(leastHeldBackMs, readsWorth * readMs),
        sleep: (ms) => ports.sleep(ms, limits.signal),
        giveUp: limits.giveUp,
        onObservation: (before, observation) => {
          const decision = observe(before.value, observation);
          if (decision.ignored !== null) ignored += 1;
          const isNew = decision.operation !== before.value;
          if (isNew) changes.set(before.value.key, committer.commit({ before, observation, decision }));
          return isNew;
        },
      },
    );
    const applied = await Promise.all(changes.values());
    const sent = await publisher.drain();
    TEST: crashPoint('S15');

    // What was read and could not be committed is as if it were unread.
    for (const [key, change] of changes) if ((await change).outcome === 'storageBusy') unheard.add(key);
    const next = advanceMark(mark, {
      startedAtMs,
      pendingKeys: pendingKeys(contents),
      read: result.read.filter(({ operation: { key } }) => !unheard.has(key)),
      earliestUnreadDueAtMs: earliestDue([...result.unread, ...due.filter(isUnheard)]),
    });
    marks.set(shard, next);
    learnFrom(shard, applied, { due, memory });
    await storeMark(shard, { next, storedMs: memory.sweptAtMs, pauses, read: result.read.length });
    return {
      shard,
      durationMs: Math.round(ports.clock.monotonicMs() - readAtMonotonicMs),
      ...stockOf(contents, startedAtMs),
      due: due.length,
      read: result.read.length,
      ...result.counts,
      throttledForSeconds: Math.ceil(pauses.longestMs() / 100) / 10,
      ignored,
      ...newsOf(applied, committer.commits(), sent),
      heldBackMs: Math.round(result.heldBackMs),
      unread: result.unread.length,
      maxLatenessMs: due.reduce((most, item) => Math.max(most, startedAtMs - item.dueAtMs), 0),
    };
  }

  function isOver({ signal, deadlineMonotonicMs }: SweepLimits): boolean {
    return signal.aborted || ports.clock.monotonicMs() >= deadlineMonotonicMs;
  }

  function learnFrom(shard: Shard, applied: readonly Applied[], looks: Looks): void {
    const changed = applied.flatMap((one) => (one.outcome === 'changed' ? one.operation : []));
    const news = polledEnds(changed, looks);
    if (news !== null) unstoredEnds.set(shard, addEndNews(unstoredEnds.get(shard) ?? noEndNews, news));
  }

  /**
   * Parked pushes of live operations are news; what nobody registered in time is dropped.
   * @returns the keys of those operations: what was read of them is old now, and a poll must not come before a push.
   */
  async function takeParked(
    contents: ShardContents,
    shard: Shard,
    publisher: Publisher,
  ): Promise<Set<string>> {
    const touched = new Set<string>();
    if (contents.parked.length === 0) return touched;
    const liveKeys = new Set(contents.live.map(({ value }) => value.key));
    const oldestFirst = contents.parked.toSorted(
      (one, other) => one.value.parkedAtMs - other.value.parkedAtMs,
    );
    const tooMany = new Set(oldestFirst.slice(0, Math.max(0, oldestFirst.length - maxParked)));
    for (const parked of contents.parked) {
      const { key, parkedAtMs } = parked.value;
      if (liveKeys.has(key)) {
        await applyParked(ports, shard, { parked, publisher });
        touched.add(key);
      } else if (ports.clock.nowMs() - parkedAtMs > parkedLifeMs || tooMany.has(parked)) {
        ports.log('info', { operationKey: key }, 'parked push was dropped: nobody registered its operation');
        await ports.removeParked(shard, parked);
      }
    }
    return touched;
  }

  /** A stored mark beyond our own is another process's. */
  function markNow(shard: Shard, { sweptAtMs }: ShardMemory): SweepMark {
    const own = marks.get(shard);
    if (own !== undefined && (sweptAtMs ?? 0) > own.sweptAtMs)
      turnsUntilMonotonicMs.set(shard, ports.clock.monotonicMs() + turnsEndAfterMs);
    return latestMark(own, sweptAtMs);
  }

  async function storeMark(
    shard: Shard,
    at: {
      readonly next: SweepMark;
      readonly storedMs: number | null;
      readonly read: number;
      readonly pauses: ShardPauses;
    },
  ): Promise<void> {
    const news = unstoredEnds.get(shard);
    // Ends are stored within a minute, also when they were the last.
    if (at.read === 0 && news === undefined) return;
    const isFirst = !hasRead.has(shard);
    hasRead.add(shard);
    const { sweptAtMs } = at.next;
    const takesTurns = (turnsUntilMonotonicMs.get(shard) ?? 0) > ports.clock.monotonicMs();
    if (!isFirst && !takesTurns && sweptAtMs - (at.storedMs ?? 0) < markStoredEveryMs) return;
    unstoredEnds.delete(shard);
    await at.pauses.store({ sweptAtMs, ...news });
  }
}

/** Events that their committer did not publish. A young row of a key holds up the later ones, never the earlier. */
function leftovers(outbox: readonly OutboxEntry[], nowMs: number): readonly OutboxEntry[] {
  const heldUp = new Set<string>();
  return outbox.filter(({ event, committedAtMs }) => {
    if (nowMs - committedAtMs < outboxGraceMs) heldUp.add(event.key);
    return !heldUp.has(event.key);
  });
}

function dueOperations(
  contents: ShardContents,
  at: { readonly mark: SweepMark; readonly memory: ShardMemory; readonly nowMs: number },
): readonly DueOperation[] {
  const due: DueOperation[] = [];
  const outlookOf = outlooksOf(at.memory);
  for (const stored of contents.live) {
    const atMs = dueAtMs(stored.value, at.mark, outlookOf(stored.value));
    if (atMs > at.nowMs) continue;
    due.push({ stored, dueAtMs: atMs, turnAtMs: turnAtMs(stored.value, at.mark, atMs) });
  }
  return due;
}

function earliestDue(due: readonly DueOperation[]): number | null {
  return due.reduce<number | null>((earliest, { dueAtMs: atMs }) => Math.min(earliest ?? atMs, atMs), null);
}

function pendingKeys(contents: ShardContents): ReadonlySet<string> {
  return new Set(
    contents.live.filter(({ value }) => value.state === 'pending').map(({ value }) => value.key),
  );
}

/** Own knowledge, or the stored mark where another process got further. */
function latestMark(own: SweepMark | undefined, storedMs: number | null): SweepMark {
  const mark = own ?? noMark;
  return { ...mark, sweptAtMs: Math.max(mark.sweptAtMs, storedMs ?? 0) };
}
