// What happened, told as it happens to whoever counts: telemetry today. A fact is never needed to go on, and holds no
// body, no query, no path of Graph and no person's name.
import type { Kind } from './operation.ts';
import type { Transition } from './transition.ts';

export type Fact =
  | { readonly type: 'transition'; readonly transition: Transition; readonly committedAtMs: number }
  /** The queue accepted an event; null where nothing is known of its commit's time. */
  | { readonly type: 'published'; readonly key: string; readonly lagMs: number | null }
  | BatchFact
  | ProxiedFact
  | {
      readonly type: 'failure';
      /** The message of its log line. */
      readonly event: string;
      readonly code: string | null;
      readonly operationKey: string | null;
      readonly shard: string | null;
    };

/** One batch read of a sweep. */
export type BatchFact = {
  readonly type: 'batch';
  readonly kind: Kind;
  readonly sentAtMs: number;
  readonly arrivedAtMs: number;
  readonly httpRequests: number;
  readonly items: number;
  readonly changedItems: number;
  readonly throttledItems: number;
  readonly refusedItems: number;
  readonly unreadableItems: number;
};

/** One call to Graph for a caller. */
export type ProxiedFact = {
  readonly type: 'proxied';
  readonly method: 'GET' | 'PATCH';
  /** Graph's path with `{id}` in place of each id. */
  readonly route: string;
  readonly key: string | null;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Null when Graph gave no usable answer; then `code` says why. */
  readonly status: number | null;
  readonly code: string | null;
};
