// Throttling is state: how a refusal of Graph becomes an instant before which its tenant and kind are left alone.
import { rateEndsAtMs } from './rate.ts';
import type { Pause, ShardMemory } from './stored.ts';

export type Pauses = ShardMemory['pauses'];

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

/** Two processes' knowledge in one: the later of each tenant. In which order and how often it is joined makes no difference. */
export function joinPauses(one: Pauses, other: Pauses): Pauses {
  const pauses: Record<string, Pause> = { ...one };
  for (const [tenantId, pause] of Object.entries(other)) {
    const known = pauses[tenantId];
    if (known === undefined || isLater(pause, known)) pauses[tenantId] = pause;
  }
  return pauses;
}

/** Whether a pause ends later; of two that end together, the one that knows of more is chosen by all alike. */
function isLater(pause: Pause, known: Pause): boolean {
  if (pause.untilMs !== known.untilMs) return pause.untilMs > known.untilMs;
  if (pause.attempts !== known.attempts) return pause.attempts > known.attempts;
  if (pause.code !== known.code) return pause.code > known.code;
  if (pause.sinceAtMs !== known.sinceAtMs) return (pause.sinceAtMs ?? 0) > (known.sinceAtMs ?? 0);
  return (pause.rate?.itemsPerSecond ?? 0) > (known.rate?.itemsPerSecond ?? 0);
}

/** The pause that holds for a tenant now; null when it may be called. */
export function holdingPause(pauses: Pauses, tenantId: string, nowMs: number): Pause | null {
  const pause = pauses[tenantId];
  return pause !== undefined && pause.untilMs > nowMs ? pause : null;
}

function rememberedUntilMs({ untilMs, rate }: Pause): number {
  return Math.max(untilMs + rememberedMs, rate === undefined ? 0 : rateEndsAtMs(rate));
}

/** Without the pauses that say nothing any more, so that the memory does not grow. */
export function withoutOldPauses(pauses: Pauses, nowMs: number): Pauses {
  return Object.fromEntries(Object.entries(pauses).filter(([, pause]) => rememberedUntilMs(pause) > nowMs));
}
