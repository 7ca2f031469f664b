// What a shard holds, as values: the rows of ARCHITECTURE.md without their encoding. An ETag travels with each value
// that is replaced or deleted later, because every such write is conditional.

import type { StatusObservation } from './observation.ts';
import type { Operation } from './operation.ts';
import type { Rate } from './rate.ts';
import type { OperationEvent } from './transition.ts';

/** Name of a shard = partition key: `<kind>-<two digits>`. */
export type Shard = string;

export type Stored<T> = { readonly value: T; readonly etag: string };

/** Identity of a resource that is or was watched. `ended` is the final operation once the generation has ended. */
export type Known = { readonly key: string; readonly generation: number; readonly ended: Operation | null };

/** What the store says of one key. Not tracked: both null. Running: `live`. Ended: `known.value.ended`. */
export type Lookup = { readonly live: Stored<Operation> | null; readonly known: Stored<Known> | null };

/** Nobody calls Graph for this tenant and kind before `untilMs`. */
export type Pause = {
  readonly untilMs: number;
  /** Pauses in a row, each begun at most five minutes after the one before. */
  readonly attempts: number;
  readonly code: string;
  /** When it began to hold; absent in rows of earlier releases. */
  readonly sinceAtMs?: number | undefined;
  /** How fast its tenant is asked afterwards; absent: as fast as is wanted. */
  readonly rate?: Rate | undefined;
};

export type ShardMemory = {
  /** Low-water mark: every poll that was due at or before it has been made. */
  readonly sweptAtMs: number | null;
  /** By tenant id. */
  readonly pauses: Readonly<Record<string, Pause>>;
  /** When a notification last came for a parent (a call), by its id. */
  readonly pushedAtMs: Readonly<Record<string, number>>;
  readonly ends: EndCounts;
  readonly durations: Durations;
};

/** How long the shard's operations took: of each bin of age the weight of the ends in it, of which the latest weigh most. */
export type Durations = { readonly known: number; readonly weights: Readonly<Record<string, number>> };

/** How the ends of a shard's operations were seen, since it began. */
export type EndCounts = {
  readonly byPush: number;
  readonly byPoll: number;
  /** Of those by poll: a notification came later. A copy of it counts again. */
  readonly byBoth: number;
  /** How much later, in all and at most. */
  readonly pushLateMs: number;
  readonly maxPushLateMs: number;
};

/** A committed event that is not yet known to be published. */
export type OutboxEntry = { readonly event: OperationEvent; readonly committedAtMs: number };

/** A push that found nobody watching. */
export type ParkedPush = {
  readonly key: string;
  readonly observation: StatusObservation;
  readonly parkedAtMs: number;
};

export type ShardContents = {
  readonly live: readonly Stored<Operation>[];
  readonly memory: Stored<ShardMemory> | null;
  /** In the order key, generation, sequence. */
  readonly outbox: readonly OutboxEntry[];
  readonly parked: readonly Stored<ParkedPush>[];
};

/**
 * One operation's part of a transaction: its row replaced (or, at the end, moved to `known!`) and its events added.
 * `before` null: its first generation begins with it, perhaps as ended; refused where the key is or was watched.
 */
export type Change = {
  readonly before: Stored<Operation> | null;
  readonly after: Operation;
  readonly events: readonly OperationEvent[];
  readonly committedAtMs: number;
};
