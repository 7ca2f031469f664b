// A table in memory that keeps the promises of the real one: ETags, order by code unit, all or nothing. Faults are
// given by a hook, so that a test says for each transaction whether it is applied and what its caller learns.
import type {
  KeyRange,
  Part,
  Properties,
  RangeQuery,
  Row,
  Table,
  TableAction,
  Transacted,
} from '../../src/storage/table.ts';
import { assertTransaction } from '../../src/storage/table.ts';

/** `refuse`: nothing is applied; `lose`: applied. In both its caller is told nothing. */
export type Fault = 'refuse' | 'lose';

export type MemoryTable = Table & {
  /** Asked before each transaction; null or absent: no fault. May throw, as storage that can't be reached. */
  fault: ((partitionKey: string, actions: readonly TableAction[]) => Fault | null) | null;
  /** All rows of a partition in order, as they are. */
  readonly rows: (partitionKey: string) => readonly Row[];
};

const pageSizeLimit = 1000;

/** @param nowMs the service's clock, by which rows are stamped. */
export function createMemoryTable(nowMs: () => number = Date.now): MemoryTable {
  const partitions = new Map<string, Map<string, Row>>();
  const writtenAtMs = new WeakMap<Row, number>();
  /** Until the next write: tests of many rows read them often. */
  const inOrder = new Map<string, readonly Row[]>();
  let version = 0;
  const table: MemoryTable = { fault: null, get, query, transact, rows };
  return table;

  function partition(partitionKey: string): Map<string, Row> {
    const found = partitions.get(partitionKey) ?? new Map<string, Row>();
    partitions.set(partitionKey, found);
    return found;
  }

  function rows(partitionKey: string): readonly Row[] {
    const known = inOrder.get(partitionKey);
    if (known !== undefined) return known;
    const sorted = [...partition(partitionKey).values()].toSorted((one, other) =>
      one.rowKey < other.rowKey ? -1 : 1,
    );
    inOrder.set(partitionKey, sorted);
    return sorted;
  }

  async function get(partitionKey: string, rowKey: string): Promise<Row | null> {
    return partition(partitionKey).get(rowKey) ?? null;
  }

  /** Each page is read when it is asked for, as the real service does. */
  async function* query(partitionKey: string, range: RangeQuery): AsyncIterable<readonly Row[]> {
    const size = Math.min(range.pageSize ?? pageSizeLimit, pageSizeLimit);
    let after: string | null = null;
    for (;;) {
      const rest: readonly Row[] = rows(partitionKey).filter(
        (row) => isIn(row, range) && isOfPart(row, range.part) && (after === null || row.rowKey > after),
      );
      const page = rest.slice(0, size);
      yield page.map((row) => onlyColumns(row, range.columns));
      if (rest.length <= size) return;
      after = page.at(-1)?.rowKey ?? null;
    }
  }

  async function transact(partitionKey: string, actions: readonly TableAction[]): Promise<Transacted> {
    assertTransaction(actions);
    const fault = table.fault?.(partitionKey, actions) ?? null;
    if (fault === 'refuse') return { applied: false, isRefused: false };
    if (!isApplicable(partition(partitionKey), actions)) return { applied: false, isRefused: true };
    inOrder.delete(partitionKey);
    for (const action of actions) apply(partition(partitionKey), action);
    return { applied: fault !== 'lose', isRefused: false };
  }

  function apply(target: Map<string, Row>, action: TableAction): void {
    if (action.type === 'delete') {
      target.delete(action.rowKey);
      return;
    }
    version += 1;
    const { rowKey, properties } = action;
    const row = { rowKey, etag: `W/"${version}"`, properties: { ...properties } };
    writtenAtMs.set(row, nowMs());
    target.set(rowKey, row);
  }

  function isOfPart(row: Row, part: Part | undefined): boolean {
    if (part === undefined || row.rowKey >= part.before || isWithin(row, part.slice)) return true;
    return (writtenAtMs.get(row) ?? 0) >= part.writtenSinceMs;
  }
}

function isApplicable(target: ReadonlyMap<string, Row>, actions: readonly TableAction[]): boolean {
  if (new Set(actions.map(({ rowKey }) => rowKey)).size !== actions.length) return false;
  return actions.every((action) => {
    if (action.type !== 'delete' && !areShort(action.properties)) return false;
    const row = target.get(action.rowKey);
    if (action.type === 'create') return row === undefined;
    return row !== undefined && (action.etag === '*' || action.etag === row.etag);
  });
}

/** A text property takes 64 KiB of UTF-16. */
function areShort(properties: Properties): boolean {
  return Object.values(properties).every((value) => typeof value !== 'string' || value.length <= 32 * 1024);
}

function isWithin({ rowKey }: Row, { from, to }: KeyRange): boolean {
  return rowKey >= from && rowKey < to;
}

function isIn(row: Row, range: RangeQuery): boolean {
  const { filter = [], below } = range;
  const { properties } = row;
  if (!isWithin(row, range)) return false;
  if (!filter.every(({ column, oneOf }) => oneOf.some((value) => value === properties[column]))) return false;
  if (below === undefined) return true;
  const value = properties[below.column];
  return typeof value === 'string' && value < below.value;
}

function onlyColumns(row: Row, columns: readonly string[] | undefined): Row {
  if (columns === undefined) return row;
  const kept = Object.entries(row.properties).filter(([name]) => columns.includes(name));
  return { ...row, properties: Object.fromEntries(kept) };
}
