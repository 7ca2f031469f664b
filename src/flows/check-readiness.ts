// Whether this deployment can work now, and for those who may know it: what storage says, when each shard was last
// swept, and for whom Graph asked it to wait. Reads only; what it tells is stored by others.
import { AppError, type ErrorCode } from '../domain/errors.ts';
import { emptyMemory } from '../domain/shard-memory.ts';
import type { Shard } from '../domain/stored.ts';
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
  }[];
};

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

  async function describe(shard: Shard): Promise<ReadinessDetails['shards'][number]> {
    const { sweptAtMs, pauses } = (await ports.readMemory(shard))?.value ?? emptyMemory;
    const nowMs = ports.clock.nowMs();
    return {
      shard,
      sweptAt: sweptAtMs === null ? null : new Date(sweptAtMs).toISOString(),
      pauses: Object.entries(pauses)
        .filter(([, { untilMs }]) => untilMs > nowMs)
        .map(([tenantId, { code, untilMs }]) => ({ tenantId, code, until: new Date(untilMs).toISOString() })),
    };
  }
}
