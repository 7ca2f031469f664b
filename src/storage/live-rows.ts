// The live rows of a shard, as this process knows them. A few are read whole at each sweep. Of many, a sweep asks for
// those that were written since the read before and for a slice of the rest, in turn, so that each row is seen again
// within five minutes: no write is missed, and what another process ended is let go of by then at the latest.
// Every write is guarded by the row's ETag, so an old row costs a needless read of Graph and decides nothing.
import type { Operation } from '../domain/operation.ts';
import type { Stored } from '../domain/stored.ts';
import { liveRowKey, memoryRowKey } from './rows.ts';
import type { StorageClock } from './storage-clock.ts';
import type { KeyRange, Part } from './table.ts';

export type LiveRows = ReturnType<typeof createLiveRows>;

/** What a read brought, by row key; null where it can't be read. */
export type RowsRead = ReadonlyMap<string, Stored<Operation> | null>;

type Instant = { readonly atMs: number; readonly monotonicMs: number };

const wholeWithinMs = 5 * 60_000;
/** A row may be seen so long after the instant that it is stamped with: the service works for 30 s on a request at most. */
const seenLateMs = 30_000;

/** @param wholeUpTo so many rows are read whole each time. */
export function createLiveRows(clock: Pick<StorageClock, 'nowMs' | 'monotonicMs'>, wholeUpTo: number) {
  const rows = new Map<string, Stored<Operation>>();
  let last: Instant | null = null;
  /** Where slices begin and end: all row keys in order, as they were when this round of slices began. */
  let bounds: readonly string[] = [];
  /** An index of them, and a fraction: a slice of few rows may be empty. */
  let sliceAt = 0;
  return { known, forget, beginRead };

  function known(rowKey: string): Stored<Operation> | undefined {
    return rows.get(rowKey);
  }

  /** Of an operation that has ended. */
  function forget(rowKey: string): void {
    rows.delete(rowKey);
  }

  /** @returns which part is to be read, null for the whole; `finish` takes what it brought and gives all that is known. */
  function beginRead() {
    const begun = { atMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
    const next = nextPart(begun);
    return { part: next?.part ?? null, finish };

    function finish(read: RowsRead): readonly Stored<Operation>[] {
      const slice = next?.part.slice ?? null;
      for (const rowKey of rows.keys()) if (slice === null || isIn(slice, rowKey)) rows.delete(rowKey);
      for (const [rowKey, row] of read) {
        if (row === null) rows.delete(rowKey);
        else rows.set(rowKey, row);
      }
      last = begun;
      sliceAt = next?.sliceEnd ?? 0;
      return [...rows.values()];
    }
  }

  function nextPart(now: Instant): { readonly part: Part; readonly sliceEnd: number } | null {
    if (last === null || rows.size <= wholeUpTo) return null;
    const sinceLastMs = now.monotonicMs - last.monotonicMs;
    if (sinceLastMs >= wholeWithinMs) return null;
    if (sliceAt === 0) bounds = [liveRowKey(''), ...[...rows.keys()].toSorted()];
    const end = sliceAt + (bounds.length * sinceLastMs) / wholeWithinMs;
    const slice = { from: boundAt(sliceAt), to: boundAt(end) };
    // The wall clock may have been ahead at the last read, and the monotonic one may have stood still since.
    const writtenSinceMs = Math.min(last.atMs, now.atMs - sinceLastMs) - seenLateMs;
    return { part: { before: memoryRowKey, writtenSinceMs, slice }, sliceEnd: end < bounds.length ? end : 0 };
  }

  function boundAt(place: number): string {
    return bounds[Math.floor(place)] ?? memoryRowKey;
  }
}

function isIn({ from, to }: KeyRange, rowKey: string): boolean {
  return rowKey >= from && rowKey < to;
}
