// News for a shard's memory, merged under its ETag: another process may have written in between.
import { emptyMemory, type MemoryNews, withNews } from '../domain/shard-memory.ts';
import type { Shard, ShardMemory, Stored } from '../domain/stored.ts';
import type { Clock, ReadMemory, WriteMemory } from './ports.ts';

export type MemoryPorts = {
  readonly clock: Clock;
  readonly readMemory: ReadMemory;
  readonly writeMemory: WriteMemory;
};

const attempts = 4;

/** After four refusals it is left: what is not stored costs an early request or a count, never an event. */
export async function mergeMemory(ports: MemoryPorts, shard: Shard, news: MemoryNews): Promise<void> {
  await mergeInto(ports, shard, { news, stored: await ports.readMemory(shard) });
}

/** The same into the row as it was read a moment ago. */
export async function mergeInto(
  ports: MemoryPorts,
  shard: Shard,
  { news, stored }: { readonly news: MemoryNews; readonly stored: Stored<ShardMemory> | null },
): Promise<void> {
  let current = stored;
  for (let attempt = 1; ; attempt += 1) {
    const before = current?.value ?? emptyMemory;
    const memory = withNews(before, news, ports.clock.nowMs());
    // What says nothing new is not written.
    if (JSON.stringify(memory) === JSON.stringify(before)) return;
    if (await ports.writeMemory(shard, memory, current?.etag ?? null)) return;
    if (attempt === attempts) return;
    current = await ports.readMemory(shard);
  }
}
