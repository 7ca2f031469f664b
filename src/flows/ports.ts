// The outside world as the flows need it: narrow function types that more than one flow uses. Adapters satisfy them
// by shape; tests and the simulation satisfy them with fakes that pass the same contract suite.
import type { Fact } from '../domain/facts.ts';
import type { ReadObservation } from '../domain/observation.ts';
import type { Kind, Operation, Resource } from '../domain/operation.ts';
import type { Change, Lookup, OutboxEntry, Shard, ShardMemory, Stored } from '../domain/stored.ts';
import type { PauseRequest } from '../domain/throttle.ts';
import type { OperationEvent } from '../domain/transition.ts';

/** Instants are the storage service's; durations are measured by the monotonic clock. */
export type Clock = { readonly nowMs: () => number; readonly monotonicMs: () => number };

/**
 * Not applied is no verdict: the rows are to be read again. Unless it was refused the changes may be there all the same,
 * and their events unpublished.
 */
export type Committed = { readonly applied: boolean; readonly isRefused: boolean };

export type CommitChanges = (shard: Shard, changes: readonly Change[]) => Promise<Committed>;
export type LookUp = (shard: Shard, key: string) => Promise<Lookup>;
export type ReadOutbox = (shard: Shard, key: string) => Promise<readonly OutboxEntry[]>;
/** Whether a row stands where the event's would be created. */
export type IsEventTaken = (shard: Shard, event: OperationEvent) => Promise<boolean>;
export type ClearOutbox = (shard: Shard, events: readonly OperationEvent[]) => Promise<void>;
export type SendEvent = (body: string) => Promise<void>;
export type ReadMemory = (shard: Shard) => Promise<Stored<ShardMemory> | null>;
export type WriteMemory = (shard: Shard, memory: ShardMemory, etag: string | null) => Promise<boolean>;

export type ReadTarget = { readonly key: string; readonly kind: Kind; readonly resource: Resource };

/** One request's worth of answers: one observation for each target, and what Graph says about coming back. */
export type BatchRead = {
  readonly observations: ReadonlyMap<string, ReadObservation>;
  readonly pause: PauseRequest | null;
  readonly httpRequests: number;
};

/** At most 20 targets of one tenant and version; never rejects for a fault of Graph. */
export type ReadBatch = (targets: readonly ReadTarget[], signal?: AbortSignal) => Promise<BatchRead>;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, fields: Readonly<Record<string, unknown>>, message: string) => void;

/** Told what happened, as it happens. It is quick, never throws, and nothing depends on it. */
export type Tell = (fact: Fact) => void;

export type ShardOf = (operation: Pick<Operation, 'kind' | 'key'>) => Shard;
