// Reads what a sweep needs of a shard. A live row that is as it was at the read before is not parsed again, and of many
// only a part is asked for: the same ETag is the same row. Losing what is kept costs time, nothing else.
import type { Operation } from '../domain/operation.ts';
import type { OutboxEntry, ParkedPush, Shard, ShardContents, ShardMemory, Stored } from '../domain/stored.ts';
import { createLiveRows, type LiveRows } from './live-rows.ts';
import {
  liveRowKey,
  memoryRowKey,
  parkedRange,
  parkedRowKey,
  readLive,
  readMemory,
  readOutbox,
  readParked,
  shardRange,
} from './rows.ts';
import type { StorageClock } from './storage-clock.ts';
import type { RangeQuery, Row, Table } from './table.ts';

export type ShardReaderPorts = {
  readonly table: Table;
  readonly clock: Pick<StorageClock, 'nowMs' | 'monotonicMs'>;
  /** A row that can't be read: of a newer release, or garbled. It is skipped and never overwritten. */
  readonly onUnreadableRow: (shard: Shard, rowKey: string) => void;
  /** So many live rows of a shard are read whole at each sweep; absent: a page of them. */
  readonly wholeUpTo?: number;
};

/** Events that a sweep takes from the outbox: more than it sends before the next one, and 120 MiB at the very most. */
const maxOutboxRows = 5000;

const rowsOfPage = 1000;

type Contents = {
  readonly live: Map<string, Stored<Operation> | null>;
  memory: Stored<ShardMemory> | null;
  readonly outbox: OutboxEntry[];
  readonly parked: Stored<ParkedPush>[];
};

export function createShardReader(ports: ShardReaderPorts) {
  const { table, clock, onUnreadableRow, wholeUpTo = rowsOfPage } = ports;
  const liveRows = new Map<Shard, LiveRows>();
  return { readShard, readMemory: readShardMemory, forgetLive };

  /** All that a sweep needs, by one range query: a page per 1,000 rows. An outbox that is too long is read in part. */
  async function readShard(shard: Shard): Promise<ShardContents> {
    const { part, finish } = liveRowsOf(shard).beginRead();
    const contents: Contents = { live: new Map(), memory: null, outbox: [], parked: [] };
    const isWhole = await readRange(shard, part === null ? shardRange : { ...shardRange, part }, contents);
    if (!isWhole) await readRange(shard, parkedRange, contents);
    return { ...contents, live: finish(contents.live) };
  }

  /** An operation that has ended, so that no sweep of this process takes it for live. */
  function forgetLive(shard: Shard, key: string): void {
    liveRowsOf(shard).forget(liveRowKey(key));
  }

  function liveRowsOf(shard: Shard): LiveRows {
    const known = liveRows.get(shard) ?? createLiveRows(clock, wholeUpTo);
    liveRows.set(shard, known);
    return known;
  }

  /** False when it ended early, in the outbox. */
  async function readRange(shard: Shard, range: RangeQuery, into: Contents): Promise<boolean> {
    const { known } = liveRowsOf(shard);
    for await (const page of table.query(shard, range)) {
      for (const row of page) {
        if (row.rowKey === memoryRowKey) into.memory = memoryOf(shard, row);
        else if (row.rowKey.startsWith(liveRowKey(''))) keepLive(row, readAgain(row, known(row.rowKey)));
        else if (row.rowKey.startsWith(parkedRowKey(''))) keep(into.parked, row, stored(row, readParked));
        else if (row.rowKey.startsWith('outbox!')) keep(into.outbox, row, readOutbox(row, clock.nowMs()));
      }
      const isPastOutbox = range === parkedRange || into.parked.length > 0;
      if (!isPastOutbox && into.outbox.length >= maxOutboxRows) return false;
    }
    return true;

    function keepLive(row: Row, value: Stored<Operation> | null): void {
      if (value === null) onUnreadableRow(shard, row.rowKey);
      into.live.set(row.rowKey, value);
    }

    function keep<T>(list: T[], row: Row, value: T | null): void {
      if (value === null) onUnreadableRow(shard, row.rowKey);
      else list.push(value);
    }
  }

  async function readShardMemory(shard: Shard): Promise<Stored<ShardMemory> | null> {
    const row = await table.get(shard, memoryRowKey);
    return row && memoryOf(shard, row);
  }

  function memoryOf(shard: Shard, row: Row): Stored<ShardMemory> | null {
    const value = readMemory(row, clock.nowMs());
    if (value === null) onUnreadableRow(shard, row.rowKey);
    return value && { value, etag: row.etag };
  }
}

export function stored<T>(row: Row, read: (row: Row) => T | null): Stored<T> | null {
  const value = read(row);
  return value && { value, etag: row.etag };
}

function readAgain(row: Row, known: Stored<Operation> | undefined): Stored<Operation> | null {
  return known?.etag === row.etag ? known : stored(row, readLive);
}
