// Throttling knowledge of one shard during one sweep. Another process may have been told to wait a moment ago, so the
// stored memory is read again before each wave of requests until the last read is younger than 10 seconds; the later
// of memory and own knowledge holds. A new pause is stored when it first appears, so that it survives a restart.
import type { Shard } from '../domain/stored.ts';
import { holdingPause, joinPauses, nextPause, type PauseRequest, type Pauses } from '../domain/throttle.ts';
import { type MemoryPorts, mergeMemory } from './merge-memory.ts';

export type PausePorts = MemoryPorts & { readonly random: () => number };

export type ShardPauses = {
  /** The instant before which the tenant is left alone; null when it may be called now. */
  readonly pausedUntilMs: (tenantId: string) => Promise<number | null>;
  readonly merge: (tenantId: string, request: PauseRequest) => Promise<void>;
  /** How long the longest pause that holds now still lasts; 0 when none does. */
  readonly longestMs: () => number;
};

const freshMs = 10_000;

export function createShardPauses(
  ports: PausePorts,
  shard: Shard,
  start: { readonly pauses: Pauses; readonly readAtMonotonicMs: number },
): ShardPauses {
  let own = start.pauses;
  let readAtMonotonicMs = start.readAtMonotonicMs;
  let reading: Promise<void> | undefined;
  return { pausedUntilMs, merge, longestMs };

  async function pausedUntilMs(tenantId: string): Promise<number | null> {
    while (ports.clock.monotonicMs() - readAtMonotonicMs >= freshMs) {
      // Several requests may be about to begin: all wait for the one look, or the others would go on by what was known.
      reading ??= look().finally(() => {
        reading = undefined;
      });
      await reading;
    }
    return holdingPause(own, tenantId, ports.clock.nowMs())?.untilMs ?? null;
  }

  async function look(): Promise<void> {
    const lookedAtMonotonicMs = ports.clock.monotonicMs();
    const stored = await ports.readMemory(shard);
    if (stored !== null) own = joinPauses(own, stored.value.pauses);
    readAtMonotonicMs = lookedAtMonotonicMs;
  }

  async function merge(tenantId: string, request: PauseRequest): Promise<void> {
    const before = own[tenantId] ?? null;
    const pause = nextPause(before, request, { nowMs: ports.clock.nowMs(), random: ports.random() });
    if (pause === before) return;
    own = { ...own, [tenantId]: pause };
    await mergeMemory(ports, shard, { pauses: { [tenantId]: pause } });
  }

  function longestMs(): number {
    const nowMs = ports.clock.nowMs();
    return Math.max(0, ...Object.values(own).map(({ untilMs }) => untilMs - nowMs));
  }
}
