// Whether this deployment can work now, and for those who may know it: what storage says, when each shard was last
// swept, for whom Graph asked it to wait, and how ends were seen. Reads only; what it tells is stored by others.
import { AppError, type ErrorCode } from '../domain/errors.ts';
import { emptyMemory } from '../domain/shard-memory.ts';
import type { EndCounts, Shard } from '../domain/stored.ts';
import type { Clock, ReadMemory } from './ports.ts';

export type ReadinessPorts = {
  readonly clock: Clock;
  /** Why storage can't be used; null when it can. */
  readonly checkStorage: () => Promise<ErrorCode | null>;
  readonly readMemory: ReadMemory;
  readonly shards: readonly Shard[];
};

export type ReadinessDetails = {
  readonly storage: { readonly code: ErrorCode | null; readonly durationMs: number };
  readonly shards: readonly {
    readonly shard: Shard;
    /** Up to a minute old, and older while nothing is watched; null before the first sweep. */
    readonly sweptAt: string | null;
    readonly pauses: readonly {
      readonly tenantId: string;
      readonly code: string;
      readonly until: string;
    }[];
    /** Of operations whose kind is notified, since the shard began; up to a minute old. */
    readonly ends: {
      readonly byPush: number;
      readonly byPoll: number;
      /** Of those by poll: a notification came later. */
      readonly byBoth: number;
      /** How much later these came; null before the first. */
      readonly pushLateSeconds: { readonly mean: number; readonly max: number } | null;
    };
  }[];
};

type ShardDetails = ReadinessDetails['shards'][number];

export type Readiness = { readonly isReady: boolean; readonly details: ReadinessDetails | null };

/** @param isDetailed costs a read a shard. */
export type CheckReadiness = (isDetailed: boolean) => Promise<Readiness>;

export function createCheckReadiness(ports: ReadinessPorts): CheckReadiness {
  return async function checkReadiness(isDetailed) {
    const startedMs = ports.clock.monotonicMs();
    const code = await ports.checkStorage();
    const durationMs = Math.round(ports.clock.monotonicMs() - startedMs);
    const isReady = code === null;
    if (!isDetailed) return { isReady, details: null };
    if (!isReady) return { isReady, details: { storage: { code, durationMs }, shards: [] } };
    try {
      const shards = await Promise.all(ports.shards.map(describe));
      return { isReady, details: { storage: { code, durationMs }, shards } };
    } catch (error) {
      // Storage went away between the two looks: that is what is to be told.
      if (!(error instanceof AppError)) throw error;
      return { isReady: false, details: { storage: { code: error.code, durationMs }, shards: [] } };
    }
  };

  async function describe(shard: Shard): Promise<ShardDetails> {
    const { sweptAtMs, pauses, ends } = (await ports.readMemory(shard))?.value ?? emptyMemory;
    const nowMs = ports.clock.nowMs();
    return {
      shard,
      sweptAt: sweptAtMs === null ? null : new Date(sweptAtMs).toISOString(),
      pauses: Object.entries(pauses)
        .filter(([, { untilMs }]) => untilMs > nowMs)
        .map(([tenantId, { code, untilMs }]) => ({ tenantId, code, until: new Date(untilMs).toISOString() })),
      ends: endsOf(ends),
    };
  }
}

function endsOf({ pushLateMs, maxPushLateMs, ...counts }: EndCounts): ShardDetails['ends'] {
  const { byBoth } = counts;
  const seconds = { mean: pushLateMs / Math.max(1, byBoth) / 1000, max: maxPushLateMs / 1000 };
  return { ...counts, pushLateSeconds: byBoth === 0 ? null : seconds };
}
