// Throttling is state: how a refusal of Graph becomes an instant before which its tenant and kind are left alone.
import type { Pause, ShardMemory } from './stored.ts';

export type Pauses = ShardMemory['pauses'];

/** Graph's answer to a request that came too early, or that this identity may not make. */
export type PauseRequest = { readonly retryAfterMs: number | null; readonly code: string };

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
  // A refusal that came while the pause already held is part of the same one.
  if (previous !== null && previous.untilMs > at.nowMs && request.retryAfterMs === null) return previous;
  const attempts = (previous?.attempts ?? 0) + 1;
  const guessedMs = Math.min(firstPauseMs * 2 ** Math.min(attempts - 1, 20), longestGuessedPauseMs);
  const waitMs = request.retryAfterMs ?? Math.max(firstPauseMs, guessedMs * (0.5 + at.random / 2));
  const untilMs = Math.max(at.nowMs + waitMs, previous?.untilMs ?? 0);
  return { untilMs: Math.ceil(untilMs), attempts, code: request.code };
}

/** Two processes' knowledge of pauses in one: the later of each tenant. */
export function joinPauses(one: Pauses, other: Pauses): Pauses {
  const pauses: Record<string, Pause> = { ...one };
  for (const [tenantId, pause] of Object.entries(other)) {
    const known = pauses[tenantId];
    if (known === undefined || pause.untilMs > known.untilMs) pauses[tenantId] = pause;
  }
  return pauses;
}

/** The pause that holds for a tenant now; null when it may be called. */
export function holdingPause(pauses: Pauses, tenantId: string, nowMs: number): Pause | null {
  const pause = pauses[tenantId];
  return pause !== undefined && pause.untilMs > nowMs ? pause : null;
}

/** Without the pauses that ended long enough ago to say nothing about the next refusal. */
export function withoutOldPauses(pauses: Pauses, nowMs: number): Pauses {
  return Object.fromEntries(
    Object.entries(pauses).filter(([, pause]) => pause.untilMs + longestGuessedPauseMs > nowMs),
  );
}
