// The nouns of the domain: what is watched, what it is like now, and how it ends. Everything is plain readonly data,
// so that a row, an answer and an event are all made from the same values.

/** Graph's own type names; `onenoteOperation` is the addressable form of Graph's abstract `operation`. */
export type Kind = 'connectionOperation' | 'commsOperation' | 'onenoteOperation';

export type Version = 'v1.0' | 'beta';
export type Cloud = 'global' | 'usgov' | 'usgovdod' | 'custom';

/** `pending` until the first sight, `running` for every word that ends nothing; the other five are final. */
export type State = 'pending' | 'running' | EndState;
export type EndState = 'succeeded' | 'failed' | 'lost' | 'expired' | 'cancelled';

export type TrackedBy = 'api' | 'proxy' | 'push';
export type ObservedBy = 'poll' | 'push' | 'patch' | 'deadline' | 'caller';

/** Where the operation lives in Graph. `path` is canonical, not percent-encoded, starts with `/`, and holds neither version nor origin. */
export type Resource = {
  readonly cloud: Cloud;
  readonly tenantId: string;
  readonly version: Version;
  readonly path: string;
  readonly parentId: string;
  readonly operationId: string;
};

/** Why nothing is known at present. Stored, because it decides `lost` and the wait between polls; `throttled` is derived. */
export type Health =
  | { readonly status: 'ok'; readonly sinceAtMs: number }
  | { readonly status: 'blocked' | 'unreadable'; readonly code: string; readonly sinceAtMs: number }
  | {
      readonly status: 'missing';
      readonly code: string;
      readonly sinceAtMs: number;
      readonly evidence: Evidence;
    };

/**
 * The 404s or the 410 on which `lost` rests. `firstAtMs` and `lastAtMs` are when the requests were sent.
 * Where the platform announced that the operation or its call is deleted, `deletedAtMs` is when; `count` may then be 0.
 */
export type Evidence = {
  readonly httpStatus: 404 | 410;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly deletedAtMs: number | null;
};

/** The kind's policy as it was when tracking began; it fixes the grid of poll times for good. */
export type PollPolicy = { readonly firstPollMs: number; readonly intervalMs: number };

/** What Graph said beside the status word, secrets removed. Each is JSON as it came, or null. */
export type Details = {
  readonly error: JsonValue;
  readonly result: JsonValue;
  readonly clientContext: string | null;
  readonly percentComplete: number | null;
};

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

export type Operation = Details & {
  readonly key: string;
  readonly kind: Kind;
  readonly resource: Resource;
  /** Epoch second in which this tracking began; at least one more than the generation before. */
  readonly generation: number;
  /** That of the last transition; 0 before the first. */
  readonly sequence: number;
  readonly state: State;
  /** Graph's word as it came; null before the first sight, or where Graph says null. */
  readonly status: string | null;
  readonly statusKnown: boolean;
  /** Words (folded) that were shown and left again: a lagging replica may repeat them. */
  readonly leftStatuses: readonly string[];
  readonly trackedAtMs: number;
  readonly changedAtMs: number;
  readonly endedAtMs: number | null;
  /** What showed the end; null before it. */
  readonly endedBy: ObservedBy | null;
  readonly deadlineAtMs: number;
  /** 404 before this instant is replication lag. */
  readonly graceUntilMs: number;
  readonly policy: PollPolicy;
  readonly trackedBy: TrackedBy;
  /** Trace of the request that began the tracking; absent when it named none. */
  readonly traceparent?: string | undefined;
  readonly health: Health;
  readonly label: string | null;
  readonly metadata: Readonly<Record<string, string>>;
};

const endStates: ReadonlySet<State> = new Set(['succeeded', 'failed', 'lost', 'expired', 'cancelled']);

/** Whether the state is final for its generation. */
export function isTerminal(state: State): state is EndState {
  return endStates.has(state);
}
