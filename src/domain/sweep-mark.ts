// How far a process has swept a shard: a low-water mark, and the reads made above it. It is all that is kept from one
// sweep to the next; losing it costs early reads, never an event.
import type { Operation } from './operation.ts';
import { noOutlook, type Outlook } from './outlook.ts';
import { nextPollAtMs } from './schedule.ts';

export type SweepMark = {
  /** Every poll that was due at or before it has been made. */
  readonly sweptAtMs: number;
  /** When an operation was read last, where the mark does not say it. */
  readonly lookedAtMs: ReadonlyMap<string, number>;
};

/** One read of a sweep, at the instant at which it was asked for. */
export type Look = { readonly operation: Operation; readonly atMs: number };

/** A look so soon after the mark is not kept: it costs more to remember than to repeat. */
const soonMs = 1000;

export const noMark: SweepMark = { sweptAtMs: 0, lookedAtMs: new Map() };

/**
 * When the operation's next read is due, by what this process knows of the reads before.
 * An operation that was never seen counts from its own beginning, not from the mark: it may have been committed after
 * the sweep that set the mark had read the shard.
 */
export function dueAtMs(operation: Operation, mark: SweepMark, outlook: Outlook = noOutlook): number {
  const isFresh = operation.state === 'pending' && operation.health.status === 'ok';
  const lookedAtMs = mark.lookedAtMs.get(operation.key) ?? (isFresh ? operation.trackedAtMs - 1 : 0);
  const afterMs = isFresh ? lookedAtMs : Math.max(lookedAtMs, mark.sweptAtMs);
  return nextPollAtMs(operation, afterMs, outlook);
}

/**
 * The order among those that are due: an interval after its last read comes an operation's turn. Its due time may be
 * anywhere in that interval, which would be unfair where many wait for longer than their interval.
 */
export function turnAtMs(operation: Operation, mark: SweepMark, itsDueAtMs: number): number {
  const lookedAtMs = mark.lookedAtMs.get(operation.key);
  return lookedAtMs === undefined
    ? itsDueAtMs
    : Math.max(itsDueAtMs, lookedAtMs + operation.policy.intervalMs);
}

/** The mark after a sweep: below the earliest due operation that was not read. */
export function advanceMark(
  mark: SweepMark,
  sweep: {
    readonly startedAtMs: number;
    readonly read: readonly Look[];
    /** Keys of the live operations that were never seen: the mark says nothing of them. */
    readonly pendingKeys: ReadonlySet<string>;
    readonly earliestUnreadDueAtMs: number | null;
  },
): SweepMark {
  const reachedMs =
    sweep.earliestUnreadDueAtMs === null ? sweep.startedAtMs : sweep.earliestUnreadDueAtMs - 1;
  const sweptAtMs = Math.max(mark.sweptAtMs, reachedMs);
  const lookedAtMs = new Map<string, number>();
  for (const [key, atMs] of mark.lookedAtMs)
    if (atMs > sweptAtMs || sweep.pendingKeys.has(key)) lookedAtMs.set(key, atMs);
  for (const { operation, atMs } of sweep.read) {
    const isNeeded =
      sweep.startedAtMs > sweptAtMs || atMs > sweptAtMs + soonMs || operation.state === 'pending';
    if (isNeeded) lookedAtMs.set(operation.key, atMs);
  }
  return { sweptAtMs, lookedAtMs };
}
