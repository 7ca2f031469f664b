// What a shard remembers of notifications: for which parents they come, and how ends were seen. Where they come, polling
// is a proof: rare, and at once when something is overdue. Losing it costs polls, never an event.
import { kindRows, kinds } from './kinds.ts';
import { isTerminal, type Operation } from './operation.ts';
import type { EndCounts, ShardMemory } from './stored.ts';

export const noEnds: EndCounts = { byPush: 0, byPoll: 0, byBoth: 0, pushLateMs: 0, maxPushLateMs: 0 };

/** An app has 100 calls at a time (Microsoft Graph service-specific throttling limits, cloud communications). */
const maxParents = 200;
/** A parent's stored time is refreshed so often: trust lasts many times longer. */
export const refreshPushedMs = 5 * 60_000;

/** Until when the notifications of an operation's parent count as coming; null: none came, or none for too long. */
export function pushTrustedUntilMs(operation: Operation, memory: ShardMemory): number | null {
  const { push } = kinds[operation.kind];
  if (push === null) return null;
  const pushedAtMs = memory.pushedAtMs[operation.resource.parentId];
  return pushedAtMs === undefined ? null : pushedAtMs + push.parentLifeMs;
}

export type PushTimes = ShardMemory['pushedAtMs'];

const longestLifeMs = Math.max(...kindRows.map(({ push }) => push?.parentLifeMs ?? 0));

/** Two processes' knowledge in one, without parents that no platform keeps any more; of too many the latest are kept. */
export function joinPushTimes(one: PushTimes, other: PushTimes, nowMs: number): PushTimes {
  const later = Object.entries(other).filter(([parentId, atMs]) => atMs > (one[parentId] ?? 0));
  const kept = Object.entries({ ...one, ...Object.fromEntries(later) })
    .filter(([, atMs]) => atMs + longestLifeMs > nowMs)
    .toSorted(([, first], [, second]) => second - first)
    .slice(0, maxParents);
  return Object.fromEntries(kept);
}

/** The end that a change brought, as a count; null where Graph's word brought none. */
export function endSeen({ kind, state, endedBy }: Operation): EndCounts | null {
  if (!isTerminal(state) || kinds[kind].push === null) return null;
  if (endedBy === 'push') return { ...noEnds, byPush: 1 };
  return endedBy === 'poll' ? { ...noEnds, byPoll: 1 } : null;
}

/** A notification of an end that a poll had seen before. */
export function endSeenAgain(ended: Operation, arrivedAtMs: number): EndCounts | null {
  if (ended.endedBy !== 'poll' || ended.endedAtMs === null) return null;
  const lateMs = Math.max(0, arrivedAtMs - ended.endedAtMs);
  return { ...noEnds, byBoth: 1, pushLateMs: lateMs, maxPushLateMs: lateMs };
}

export function addEnds(one: EndCounts, other: EndCounts): EndCounts {
  return {
    byPush: one.byPush + other.byPush,
    byPoll: one.byPoll + other.byPoll,
    byBoth: one.byBoth + other.byBoth,
    pushLateMs: one.pushLateMs + other.pushLateMs,
    maxPushLateMs: Math.max(one.maxPushLateMs, other.maxPushLateMs),
  };
}
