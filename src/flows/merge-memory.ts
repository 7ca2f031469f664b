// News for a shard's memory, merged under its ETag: another process may have written in between.
import { emptyMemory, type MemoryNews, withNews } from '../domain/shard-memory.ts';
import type { Shard } from '../domain/stored.ts';
import type { Clock, ReadMemory, WriteMemory } from './ports.ts';

export type MemoryPorts = {
  readonly clock: Clock;
  readonly readMemory: ReadMemory;
  readonly writeMemory: WriteMemory;
};

const attempts = 4;

/** After four refusals it is left: what is not stored costs an early request or a count, never an event. */
export async function mergeMemory(ports: MemoryPorts, shard: Shard, news: MemoryNews): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const stored = await ports.readMemory(shard);
    const before = stored?.value ?? emptyMemory;
    const memory = withNews(before, news, ports.clock.nowMs());
    // What says nothing new is not written.
    if (JSON.stringify(memory) === JSON.stringify(before)) return;
    if (await ports.writeMemory(shard, memory, stored?.etag ?? null)) return;
  }
}
