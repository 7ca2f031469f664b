// What is measured: one way of watching operations. Each runs as a process of its own, gets the same operations and
// tells what changes by the same storage queue; what it costs is counted outside of it.

/** What a contestant is given to do. */
export type Task = {
  /** Canonical paths without version. All of them are at their first word, which is no news. */
  readonly paths: readonly string[];
  /** Root of Graph. */
  readonly graphUrl: string;
  /** Connection string of table and queue, through the counter. */
  readonly storage: string;
  /** The same past the counter, for what prepares a run. */
  readonly uncountedStorage: string;
  readonly table: string;
  /** Where events go. */
  readonly queue: string;
  readonly intervalMs: number;
  /** How often a sweeping contestant looks what is due. */
  readonly tickMs: number;
  readonly seed: number;
  /** Of Opwatch: partitions of the kind, and processes that share them. */
  readonly shards: number;
  readonly hosts: number;
  /** Where telemetry goes, of those who have any. */
  readonly telemetry: { readonly connectionString: string; readonly env: Readonly<Record<string, string>> };
};

/** What a contestant's broker has done so far, beside the storage account that all of them have. */
export type BrokerUse = { readonly operations: number; readonly cpuMs: number | null };

export type Running = {
  readonly pids: readonly number[];
  /** Absent: the storage account is all it uses. */
  readonly broker?: () => Promise<BrokerUse>;
  readonly stop: () => Promise<void>;
};

export type Contestant = {
  readonly name: ContestantName;
  /** As the tables call it. */
  readonly title: string;
  /** What one has to know to read its figures; null: nothing. */
  readonly remark: string | null;
  /** Why it can't run on this machine; null: it can. */
  readonly missing: () => Promise<string | null>;
  /** Makes what has been there for a while when it starts; absent: nothing. */
  readonly prepare?: (task: Task) => Promise<void>;
  /** Resolves once it watches. */
  readonly start: (task: Task) => Promise<Running>;
  /** What an event of its says. @throws for a message that is none. */
  readonly readEvent: (text: string) => SeenEvent;
};

export const contestantNames = ['opwatch', 'naive', 'corelro', 'bullmq', 'pgboss'] as const;
export type ContestantName = (typeof contestantNames)[number];

/** An event as any contestant tells it. */
export type SeenEvent = {
  readonly path: string;
  readonly status: unknown;
  /** The same in every copy; null where a contestant has no such thing. */
  readonly id: string | null;
  /** Of this operation's events, in order; null where a contestant has no such thing. */
  readonly sequence: number | null;
};
