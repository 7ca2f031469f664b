// An operation as callers see it: CONTRACT section 4. What is derived (next poll, throttled health, explanation) is
// computed here and never stored.

import { kinds } from './kinds.ts';
import type { JsonValue, Kind, Operation, Resource, State, TrackedBy } from './operation.ts';
import { isTerminal } from './operation.ts';
import { pushTrustedUntilMs } from './pushes.ts';
import { nextPollAtMs } from './schedule.ts';
import type { Pause, ShardMemory } from './stored.ts';
import { holdingPause, identityRefusedCode } from './throttle.ts';

export type OperationView = {
  readonly key: string;
  readonly kind: Kind;
  readonly generation: number;
  readonly sequence: number;
  readonly state: State;
  readonly terminal: boolean;
  readonly status: string | null;
  readonly statusKnown: boolean;
  readonly resource: Resource;
  readonly trackedAt: string;
  readonly changedAt: string;
  readonly endedAt: string | null;
  readonly deadlineAt: string;
  readonly nextPollAt: string | null;
  readonly trackedBy: TrackedBy;
  readonly health: HealthView;
  readonly error: JsonValue;
  readonly result: JsonValue;
  readonly clientContext: string | null;
  readonly percentComplete: number | null;
  readonly label: string | null;
  readonly metadata: Readonly<Record<string, string>>;
};

export type HealthView = {
  readonly status: 'ok' | 'throttled' | 'blocked' | 'missing' | 'unreadable';
  readonly code: string | null;
  readonly since: string;
  /** One sentence for a person: why nothing is known, what to do, when it is tried again. */
  readonly explanation: string;
};

/** @param memory of the operation's shard: who pauses, and for whom notifications come. */
export function operationView(
  operation: Operation,
  { nowMs, memory }: { readonly nowMs: number; readonly memory: ShardMemory },
): OperationView {
  const pause = holdingPause(memory.pauses, operation.resource.tenantId, nowMs);
  const at = { nowMs, pause, pushTrustedUntilMs: pushTrustedUntilMs(operation, memory) };
  const next = nextReadAtMs(operation, at);
  return {
    key: operation.key,
    kind: operation.kind,
    generation: operation.generation,
    sequence: operation.sequence,
    state: operation.state,
    terminal: isTerminal(operation.state),
    status: operation.status,
    statusKnown: operation.statusKnown,
    resource: operation.resource,
    trackedAt: iso(operation.trackedAtMs),
    changedAt: iso(operation.changedAtMs),
    endedAt: operation.endedAtMs === null ? null : iso(operation.endedAtMs),
    deadlineAt: iso(operation.deadlineAtMs),
    nextPollAt: next === null ? null : iso(next),
    trackedBy: operation.trackedBy,
    health: healthView(operation, { ...at, nextMs: next }),
    error: operation.error,
    result: operation.result,
    clientContext: operation.clientContext,
    percentComplete: operation.percentComplete,
    label: operation.label,
    metadata: operation.metadata,
  };
}

/** ETag of the view: changes with everything in it but `nextPollAt` and the explanation that repeats it. */
export function viewETag(view: OperationView): string {
  const { generation, sequence, state, health } = view;
  return `"${[generation, sequence, state, health.status, health.code ?? '', Date.parse(health.since)].join('-')}"`;
}

type Circumstances = {
  readonly nowMs: number;
  readonly pause: Pause | null;
  readonly pushTrustedUntilMs: number | null;
};

function nextReadAtMs(operation: Operation, at: Circumstances): number | null {
  if (isTerminal(operation.state)) return null;
  return Math.max(nextPollAtMs(operation, at.nowMs, at.pushTrustedUntilMs), at.pause?.untilMs ?? 0);
}

function healthView(
  operation: Operation,
  at: Circumstances & { readonly nextMs: number | null },
): HealthView {
  const { health } = operation;
  const again = at.nextMs === null ? 'It has ended.' : `It is read again at ${iso(at.nextMs)}.`;
  if (at.pause !== null && health.status !== 'blocked' && at.nextMs !== null) {
    const { code } = at.pause;
    return {
      status: code === identityRefusedCode ? 'blocked' : 'throttled',
      code,
      since: iso(health.sinceAtMs),
      explanation: `${pauseReason(code)} ${again}`,
    };
  }
  const code = health.status === 'ok' ? null : health.code;
  return {
    status: health.status,
    code,
    since: iso(health.sinceAtMs),
    explanation: `${reason(operation, at)} ${again}`,
  };
}

function pauseReason(code: string): string {
  return code === identityRefusedCode
    ? 'Graph refuses this identity for the whole kind; grant it the permission that docs/permissions.md names for this kind.'
    : 'Graph asked us to wait; nothing is to be done.';
}

function reason(operation: Operation, at: Circumstances): string {
  const { health } = operation;
  switch (health.status) {
    case 'ok':
      return reasonOfHealthy(operation, at);
    case 'blocked':
      return `Graph refuses this identity (${health.code}); grant it the permission that docs/permissions.md names for this kind.`;
    case 'missing':
      if (health.evidence.deletedAtMs !== null)
        return `The platform announced its deletion (${iso(health.evidence.deletedAtMs)}) and its own last word did not come; it is given up as lost when no read brings it.`;
      return `Graph does not find it (${health.code}, seen ${health.evidence.count} times); it is given up as lost when that lasts.`;
    case 'unreadable':
      return `The last read brought no usable answer (${health.code}); nothing is to be done unless it lasts.`;
  }
}

function reasonOfHealthy(
  operation: Operation,
  { nowMs, pushTrustedUntilMs: trustedMs }: Circumstances,
): string {
  const silentMs = nowMs - operation.changedAtMs;
  const { push } = kinds[operation.kind];
  if (!isTerminal(operation.state) && push !== null && silentMs > push.parentLifeMs)
    return `Nothing was heard for ${Math.floor(silentMs / 60_000)} minutes, longer than the platform keeps a silent call; it may be gone.`;
  if (operation.state === 'pending') return 'It was not read yet.';
  return trustedMs !== null && nowMs < trustedMs
    ? 'Notifications come for its call, so it is read rarely.'
    : 'The last read was answered.';
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
