// What a bench has found, as its JSON file keeps it; tables and targets are made from this and from nothing else.
import type { ContestantName } from './contestants/contestant.ts';
import type { Floors } from './floors.ts';
import type { Machine } from './machine.ts';
import type { Plan } from './options.ts';
import type { Restart } from './restart.ts';
import type { Run } from './run-contestant.ts';
import { type Spread, spreadOf } from './statistics.ts';
import type { SweepRead } from './sweep-read.ts';

export type GoodRun = Extract<Run, { readonly isFailed: false }>;

/** A contestant with one workload: why it did not run, or what each of its runs was like. */
export type Outcome = {
  readonly name: ContestantName;
  readonly title: string;
  readonly remark: string | null;
  readonly skipped: string | null;
  /** What its runs got wrong, if anything. One with problems has no figures. */
  readonly problems: readonly string[];
  readonly runs: readonly GoodRun[];
};

export type Result = {
  readonly startedAt: string;
  readonly machine: Machine;
  readonly plan: Plan;
  readonly steady: readonly Outcome[];
  readonly rush: readonly Outcome[];
  readonly throttled: readonly Outcome[];
  readonly scale: readonly Outcome[];
  /** One for each number of processes. */
  readonly scaleOut: readonly Outcome[];
  readonly restarts: readonly Restart[];
  /** One a repetition, in the same minutes as its runs. */
  readonly floors: readonly Floors[];
  readonly sweepReads: readonly (SweepRead & { readonly requests: number })[];
};

export function outcomeOf(outcomes: readonly Outcome[], name: ContestantName): Outcome | null {
  return outcomes.find((one) => one.name === name) ?? null;
}

/** A figure of all runs of a contestant; null where it has none. */
export function spreadOfRuns(
  outcome: Outcome | null,
  figure: (run: GoodRun) => number | null | undefined,
): Spread | null {
  const values = (outcome?.runs ?? []).flatMap((run) => figure(run) ?? []);
  return values.length === 0 || outcome?.problems.length !== 0 ? null : spreadOf(values);
}

/** A ratio, made within each repetition: what the machine does beside has met both. Null where one of them has nothing. */
export function ratioOf(
  over: Outcome | null,
  under: Outcome | null,
  figure: (run: GoodRun) => number | null,
): Spread | null {
  if (over?.problems.length !== 0 || under?.problems.length !== 0) return null;
  const pairs = Math.min(over.runs.length, under.runs.length);
  const ratios = Array.from({ length: pairs }).flatMap((_, index) => {
    const [one, other] = [over, under].map(({ runs }) => runs[index] && figure(runs[index]));
    return typeof one === 'number' && typeof other === 'number' ? one / other : [];
  });
  return ratios.length === 0 ? null : spreadOf(ratios);
}
