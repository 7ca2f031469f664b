// Reads what a sweep needs of a shard. Every sweep reads every live row, so a row that is as it was at the read before is
// not parsed again: the same ETag is the same row. Losing what is kept costs time, nothing else.
import type { Operation } from '../domain/operation.ts';
import type { OutboxEntry, ParkedPush, Shard, ShardContents, ShardMemory, Stored } from '../domain/stored.ts';
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
import type { RangeQuery, Row, Table } from './table.ts';

export type ShardReaderPorts = {
  readonly table: Table;
  readonly nowMs: () => number;
  /** A row that can't be read: of a newer release, or garbled. It is skipped and never overwritten. */
  readonly onUnreadableRow: (shard: Shard, rowKey: string) => void;
};

/** Events that a sweep takes from the outbox: more than it sends before the next one, and 120 MiB at the very most. */
const maxOutboxRows = 5000;

type Contents = {
  readonly live: Stored<Operation>[];
  memory: Stored<ShardMemory> | null;
  readonly outbox: OutboxEntry[];
  readonly parked: Stored<ParkedPush>[];
};

/** Live rows by row key, as they were read last. */
type LiveRows = ReadonlyMap<string, Stored<Operation>>;

export function createShardReader({ table, nowMs, onUnreadableRow }: ShardReaderPorts) {
  const lastLive = new Map<Shard, LiveRows>();
  return { readShard, readMemory: readShardMemory };

  /** All that a sweep needs, by one range query: a page per 1,000 rows. An outbox that is too long is read in part. */
  async function readShard(shard: Shard): Promise<ShardContents> {
    const contents: Contents = { live: [], memory: null, outbox: [], parked: [] };
    const isWhole = await readRange(shard, shardRange, contents);
    if (!isWhole) await readRange(shard, parkedRange, contents);
    lastLive.set(shard, new Map(contents.live.map((one) => [liveRowKey(one.value.key), one])));
    return contents;
  }

  /** False when it ended early, in the outbox. */
  async function readRange(shard: Shard, range: RangeQuery, into: Contents): Promise<boolean> {
    const last: LiveRows = lastLive.get(shard) ?? new Map();
    for await (const page of table.query(shard, range)) {
      for (const row of page) {
        if (row.rowKey === memoryRowKey) into.memory = memoryOf(shard, row);
        else if (row.rowKey.startsWith(liveRowKey(''))) keep(into.live, row, readLiveAgain(last, row));
        else if (row.rowKey.startsWith(parkedRowKey(''))) keep(into.parked, row, stored(row, readParked));
        else if (row.rowKey.startsWith('outbox!')) keep(into.outbox, row, readOutbox(row, nowMs()));
      }
      const isPastOutbox = range === parkedRange || into.parked.length > 0;
      if (!isPastOutbox && into.outbox.length >= maxOutboxRows) return false;
    }
    return true;

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
    const value = readMemory(row, nowMs());
    if (value === null) onUnreadableRow(shard, row.rowKey);
    return value && { value, etag: row.etag };
  }
}

export function stored<T>(row: Row, read: (row: Row) => T | null): Stored<T> | null {
  const value = read(row);
  return value && { value, etag: row.etag };
}

function readLiveAgain(last: LiveRows, row: Row): Stored<Operation> | null {
  const known = last.get(row.rowKey);
  return known !== undefined && known.etag === row.etag ? known : stored(row, readLive);
}
