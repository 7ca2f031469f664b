// The store of operations on one table: each method is one row read, one range read or one transaction. State and
// event can't part, because they are written by the same transaction, guarded by the ETag of the operation's row.
import type { Operation } from '../domain/operation.ts';
import type {
  Change,
  Known,
  Lookup,
  OutboxEntry,
  ParkedPush,
  Shard,
  ShardMemory,
  Stored,
} from '../domain/stored.ts';
import type { OperationEvent } from '../domain/transition.ts';
import {
  eventRowKey,
  knownRowKey,
  liveRowKey,
  memoryRowKey,
  outboxRowKey,
  parkedRowKey,
  readKnown,
  readLive,
  readOutbox,
  readParked,
  writeBegun,
  writeEnded,
  writeEvent,
  writeLive,
  writeMemory,
  writeParked,
} from './rows.ts';
import { createShardReader, type ShardReaderPorts, stored } from './shard-reader.ts';
import { fitsTransaction, maxTransactionRows, type Row, type TableAction, type Transacted } from './table.ts';

export type OperationStore = ReturnType<typeof createOperationStore>;

export function createOperationStore(ports: ShardReaderPorts) {
  const { table, clock, onUnreadableRow } = ports;
  const { readShard, readMemory, forgetLive } = createShardReader(ports);
  return {
    readShard,
    readMemory,
    lookUp,
    track,
    restart,
    commit,
    readOutbox: readOutboxOf,
    clearOutbox,
    writeMemory: writeShardMemory,
    park,
    readParked: readParkedOf,
    removeParked,
  };

  /** `live!` first: an end that comes between the two reads is then seen in `known!`. */
  async function lookUp(shard: Shard, key: string): Promise<Lookup> {
    const live = await readOne(shard, liveRowKey(key), readLive);
    if (live !== null) return { live, known: null };
    forgetLive(shard, key);
    return { live: null, known: await readOne(shard, knownRowKey(key), readKnown) };
  }

  async function readOne<T>(
    shard: Shard,
    rowKey: string,
    read: (row: Row) => T | null,
  ): Promise<Stored<T> | null> {
    const row = await table.get(shard, rowKey);
    if (row === null) return null;
    const found = stored(row, read);
    if (found === null) onUnreadableRow(shard, rowKey);
    return found;
  }

  /** Identity and operation in one transaction; it fails where the key is or was watched. */
  async function track(shard: Shard, operation: Operation): Promise<boolean> {
    return (await table.transact(shard, beginningOf(operation))).applied;
  }

  /** The next generation after an ended one; it fails where that is no longer the last. */
  async function restart(shard: Shard, known: Stored<Known>, operation: Operation): Promise<boolean> {
    const { applied } = await table.transact(shard, [
      {
        type: 'replace',
        rowKey: knownRowKey(operation.key),
        etag: known.etag,
        properties: writeBegun(operation),
      },
      { type: 'create', rowKey: liveRowKey(operation.key), properties: writeLive(operation) },
    ]);
    return applied;
  }

  /** All changes or none. The caller keeps a group within 100 rows; one of too many bytes is refused, to be taken apart. */
  async function commit(shard: Shard, changes: readonly Change[]): Promise<Transacted> {
    const actions = changes.flatMap(actionsOf);
    if (changes.length > 1 && !fitsTransaction(actions)) return { applied: false, isRefused: true };
    const transacted = await table.transact(shard, actions);
    if (transacted.applied)
      for (const { after } of changes) if (after.endedAtMs !== null) forgetLive(shard, after.key);
    return transacted;
  }

  async function readOutboxOf(shard: Shard, key: string): Promise<readonly OutboxEntry[]> {
    const entries: OutboxEntry[] = [];
    for await (const page of table.query(shard, { from: `outbox!${key}!`, to: `outbox!${key}"` })) {
      for (const row of page) {
        const entry = readOutbox(row, clock.nowMs());
        if (entry !== null) entries.push(entry);
      }
    }
    return entries;
  }

  /**
   * By transaction; where that is refused (another process cleared one of them) row by row, and absent is done.
   * @throws AppError storage_busy when nothing more can be learned of the rows.
   */
  async function clearOutbox(shard: Shard, events: readonly OperationEvent[]): Promise<void> {
    for (let start = 0; start < events.length; start += maxTransactionRows) {
      const deletes = events.slice(start, start + maxTransactionRows).map(outboxDelete);
      if ((await table.transact(shard, deletes)).applied) continue;
      for (const one of deletes) await clearOne(shard, one);
    }
  }

  /** The look after a refusal tells an absent row from storage that is down, which ends the whole attempt at once. */
  async function clearOne(shard: Shard, one: TableAction): Promise<void> {
    if ((await table.get(shard, one.rowKey)) === null) return;
    await table.transact(shard, [one]);
  }

  async function writeShardMemory(shard: Shard, memory: ShardMemory, etag: string | null): Promise<boolean> {
    const row = { rowKey: memoryRowKey, properties: writeMemory(memory) };
    const action: TableAction =
      etag === null ? { type: 'create', ...row } : { type: 'replace', etag, ...row };
    return (await table.transact(shard, [action])).applied;
  }

  async function park(shard: Shard, parked: ParkedPush, etag: string | null): Promise<boolean> {
    const row = { rowKey: parkedRowKey(parked.key), properties: writeParked(parked) };
    const action: TableAction =
      etag === null ? { type: 'create', ...row } : { type: 'replace', etag, ...row };
    return (await table.transact(shard, [action])).applied;
  }

  function readParkedOf(shard: Shard, key: string): Promise<Stored<ParkedPush> | null> {
    return readOne(shard, parkedRowKey(key), readParked);
  }

  async function removeParked(shard: Shard, parked: Stored<ParkedPush>): Promise<boolean> {
    const rowKey = parkedRowKey(parked.value.key);
    return (await table.transact(shard, [{ type: 'delete', rowKey, etag: parked.etag }])).applied;
  }
}

/** The rows of one change. */
function actionsOf({ before, after, events, committedAtMs }: Change): readonly TableAction[] {
  const state = before === null ? beginningOf(after) : stepOf(before, after);
  const news = events.flatMap<TableAction>((event) => {
    const properties = writeEvent(event, committedAtMs);
    return [
      { type: 'create', rowKey: eventRowKey(event), properties },
      { type: 'create', rowKey: outboxRowKey(event), properties },
    ];
  });
  return [...state, ...news];
}

/** `known!` needs no ETag of its own at the end: only the holder of `live!` gets here. */
function stepOf(before: Stored<Operation>, after: Operation): readonly TableAction[] {
  const liveKey = liveRowKey(after.key);
  return after.endedAtMs === null
    ? [{ type: 'replace', rowKey: liveKey, etag: before.etag, properties: writeLive(after) }]
    : [
        { type: 'delete', rowKey: liveKey, etag: before.etag },
        { type: 'replace', rowKey: knownRowKey(after.key), etag: '*', properties: writeEnded(after) },
      ];
}

/** One that begins with its end never lives. */
function beginningOf(operation: Operation): readonly TableAction[] {
  const { key, endedAtMs } = operation;
  const isEnded = endedAtMs !== null;
  const identity = isEnded ? writeEnded(operation) : writeBegun(operation);
  const known: TableAction = { type: 'create', rowKey: knownRowKey(key), properties: identity };
  const live: TableAction = { type: 'create', rowKey: liveRowKey(key), properties: writeLive(operation) };
  return isEnded ? [known] : [known, live];
}

function outboxDelete(event: OperationEvent): TableAction {
  return { type: 'delete', rowKey: outboxRowKey(event), etag: '*' };
}
