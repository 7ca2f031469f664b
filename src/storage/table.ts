// The port to one table: point reads, range queries and transactions within a partition, as the store needs them.
// An adapter and the in-memory fake satisfy it; one contract suite runs on both.

export type Properties = Readonly<Record<string, string | number | boolean>>;

export type Row = { readonly rowKey: string; readonly etag: string; readonly properties: Properties };

export type TableAction =
  | { readonly type: 'create'; readonly rowKey: string; readonly properties: Properties }
  | {
      readonly type: 'replace';
      readonly rowKey: string;
      readonly etag: string;
      readonly properties: Properties;
    }
  /** `etag` `*` deletes whatever is there. */
  | { readonly type: 'delete'; readonly rowKey: string; readonly etag: string };

/**
 * Not applied is no verdict: the caller reads the rows again. `isRefused` says that storage has clearly said no to this
 * one request; otherwise it may have been applied all the same.
 */
export type Transacted = { readonly applied: boolean; readonly isRefused: boolean };

export type KeyRange = {
  /** First row key, inclusive. */
  readonly from: string;
  /** Row key after the last, exclusive. */
  readonly to: string;
};

export type RangeQuery = KeyRange & {
  /** Of the rows before a key only some; absent: all. */
  readonly part?: Part;
  /** Columns that must equal one of the given values. */
  readonly filter?: readonly { readonly column: string; readonly oneOf: readonly (string | boolean)[] }[];
  /** A text column that must be less than the value. */
  readonly below?: { readonly column: string; readonly value: string };
  readonly pageSize?: number;
  /** Which columns are needed; absent: all. */
  readonly columns?: readonly string[];
};

/** Of the rows whose key is less than `before`: those that storage wrote at the instant or later, and those in the slice. */
export type Part = {
  readonly before: string;
  /** By the clock of the storage service, which stamps each row that it writes. */
  readonly writtenSinceMs: number;
  readonly slice: KeyRange;
};

export type Table = {
  readonly get: (partitionKey: string, rowKey: string) => Promise<Row | null>;
  /** Pages in the order of row keys, at most 1,000 rows each; pages may be empty. */
  readonly query: (partitionKey: string, range: RangeQuery) => AsyncIterable<readonly Row[]>;
  /** All or nothing, 1 to 100 actions on different rows of one partition, at most 4 MiB. */
  readonly transact: (partitionKey: string, actions: readonly TableAction[]) => Promise<Transacted>;
};

/** Headers that say which protocol of the table service is spoken. */
export const tableProtocol = {
  accept: 'application/json',
  dataserviceversion: '3.0',
  'x-ms-version': '2019-02-02',
} as const;

/** Azure Tables: rows in one transaction. */
export const maxTransactionRows = 100;
const maxTransactionBytes = 4 * 1024 * 1024;
/** Headers, names and types that the protocol adds to each row. */
const rowOverheadBytes = 1024;

/** Whether the actions may share one transaction. */
export function fitsTransaction(actions: readonly TableAction[]): boolean {
  return actions.length <= maxTransactionRows && sizeOf(actions) <= maxTransactionBytes;
}

/** @throws TypeError when no transaction can hold the actions: a mistake of the caller, nothing was sent. */
export function assertTransaction(actions: readonly TableAction[]): void {
  if (actions.length > 0 && fitsTransaction(actions)) return;
  throw new TypeError(
    `A transaction has 1 to ${maxTransactionRows} rows and at most 4 MiB, not ${actions.length} rows of ${sizeOf(actions)} bytes.`,
  );
}

function sizeOf(actions: readonly TableAction[]): number {
  return actions.reduce((sum, action) => {
    const properties = action.type === 'delete' ? '' : JSON.stringify(action.properties);
    return sum + rowOverheadBytes + Buffer.byteLength(properties);
  }, 0);
}
