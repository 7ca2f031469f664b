// Reads and removals beside the watch itself: lists for callers, events of a key, and retention.
import { crashPoint } from '../domain/crash-point.ts';
import type { Operation } from '../domain/operation.ts';
import type { Known, Shard, Stored } from '../domain/stored.ts';
import type { OperationEvent } from '../domain/transition.ts';
import {
  eventRowKey,
  knownRowKey,
  liveRowKey,
  outboxRowKey,
  readEventBody,
  readKnown,
  readLive,
} from './rows.ts';
import { maxTransactionRows, type RangeQuery, type Row, type Table } from './table.ts';

type Filter = {
  readonly states: readonly string[] | null;
  readonly parentId: string | null;
  readonly label: string | null;
  readonly operationId: string | null;
};

export function createHistory(table: Table) {
  return { readListPage, listEvents, isEventTaken, hasGeneration, listEndedBefore, removeEnded };

  /** One phase of one shard in the order of keys. `next` is the key after which to go on; null: no more. */
  async function readListPage(
    shard: Shard,
    page: {
      readonly phase: 'live' | 'ended';
      readonly filter: Filter;
      readonly afterKey: string | null;
      readonly top: number;
    },
  ): Promise<{ readonly operations: readonly Operation[]; readonly next: string | null }> {
    const isLive = page.phase === 'live';
    const prefix = isLive ? liveRowKey('') : knownRowKey('');
    const from = page.afterKey === null ? prefix : `${prefix}${page.afterKey} `;
    const filter = filterOf(page.filter, isLive);
    const operations: Operation[] = [];
    for await (const rows of table.query(shard, { from, to: `${prefix}~`, filter, pageSize: page.top })) {
      for (const row of rows) {
        const operation = isLive ? readLive(row) : (readKnown(row)?.ended ?? null);
        if (operation !== null) operations.push(operation);
        if (operations.length === page.top) return { operations, next: row.rowKey.slice(prefix.length) };
      }
    }
    return { operations, next: null };
  }

  /** Verbatim texts of all generations, oldest first. */
  async function listEvents(shard: Shard, key: string): Promise<readonly string[]> {
    const bodies: string[] = [];
    for await (const rows of table.query(shard, { from: `event!${key}!`, to: `event!${key}"` })) {
      for (const row of rows) {
        const body = readEventBody(row);
        if (body !== null) bodies.push(body);
      }
    }
    return bodies;
  }

  /** Whether a generation that has ended left its trace: an end is an event, so there is a first one. */
  async function hasGeneration(shard: Shard, key: string, generation: number): Promise<boolean> {
    return (await table.get(shard, eventRowKey({ key, generation, sequence: 1 }))) !== null;
  }

  async function isEventTaken(shard: Shard, event: OperationEvent): Promise<boolean> {
    const rows = await Promise.all(
      [eventRowKey(event), outboxRowKey(event)].map((rowKey) => table.get(shard, rowKey)),
    );
    return rows.some((row) => row !== null);
  }

  async function* listEndedBefore(shard: Shard, beforeMs: number): AsyncIterable<readonly Stored<Known>[]> {
    const below = { column: 'endedAt', value: new Date(beforeMs).toISOString() };
    const range: RangeQuery = { from: knownRowKey(''), to: knownRowKey('~'), filter: [isEnded], below };
    for await (const rows of table.query(shard, range)) yield rows.flatMap(toKnown);
  }

  /**
   * Removes an ended operation: its events first, `known!` last with If-Match.
   * @returns false when it was begun again meanwhile, or storage gave no clear answer: left to the next run.
   */
  async function removeEnded(shard: Shard, known: Stored<Known>): Promise<boolean> {
    const { key, generation } = known.value;
    const to = eventRowKey({ key, generation: generation + 1, sequence: 0 });
    for await (const rows of table.query(shard, {
      from: `event!${key}!`,
      to,
      pageSize: maxTransactionRows,
    })) {
      const deletes = rows.map(({ rowKey }) => ({ type: 'delete', rowKey, etag: '*' }) as const);
      if (deletes.length > 0 && !(await table.transact(shard, deletes)).applied) return false;
    }
    TEST: crashPoint('R1');
    const rowKey = knownRowKey(key);
    return (await table.transact(shard, [{ type: 'delete', rowKey, etag: known.etag }])).applied;
  }
}

const isEnded = { column: 'ended', oneOf: [true] } as const;

function filterOf(filter: Filter, isLive: boolean): NonNullable<RangeQuery['filter']> {
  return [
    ...(isLive ? [] : [isEnded]),
    ...(filter.states === null ? [] : [{ column: 'state', oneOf: filter.states }]),
    ...(filter.parentId === null ? [] : [{ column: 'parentId', oneOf: [filter.parentId] }]),
    ...(filter.operationId === null ? [] : [{ column: 'operationId', oneOf: [filter.operationId] }]),
    ...(filter.label === null ? [] : [{ column: 'label', oneOf: [filter.label] }]),
  ];
}

function toKnown(row: Row): readonly Stored<Known>[] {
  const value = readKnown(row);
  return value === null ? [] : [{ value, etag: row.etag }];
}
