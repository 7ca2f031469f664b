// Throttling is state: how a refusal of Graph becomes an instant before which its tenant and kind are left alone.
import type { Pause, ShardMemory } from './stored.ts';

/** Graph's answer to a request that came too early, or that this identity may not make. */
export type PauseRequest = { readonly retryAfterMs: number | null; readonly code: string };

/** Code of a pause that says: Graph refuses this identity, so asking for more operations is in vain. */
export const identityRefusedCode = 'identity_refused';

/** Without Retry-After: doubled from a second with each refusal in a row. No announced wait is shorter either. */
const firstPauseMs = 1000;
const longestGuessedPauseMs = 300_000;
/** A garbled or hostile Retry-After must not stop a tenant for good. */
const longestPauseMs = 3_600_000;
/** A pause that ended this long ago says nothing about the next refusal. */
const rememberedMs = longestGuessedPauseMs;

/**
 * The pause that follows a refusal. Graph's own wait is kept as announced, up to an hour; a guessed one grows with each
 * refusal in a row and is spread over its upper half, so that several shards do not come back together.
 * A refusal that adds nothing returns the very same pause: write nothing.
 * @param random from 0 to 1.
 */
export function nextPause(
  previous: Pause | null,
  request: PauseRequest,
  at: { nowMs: number; random: number },
): Pause {
  const { nowMs, random } = at;
  // Requests that were in flight together are refused together: one refusal, of which the longest wait counts.
  const holding = previous !== null && previous.untilMs > nowMs ? previous : null;
  if (holding !== null && request.retryAfterMs === null) return holding;
  const isRemembered = previous !== null && previous.untilMs + rememberedMs > nowMs;
  const attempts = holding?.attempts ?? (isRemembered ? previous.attempts : 0) + 1;
  const waitMs = request.retryAfterMs ?? guessedWaitMs(attempts, random);
  const untilMs = Math.ceil(nowMs + Math.min(Math.max(waitMs, firstPauseMs), longestPauseMs));
  if (holding !== null && untilMs <= holding.untilMs) return holding;
  return { untilMs, attempts, code: request.code, sinceAtMs: holding?.sinceAtMs ?? nowMs };
}

function guessedWaitMs(attempts: number, random: number): number {
  const fullMs = Math.min(firstPauseMs * 2 ** (attempts - 1), longestGuessedPauseMs);
  return fullMs * (0.5 + random / 2);
}

/**
 * Two processes' knowledge in one: the later pause of each tenant, the later low-water mark. In which order and how
 * often knowledge is joined makes no difference.
 */
export function joinMemory(one: ShardMemory, other: ShardMemory): ShardMemory {
  const pauses: Record<string, Pause> = { ...one.pauses };
  for (const [tenantId, pause] of Object.entries(other.pauses)) {
    const known = pauses[tenantId];
    if (known === undefined || isLater(pause, known)) pauses[tenantId] = pause;
  }
  return { sweptAtMs: laterOf(one.sweptAtMs, other.sweptAtMs), pauses };
}

/** Whether a pause ends later; of two that end together, the one that knows of more is chosen by all alike. */
function isLater(pause: Pause, known: Pause): boolean {
  if (pause.untilMs !== known.untilMs) return pause.untilMs > known.untilMs;
  if (pause.attempts !== known.attempts) return pause.attempts > known.attempts;
  if (pause.code !== known.code) return pause.code > known.code;
  return (pause.sinceAtMs ?? 0) > (known.sinceAtMs ?? 0);
}

/** The pause that holds for a tenant now; null when it may be called. */
export function holdingPause(memory: ShardMemory, tenantId: string, nowMs: number): Pause | null {
  const pause = memory.pauses[tenantId];
  return pause !== undefined && pause.untilMs > nowMs ? pause : null;
}

/** Without the pauses that say nothing any more, so that the memory does not grow. */
export function withoutOldPauses(memory: ShardMemory, nowMs: number): ShardMemory {
  const pauses = Object.entries(memory.pauses).filter(([, pause]) => pause.untilMs + rememberedMs > nowMs);
  return { ...memory, pauses: Object.fromEntries(pauses) };
}

export const emptyMemory: ShardMemory = { sweptAtMs: null, pauses: {} };

function laterOf(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}
