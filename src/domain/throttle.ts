// Throttling is state: how a refusal of Graph becomes an instant before which its tenant and kind are left alone.
import type { Pause, ShardMemory } from './stored.ts';

/** Graph's answer to a request that came too early, or that this identity may not make. */
export type PauseRequest = { readonly retryAfterMs: number | null; readonly code: string };

/** Code of a pause that Graph did not ask for: the identity is refused for the whole kind, and asked again so slowly. */
export const blockedCode = 'blocked';

/** Without Retry-After: doubled from a second with each refusal in a row. */
const firstPauseMs = 1000;
const longestGuessedPauseMs = 300_000;

/**
 * The pause that follows a refusal. Graph's own wait is kept as announced; a guessed one grows with each refusal in a
 * row and is spread over its upper half, so that several shards do not come back together.
 * @param random from 0 to 1.
 */
export function nextPause(
  previous: Pause | null,
  request: PauseRequest,
  at: { nowMs: number; random: number },
): Pause {
  const { retryAfterMs, code } = request;
  // A refusal that came while the pause already held is part of the same one, and may make it longer.
  if (previous !== null && previous.untilMs > at.nowMs) {
    const untilMs = Math.ceil(at.nowMs + (retryAfterMs ?? 0));
    return untilMs > previous.untilMs ? { untilMs, attempts: previous.attempts, code } : previous;
  }
  const attempts = (previous?.attempts ?? 0) + 1;
  const guessedMs = Math.min(firstPauseMs * 2 ** Math.min(attempts - 1, 20), longestGuessedPauseMs);
  const waitMs = retryAfterMs ?? Math.max(firstPauseMs, guessedMs * (0.5 + at.random / 2));
  return { untilMs: Math.ceil(at.nowMs + waitMs), attempts, code };
}

/** Two processes' knowledge in one: the later pause of each tenant, the later low-water mark. */
export function joinMemory(one: ShardMemory, other: ShardMemory): ShardMemory {
  const pauses: Record<string, Pause> = { ...one.pauses };
  for (const [tenantId, pause] of Object.entries(other.pauses)) {
    const known = pauses[tenantId];
    if (known === undefined || pause.untilMs > known.untilMs) pauses[tenantId] = pause;
  }
  return { sweptAtMs: laterOf(one.sweptAtMs, other.sweptAtMs), pauses };
}

/** The pause that holds for a tenant now; null when it may be called. */
export function holdingPause(memory: ShardMemory, tenantId: string, nowMs: number): Pause | null {
  const pause = memory.pauses[tenantId];
  return pause !== undefined && pause.untilMs > nowMs ? pause : null;
}

/** Without the pauses that ended long enough ago to say nothing about the next refusal. */
export function withoutOldPauses(memory: ShardMemory, nowMs: number): ShardMemory {
  const pauses = Object.entries(memory.pauses).filter(
    ([, pause]) => pause.untilMs + longestGuessedPauseMs > nowMs,
  );
  return { ...memory, pauses: Object.fromEntries(pauses) };
}

export const emptyMemory: ShardMemory = { sweptAtMs: null, pauses: {} };

function laterOf(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}
