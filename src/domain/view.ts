// An operation as callers see it: CONTRACT section 4. What is derived (next poll, throttled health, explanation) is
// computed here and never stored.
import { createHash } from 'node:crypto';
import { kinds } from './kinds.ts';
import {
  type EndState,
  isTerminal,
  type JsonValue,
  type Kind,
  type Operation,
  type Resource,
  type State,
  type TrackedBy,
} from './operation.ts';
import { type Outlook, outlooksOf } from './outlook.ts';
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

/** @param memory of the operation's shard: who is to wait, for whom notifications come, and how long operations take. */
export function operationView(
  operation: Operation,
  { nowMs, memory }: { readonly nowMs: number; readonly memory: ShardMemory },
): OperationView {
  const pause = holdingPause(memory.pauses, operation.resource.tenantId, nowMs);
  const at: Circumstances = { nowMs, pause, outlook: outlooksOf(memory)(operation) };
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

/** ETag of the view: changes with everything in it but `nextPollAt`, and the explanation's repetition of that. */
export function viewETag({ nextPollAt, ...view }: OperationView): string {
  const explanation = view.health.explanation.replace(nextPollAt ?? '', '');
  const text = JSON.stringify({ ...view, health: { ...view.health, explanation } });
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}

type Circumstances = {
  readonly nowMs: number;
  /** The one that holds. */
  readonly pause: Pause | null;
  readonly outlook: Outlook;
};

function nextReadAtMs(operation: Operation, at: Circumstances): number | null {
  if (isTerminal(operation.state)) return null;
  return Math.max(nextPollAtMs(operation, at.nowMs, at.outlook), at.pause?.untilMs ?? 0);
}

/** A pause shows on every operation that waits for its end; what the operation itself was refused says more. */
function healthView(
  operation: Operation,
  at: Circumstances & { readonly nextMs: number | null },
): HealthView {
  const { health } = operation;
  if (isTerminal(operation.state)) return ownHealth(operation, `${endings[operation.state]}.`);
  const again = `it is read again at ${iso(at.nextMs ?? at.nowMs)}.`;
  if (at.pause === null || health.status === 'blocked')
    return ownHealth(operation, `${reason(operation, at)}; ${again}`);
  const { code, sinceAtMs } = at.pause;
  const isRefused = code === identityRefusedCode;
  return {
    status: isRefused ? 'blocked' : 'throttled',
    code,
    since: iso(sinceAtMs ?? health.sinceAtMs),
    explanation: `${isRefused ? refusal(code) : throttling}; ${again}`,
  };
}

function ownHealth({ health }: Operation, explanation: string): HealthView {
  const { status, sinceAtMs } = health;
  return { status, code: status === 'ok' ? null : health.code, since: iso(sinceAtMs), explanation };
}

/** Why nothing more will be known. */
const endings: Readonly<Record<EndState, string>> = {
  succeeded: 'Graph said that it succeeded; nothing is to be done and it is not read again',
  failed: 'Graph said that it failed; its error says why and it is not read again',
  lost: 'Graph no longer has it, so nobody can say how it ended; begin anew if it is back, for it is not read again',
  expired:
    'Its deadline passed before Graph showed an end; begin anew if it is to be watched on, for it is not read again',
  cancelled: 'A caller stopped watching it; begin anew if it is to be watched on, for it is not read again',
};

const throttling = 'Graph asked us to wait; nothing is to be done';

function refusal(code: string): string {
  return `Graph refuses this identity (${code}); grant it the permission that docs/permissions.md names for this kind`;
}

/** Why nothing is known, or that something is, and what to do. */
function reason(operation: Operation, at: Circumstances): string {
  const { health } = operation;
  switch (health.status) {
    case 'ok':
      return `${reasonOfHealthy(operation, at)}; nothing is to be done`;
    case 'blocked':
      return refusal(health.code);
    case 'missing': {
      const { count, deletedAtMs } = health.evidence;
      if (deletedAtMs !== null)
        return `The platform announced its deletion at ${iso(deletedAtMs)} without a last word; it is given up as lost when no read brings one`;
      return `Graph does not find it (${health.code}, seen ${count === 1 ? 'once' : `${count} times`}); check that it was not deleted, for it is given up as lost when that lasts`;
    }
    case 'unreadable':
      return `The last read brought no usable answer (${health.code}); nothing is to be done unless it lasts`;
  }
}

function reasonOfHealthy(operation: Operation, at: Circumstances): string {
  const { push } = kinds[operation.kind];
  if (push !== null && at.nowMs - operation.changedAtMs > push.parentLifeMs)
    return `Nothing was heard since ${iso(operation.changedAtMs)}, longer than the platform keeps a silent call, so it may be gone`;
  if (operation.state === 'pending') return 'Graph has not shown it yet';
  const { pushTrustedUntilMs: trustedUntilMs } = at.outlook;
  return trustedUntilMs !== null && at.nowMs < trustedUntilMs
    ? 'Notifications come for its call, so it is read rarely'
    : 'The last read was answered';
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
