// A sweep of one shard: level-triggered, it looks at what is there and never at what it remembers having planned.
//
// S1 one range query → S2 publish what committers left behind → S3 apply parked pushes → S4–S5 read what is due →
// S6–S9 observe and commit → S10–S15 publish and clear → S16 remember how far it got.
// If we die anywhere the next sweep finds the truth in the table: before a commit nothing happened, after it the event
// is published at least once with the same id and the same bytes.
import { kinds } from '../domain/kinds.ts';
import { observe } from '../domain/observe.ts';
import type { Kind } from '../domain/operation.ts';
import type { OutboxEntry, ParkedPush, Shard, ShardContents, Stored } from '../domain/stored.ts';
import { advanceMark, dueAtMs, noMark, type SweepMark } from '../domain/sweep-mark.ts';
import { emptyMemory } from '../domain/throttle.ts';
import { type ApplyPorts, applyObservation } from './apply-observation.ts';
import { createCommitter } from './commit-changes.ts';
import { createPublisher, type Publisher, type PublishPorts } from './publish-events.ts';
import { type DueOperation, type ReadDuePorts, readDue } from './read-due.ts';
import { createShardPauses, mergeMemory, type PausePorts } from './shard-pauses.ts';
import { type SweepReport, stockOf } from './sweep-report.ts';

export type SweepPorts = ApplyPorts &
  PublishPorts &
  ReadDuePorts &
  PausePorts & {
    readonly readShard: (shard: Shard) => Promise<ShardContents>;
    readonly removeParked: (shard: Shard, parked: Stored<ParkedPush>) => Promise<boolean>;
  };

export type SweepLimits = { readonly deadlineMonotonicMs: number; readonly signal: AbortSignal };

/** A younger outbox row is left to its committer: that takes the copies of two sweepers from 14.6 % to 0.06 %. */
const outboxGraceMs = 15_000;
const parkedLifeMs = 15 * 60_000;
/** `sweptAtMs` is stored at most so often: a restart costs at most this much of early reads. */
const markStoredEveryMs = 60_000;

/** @returns null when this process sweeps the shard already; the next tick comes. */
export type SweepShard = (
  target: { kind: Kind; shard: Shard },
  limits: SweepLimits,
) => Promise<SweepReport | null>;

export function createSweepShard(ports: SweepPorts): SweepShard {
  const underWay = new Set<Shard>();
  const marks = new Map<Shard, SweepMark>();
  const hasRead = new Set<Shard>();

  return async function sweepShard({ kind, shard }, limits) {
    if (underWay.has(shard)) return null;
    underWay.add(shard);
    try {
      return await sweep(kind, shard, limits);
    } finally {
      underWay.delete(shard);
    }
  };

  async function sweep(kind: Kind, shard: Shard, limits: SweepLimits): Promise<SweepReport> {
    const readAtMonotonicMs = ports.clock.monotonicMs();
    const startedAtMs = ports.clock.nowMs();
    const contents = await ports.readShard(shard);
    const publisher = createPublisher(ports, shard);
    publisher.publish(leftovers(contents.outbox, startedAtMs));
    const isTouched = await applyParked(contents, shard, publisher);

    const memory = contents.memory?.value ?? emptyMemory;
    const mark = latestMark(marks.get(shard), memory.sweptAtMs);
    const due = dueOperations(contents, { mark, nowMs: startedAtMs }).filter(
      ({ stored }) => !isTouched.has(stored.value.key),
    );
    const pauses = createShardPauses(ports, shard, { memory, readAtMonotonicMs });
    const committer = createCommitter(ports, shard, publisher);
    let ignored = 0;
    const result = await readDue({ ...ports, pauses }, due, {
      maxRequestsInFlight: kinds[kind].maxRequestsInFlight,
      ...limits,
      onObservation: (before, observation) => {
        const decision = observe(before.value, observation);
        if (decision.ignored !== null) ignored += 1;
        const isNew = decision.operation !== before.value;
        if (isNew) committer.add({ before, observation, decision });
        return isNew;
      },
    });
    const committed = await committer.drain();
    const sent = await publisher.drain();

    const next = advanceMark(mark, { startedAtMs, pendingKeys: pendingKeys(contents), ...result });
    marks.set(shard, next);
    await storeMark(shard, { mark: next, stored: memory.sweptAtMs, read: result.read.length });
    return {
      shard,
      durationMs: Math.round(ports.clock.monotonicMs() - readAtMonotonicMs),
      ...stockOf(contents, startedAtMs),
      due: due.length,
      read: result.read.length,
      ...result.counts,
      throttledForSeconds: Math.ceil(pauses.longestMs() / 1000),
      ignored,
      ...committed,
      published: sent.published,
      unpublished: sent.failed,
      maxLatenessMs: due.reduce((most, item) => Math.max(most, startedAtMs - item.dueAtMs), 0),
    };
  }

  /** Parked pushes of live operations are news, applied before Graph is read: afterwards one was lost in a thousand runs. */
  async function applyParked(
    contents: ShardContents,
    shard: Shard,
    publisher: Publisher,
  ): Promise<ReadonlySet<string>> {
    const applied = new Set<string>();
    if (contents.parked.length === 0) return applied;
    const liveKeys = new Set(contents.live.map(({ value }) => value.key));
    for (const parked of contents.parked) {
      const { key, observation, parkedAtMs } = parked.value;
      if (liveKeys.has(key)) {
        const result = await applyObservation(
          ports,
          { shard, key, observation, generation: null },
          publisher,
        );
        applied.add(key);
        if (result.outcome === 'storageBusy') continue;
        await ports.removeParked(shard, parked);
      } else if (ports.clock.nowMs() - parkedAtMs > parkedLifeMs) {
        ports.log('info', { operationKey: key }, 'parked push was dropped: nobody registered its operation');
        await ports.removeParked(shard, parked);
      }
    }
    return applied;
  }

  async function storeMark(
    shard: Shard,
    at: { readonly mark: SweepMark; readonly stored: number | null; readonly read: number },
  ): Promise<void> {
    if (at.read === 0) return;
    const isFirst = !hasRead.has(shard);
    hasRead.add(shard);
    const isOld = at.mark.sweptAtMs - (at.stored ?? 0) >= markStoredEveryMs;
    if (!isFirst && !isOld) return;
    await mergeMemory(ports, shard, { sweptAtMs: at.mark.sweptAtMs, pauses: {} });
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
  at: { readonly mark: SweepMark; readonly nowMs: number },
): readonly DueOperation[] {
  const due: DueOperation[] = [];
  for (const stored of contents.live) {
    const atMs = dueAtMs(stored.value, at.mark);
    if (atMs <= at.nowMs) due.push({ stored, dueAtMs: atMs });
  }
  return due;
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
