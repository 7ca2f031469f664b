// What the receivers of notifications tell a shard's memory: for which calls they come, and how ends were seen. Gathered
// here and merged together, because a write for each notification would cost more than the notification.
import { addEndNews, type EndNews, noEndNews } from '../domain/ends.ts';
import { joinPushTimes, type PushTimes, refreshPushedMs } from '../domain/pushes.ts';
import type { Shard } from '../domain/stored.ts';
import { type MemoryPorts, mergeMemory } from './merge-memory.ts';
import type { Log } from './ports.ts';

export type PushMemory = {
  readonly addEnds: (shard: Shard, news: EndNews) => void;
  /** A notification came for a call; stored at the first, and then every five minutes. Never rejects. */
  readonly pushed: (shard: Shard, parentId: string, atMs: number) => Promise<void>;
};

type Unstored = EndNews & { readonly pushedAtMs: PushTimes };

const nothing: Unstored = { pushedAtMs: {}, ...noEndNews };
/** Forgetting what was stored only costs storing it again. */
const maxRemembered = 10_000;

export function createPushMemory(ports: MemoryPorts & { readonly log: Log }): PushMemory {
  const rememberedAtMs = new Map<string, number>();
  const unstored = new Map<Shard, Unstored>();
  const merging = new Map<Shard, Promise<void>>();
  return { addEnds: addToUnstored, pushed };

  function addToUnstored(shard: Shard, news: EndNews): void {
    const before = unstored.get(shard) ?? nothing;
    unstored.set(shard, { ...before, ...addEndNews(before, news) });
  }

  async function pushed(shard: Shard, parentId: string, atMs: number): Promise<void> {
    const place = `${shard} ${parentId}`;
    if (atMs - (rememberedAtMs.get(place) ?? 0) < refreshPushedMs) return;
    if (rememberedAtMs.size >= maxRemembered) rememberedAtMs.clear();
    rememberedAtMs.set(place, atMs);
    const before = unstored.get(shard) ?? nothing;
    unstored.set(shard, {
      ...before,
      pushedAtMs: joinPushTimes(before.pushedAtMs, { [parentId]: atMs }, atMs),
    });
    // One merge of a shard at a time; what comes meanwhile goes into the next one.
    while (unstored.get(shard)?.pushedAtMs[parentId] !== undefined)
      await (merging.get(shard) ?? merge(shard));
  }

  function merge(shard: Shard): Promise<void> {
    const news = unstored.get(shard) ?? nothing;
    unstored.delete(shard);
    const merged = mergeMemory(ports, shard, news)
      .catch((error: unknown) => {
        // Without it operations are polled as if no notifications came.
        ports.log('warn', { shard, error }, 'memory of notifications was not stored');
      })
      .finally(() => merging.delete(shard));
    merging.set(shard, merged);
    return merged;
  }
}
