// What contestants are given to watch, and for how long: one workload is the same for all of them, to the millisecond.
import type { LoadInput } from '../dev/simulator/load.ts';
import { firstWord } from './contestants/words.ts';

export type Workload = {
  readonly operations: number;
  readonly intervalMs: number;
  /** How often a sweeping contestant looks; windows begin and end just before such a moment. */
  readonly tickMs: number;
  /** Changes a poll. */
  readonly transitionRate: number;
  readonly durations: DurationFamily;
  /** How Graph limits the contestant. */
  readonly throttle: Throttle | null;
  readonly phases: Phases;
  /**
   * Opwatch warms up for so long at least. It runs the code of a request once for twenty polls, so its compiler comes to it
   * later than that of the others, who poll one by one: in production all of them run for days.
   */
  readonly sweeperWarmUpMs: number;
  /** Partitions of Opwatch, and processes that share them. */
  readonly shards: number;
  readonly hosts: number;
};

export const durationFamilies = ['lognormal', 'bimodal', 'exponential'] as const;
export type DurationFamily = (typeof durationFamilies)[number];

export type Throttle =
  | { readonly type: 'quota'; readonly itemsPerSecond: number }
  /** Each item is refused with this probability. */
  | { readonly type: 'probability'; readonly share: number };

/** In ticks. First nothing changes; then operations run, and after a time to settle the busy window is measured. */
export type Phases = {
  readonly warmUp: number;
  /** 0: there is no window in which nothing changes. */
  readonly quiet: number;
  readonly settle: number;
  readonly busy: number;
};

/** Changes of an operation that runs to its end: from the first word to the second, and to the last. */
const words = [firstWord, 'inprogress'];
const failedShare = 0.1;
/** Until much of the load has ended, an operation changes to the second word twice as often as to the last. */
const changesAMean = 3;

/** The simulator's load: operations wait for `arm`, so that in the quiet window nothing changes. */
export function loadOf(workload: Workload, seed: number): LoadInput {
  return {
    kind: 'connectionOperation',
    count: workload.operations,
    perParent: 1,
    family: workload.durations,
    meanMs: (changesAMean * workload.intervalMs) / workload.transitionRate,
    stages: words,
    failedShare,
    seed,
    waits: true,
  };
}

/** How long one round of reading all operations takes at best: an interval, or what the quota allows. */
export function fairRoundMs({ operations, intervalMs, throttle }: Workload): number {
  const isLimited = throttle?.type === 'quota';
  return isLimited ? Math.max(intervalMs, (operations / throttle.itemsPerSecond) * 1000) : intervalMs;
}
