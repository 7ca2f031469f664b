// The beginning of a generation: from a named resource to the operation as it is first stored.
import type { Operation, PollPolicy, TrackedBy } from './operation.ts';
import type { NamedResource } from './resources.ts';

export type TrackRequest = {
  readonly named: NamedResource;
  readonly label: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Age at which it expires; null: the kind's. */
  readonly deadlineMs: number | null;
  /** The ended generation that the caller means to follow; null: none. */
  readonly restartAfter: number | null;
  readonly trackedBy: TrackedBy;
  /** A valid traceparent of the request; absent when it has none. */
  readonly traceparent?: string | undefined;
};

export type TrackPolicy = PollPolicy & { readonly deadlineMs: number; readonly lostGraceMs: number };

/**
 * The generation's first row. Its number is the storage clock's second, and more than the one it follows: ids never
 * repeat, also after retention removed the old rows.
 */
export function beginGeneration(
  request: TrackRequest,
  at: { readonly nowMs: number; readonly policy: TrackPolicy; readonly followed: number | null },
): Operation {
  const { nowMs, policy, followed } = at;
  const { key, kind, resource } = request.named;
  return {
    key,
    kind,
    resource,
    generation: Math.max(Math.floor(nowMs / 1000), (followed ?? 0) + 1),
    sequence: 0,
    state: 'pending',
    status: null,
    statusKnown: false,
    leftStatuses: [],
    trackedAtMs: nowMs,
    changedAtMs: nowMs,
    endedAtMs: null,
    endedBy: null,
    deadlineAtMs: nowMs + (request.deadlineMs ?? policy.deadlineMs),
    graceUntilMs: nowMs + policy.lostGraceMs,
    policy: { firstPollMs: policy.firstPollMs, intervalMs: policy.intervalMs },
    trackedBy: request.trackedBy,
    ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent }),
    health: { status: 'ok', sinceAtMs: nowMs },
    error: null,
    result: null,
    clientContext: null,
    percentComplete: null,
    label: request.label,
    metadata: request.metadata,
  };
}
