// What a shard remembers beside its operations. Several processes write it; what they know is joined, and the later
// times win. Losing it costs early polls, never an event.
import { addDurations, noDurations } from './durations.ts';
import { addEnds, joinPushTimes, noEnds } from './pushes.ts';
import type { ShardMemory } from './stored.ts';
import { joinPauses, withoutOldPauses } from './throttle.ts';

export const emptyMemory: ShardMemory = {
  sweptAtMs: null,
  pauses: {},
  pushedAtMs: {},
  ends: noEnds,
  durations: noDurations,
};

/** What a process has learned and not stored yet. `ends` and `durations` are added, all else is joined. */
export type MemoryNews = Partial<ShardMemory>;

/** The memory with the news in it, without what is too old to matter. */
export function withNews(memory: ShardMemory, news: MemoryNews, nowMs: number): ShardMemory {
  return {
    sweptAtMs: laterOf(memory.sweptAtMs, news.sweptAtMs ?? null),
    pauses: withoutOldPauses(joinPauses(memory.pauses, news.pauses ?? {}), nowMs),
    pushedAtMs: joinPushTimes(memory.pushedAtMs, news.pushedAtMs ?? {}, nowMs),
    ends: addEnds(memory.ends, news.ends ?? noEnds),
    durations: addDurations(memory.durations, news.durations ?? noDurations),
  };
}

function laterOf(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}
