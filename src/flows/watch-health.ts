// How watching goes, by kind, from what the shards remember: told to those who run the app.
import { shardsOf } from '../domain/keys.ts';
import { kindNames } from '../domain/kinds.ts';
import type { Kind } from '../domain/operation.ts';
import { addEnds, noEnds } from '../domain/pushes.ts';
import { emptyMemory } from '../domain/shard-memory.ts';
import type { EndCounts, ShardMemory } from '../domain/stored.ts';
import type { Clock, ReadMemory } from './ports.ts';

export type KindHealth = {
  /** Every poll that was due before it has been made, in all shards; null: nothing was polled yet. */
  readonly sweptAtMs: number | null;
  /** Until when Graph asked to wait, at the latest; null: it may be called. */
  readonly throttledUntilMs: number | null;
  readonly ends: EndCounts;
};

export type WatchHealth = { readonly kinds: Readonly<Record<Kind, KindHealth>> };

export type HealthPorts = {
  readonly clock: Clock;
  readonly readMemory: ReadMemory;
  readonly shardCount: number;
};

export function createWatchHealth(ports: HealthPorts): () => Promise<WatchHealth> {
  return async function watchHealth() {
    const entries = await Promise.all(kindNames.map(async (kind) => [kind, await kindHealth(kind)] as const));
    return { kinds: Object.fromEntries(entries) as WatchHealth['kinds'] };
  };

  async function kindHealth(kind: Kind): Promise<KindHealth> {
    const stored = await Promise.all(shardsOf(kind, ports.shardCount).map(ports.readMemory));
    const memories = stored.map((one) => one?.value ?? emptyMemory);
    const swept = memories.flatMap(({ sweptAtMs }) => sweptAtMs ?? []);
    const untilMs = Math.max(0, ...memories.flatMap(untilOf));
    return {
      sweptAtMs: swept.length === 0 ? null : Math.min(...swept),
      throttledUntilMs: untilMs > ports.clock.nowMs() ? untilMs : null,
      ends: memories.reduce((sum, { ends }) => addEnds(sum, ends), noEnds),
    };
  }
}

function untilOf({ pauses }: ShardMemory): readonly number[] {
  return Object.values(pauses).map(({ untilMs }) => untilMs);
}
