// Throttling knowledge of one shard during one sweep. Another process may have been told to wait a moment ago, so the
// stored memory is read again before each wave of requests until the last read is younger than 10 seconds; the later
// of memory and own knowledge holds. A new pause is stored when it first appears, so that it survives a restart.
import type { Shard, ShardMemory, Stored } from '../domain/stored.ts';
import {
  emptyMemory,
  holdingPause,
  joinMemory,
  nextPause,
  type PauseRequest,
  withoutOldPauses,
} from '../domain/throttle.ts';
import type { Clock, ReadMemory, WriteMemory } from './ports.ts';

export type PausePorts = {
  readonly clock: Clock;
  readonly random: () => number;
  readonly readMemory: ReadMemory;
  readonly writeMemory: WriteMemory;
};

export type ShardPauses = {
  /** The instant before which the tenant is left alone; null when it may be called now. */
  readonly pausedUntilMs: (tenantId: string) => Promise<number | null>;
  readonly merge: (tenantId: string, request: PauseRequest) => Promise<void>;
  /** How long the longest pause that holds now still lasts; 0 when none does. */
  readonly longestMs: () => number;
};

const freshMs = 10_000;
const mergeAttempts = 4;

export function createShardPauses(
  ports: PausePorts,
  shard: Shard,
  start: { readonly memory: ShardMemory; readonly readAtMonotonicMs: number },
): ShardPauses {
  let own = start.memory;
  let readAtMonotonicMs = start.readAtMonotonicMs;
  return { pausedUntilMs, merge, longestMs };

  async function pausedUntilMs(tenantId: string): Promise<number | null> {
    while (ports.clock.monotonicMs() - readAtMonotonicMs >= freshMs) {
      readAtMonotonicMs = ports.clock.monotonicMs();
      const stored = await ports.readMemory(shard);
      if (stored !== null) own = joinMemory(own, stored.value);
    }
    return holdingPause(own, tenantId, ports.clock.nowMs())?.untilMs ?? null;
  }

  async function merge(tenantId: string, request: PauseRequest): Promise<void> {
    const before = own.pauses[tenantId] ?? null;
    const pause = nextPause(before, request, { nowMs: ports.clock.nowMs(), random: ports.random() });
    if (pause === before) return;
    own = { ...own, pauses: { ...own.pauses, [tenantId]: pause } };
    await mergeMemory(ports, shard, { sweptAtMs: null, pauses: { [tenantId]: pause } });
  }

  function longestMs(): number {
    const nowMs = ports.clock.nowMs();
    const lasting = Object.values(own.pauses).map(({ untilMs }) => untilMs - nowMs);
    return Math.max(0, ...lasting);
  }
}

/**
 * Merges news into the stored memory under its ETag; the later times win. After four refusals it is left: what is not
 * stored costs an early request, never an event.
 */
export async function mergeMemory(
  ports: Pick<PausePorts, 'clock' | 'readMemory' | 'writeMemory'>,
  shard: Shard,
  news: ShardMemory,
): Promise<void> {
  for (let attempt = 0; attempt < mergeAttempts; attempt += 1) {
    const stored: Stored<ShardMemory> | null = await ports.readMemory(shard);
    const joined = joinMemory(stored?.value ?? emptyMemory, news);
    const kept = withoutOldPauses(joined, ports.clock.nowMs());
    if (await ports.writeMemory(shard, kept, stored?.etag ?? null)) return;
  }
}
