// What the receivers of notifications tell a shard's memory: for which calls they come, and how ends were seen. Gathered
// here and merged together, because a write for each notification would cost more than the notification.
import { addEndNews, type EndNews, noEndNews } from '../domain/ends.ts';
import { joinPushTimes, type PushTimes, refreshPushedMs } from '../domain/pushes.ts';
import type { Shard } from '../domain/stored.ts';
import { type MemoryPorts, mergeMemory } from './merge-memory.ts';
import type { Log } from './ports.ts';
import { createSoon, type SoonPorts } from './soon.ts';

export type PushMemory = {
  readonly addEnds: (shard: Shard, news: EndNews) => void;
  /** A notification came for a call; stored soon after the first, and then every five minutes. */
  readonly pushed: (shard: Shard, parentId: string, atMs: number) => void;
};

type Unstored = EndNews & { readonly pushedAtMs: PushTimes };

const nothing: Unstored = { pushedAtMs: {}, ...noEndNews };
/** Forgetting what was stored only costs storing it again. */
const maxRemembered = 10_000;
/** Until it is stored the call is polled as if no notifications came: that costs a poll at most. */
const parentsGatheredMs = 500;
/** Counts are for those who watch the watching; a process that dies takes a minute of them along. */
const endsGatheredMs = 60_000;

export function createPushMemory(ports: MemoryPorts & SoonPorts & { readonly log: Log }): PushMemory {
  const rememberedAtMs = new Map<string, number>();
  const unstored = new Map<Shard, Unstored>();
  const merging = new Map<Shard, Promise<void>>();
  const soon = { parents: mergesAfter(parentsGatheredMs), ends: mergesAfter(endsGatheredMs) };
  return { addEnds: addToUnstored, pushed };

  function addToUnstored(shard: Shard, news: EndNews): void {
    const before = unstored.get(shard) ?? nothing;
    unstored.set(shard, { ...before, ...addEndNews(before, news) });
    soon.ends(shard);
  }

  function pushed(shard: Shard, parentId: string, atMs: number): void {
    const place = `${shard} ${parentId}`;
    if (atMs - (rememberedAtMs.get(place) ?? 0) < refreshPushedMs) return;
    if (rememberedAtMs.size >= maxRemembered) rememberedAtMs.clear();
    rememberedAtMs.set(place, atMs);
    const before = unstored.get(shard) ?? nothing;
    unstored.set(shard, {
      ...before,
      pushedAtMs: joinPushTimes(before.pushedAtMs, { [parentId]: atMs }, atMs),
    });
    soon.parents(shard);
  }

  function mergesAfter(delayMs: number): (shard: Shard) => void {
    const asks = new Map<Shard, () => void>();
    return function ask(shard) {
      const known = asks.get(shard) ?? createSoon(ports, delayMs, () => merge(shard));
      asks.set(shard, known);
      known();
    };
  }

  /** One merge of a shard at a time; what comes meanwhile goes into the next one. */
  async function merge(shard: Shard): Promise<void> {
    while (merging.has(shard)) await merging.get(shard);
    const news = unstored.get(shard);
    if (news === undefined) return; // the other gathering took it along
    unstored.delete(shard);
    const merged = mergeMemory(ports, shard, news)
      .catch((error: unknown) => {
        // Without it operations are polled as if no notifications came.
        ports.log('warn', { shard, error }, 'memory of notifications was not stored');
      })
      .finally(() => merging.delete(shard));
    merging.set(shard, merged);
    await merged;
  }
}
