// Quiet sweeps are told together: each number costs an envelope of half a kilobyte, and a shard is swept some times a
// minute. A sweep that brought news is told at once, with what the quiet ones before it left to tell.
import { type SweepMetric, sweepMetrics } from './names.ts';

export type SweepNumbers = Readonly<Record<SweepMetric, number>>;

export type GatherSweeps = {
  /** @returns what is to be recorded now; null when it is kept for later. */
  readonly add: (shard: string, numbers: SweepNumbers, isNews: boolean) => SweepNumbers | null;
  /** What was kept, by shard; it is then forgotten. */
  readonly takeKept: () => readonly (readonly [shard: string, numbers: SweepNumbers])[];
};

/** A chart of five minutes is fine enough for what does not change. */
const quietMs = 5 * 60_000;

type ShardState = {
  readonly kept: SweepNumbers | null;
  /** When it was recorded last, by the monotonic clock. */
  readonly toldAtMs: number;
  /** Whether something was live then, so that its end is told once. */
  readonly wasLive: boolean;
};

export function createGatherSweeps(monotonicMs: () => number): GatherSweeps {
  const shards = new Map<string, ShardState>();
  return { add, takeKept };

  function add(shard: string, numbers: SweepNumbers, isNews: boolean): SweepNumbers | null {
    const state = shards.get(shard) ?? { kept: null, toldAtMs: Number.NEGATIVE_INFINITY, wasLive: false };
    const isLive = numbers.live > 0;
    // The heartbeat says all that there is to say of a shard where nothing is watched.
    if (!isNews && !isLive && !state.wasLive) return null;
    const sum = state.kept === null ? numbers : joinNumbers(state.kept, numbers);
    const isTime = monotonicMs() - state.toldAtMs >= quietMs;
    if (!isNews && !isTime && isLive === state.wasLive) {
      shards.set(shard, { ...state, kept: sum });
      return null;
    }
    shards.set(shard, { kept: null, toldAtMs: monotonicMs(), wasLive: isLive });
    return sum;
  }

  function takeKept(): readonly (readonly [string, SweepNumbers])[] {
    const taken: (readonly [string, SweepNumbers])[] = [];
    for (const [shard, state] of shards) {
      if (state.kept === null) continue;
      taken.push([shard, state.kept]);
      shards.set(shard, { ...state, kept: null, toldAtMs: monotonicMs() });
    }
    return taken;
  }
}

/** Counters add up, a gauge is the later one, of a histogram's values the greatest is told. */
function joinNumbers(earlier: SweepNumbers, later: SweepNumbers): SweepNumbers {
  const joined = Object.entries(sweepMetrics).map(([field, { type }]) => {
    const [one, other] = [earlier[field as SweepMetric], later[field as SweepMetric]];
    switch (type) {
      case 'counter':
        return [field, one + other];
      case 'gauge':
        return [field, other];
      case 'histogram':
        return [field, Math.max(one, other)];
    }
  });
  return Object.fromEntries(joined) as SweepNumbers;
}
