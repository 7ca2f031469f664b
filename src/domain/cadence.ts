// How closely polls follow each other at each age, by what is known of how long operations take.
//
// Looks are worth most where ends are likely. Of all schedules with the same mean delay the one whose density is the
// square root of the hazard (of the ends there, in those that lived so long) needs the fewest looks. A cadence is
// that density: 1 is one look an interval. It is scaled so that the mean delay of the ends that are known is the one that
// a steady cadence would give them, so the interval of the settings keeps its meaning. Where nothing is known it is 1.
import { binCount, binOf, binStartsMs } from './durations.ts';
import type { Durations } from './stored.ts';

export type Cadence = {
  /** Of each bin of age. */
  readonly densities: readonly number[];
  /** Paced time at each bin's start: age, as a clock shows it that runs by these densities. */
  readonly startsPacedMs: readonly number[];
};

/** Fewer ends say too little. */
const leastKnown = 50;
/** Twice as many looks is more than any known shape asks for; it bounds what a wrong one may cost. */
const fastest = 2;
/** Caps the delay of 99 of 100 ends at two and a half intervals; two would cost up to 4 % more looks. */
const slowest = 0.4;
/**
 * One look in eight intervals, and only at ages that a fifth of the known operations lived through and at which next to
 * none of the latest two hundred ended, so that all such ages hold a hundredth of the ends at most. An end or two there
 * are enough to be read closer again.
 */
const sparsest = 1 / 8;
const sparseFromShare = 0.2;
const sparseBinShare = 0.004;
const sparseShare = 0.0145;
/**
 * As if so much of an end more had been seen in each bin, at the mean hazard: what has few to show is not taken for
 * certain. It falls from a whole end to a tenth while the known ends grow from 50 to 500: with less, the chance of the
 * first few costs 4 % more looks where there is nothing to learn.
 */
const priorEndsOf = (known: number): number => Math.max(1 / 10, leastKnown / known);
/** Of a bin's neighbours: ends are few, and a bin's border means nothing. */
const neighbourShare = 0.25;
/** Each halves what is left: far below any rounding. */
const halvings = 40;

export const steadyCadence: Cadence = cadenceWith(() => 1);

/** The same durations give the same cadence, so it is worked out once for all operations that are listed together. */
const workedOut = new WeakMap<Durations, Cadence>();

/** Steady until enough is known. */
export function cadenceOf(durations: Durations): Cadence {
  if (durations.known < leastKnown) return steadyCadence;
  const known = workedOut.get(durations) ?? learnedCadence(durations);
  workedOut.set(durations, known);
  return known;
}

function learnedCadence(durations: Durations): Cadence {
  const bins = readBins(durations);
  if (bins.total === 0) return steadyCadence;
  const shapes = shapesOf(bins, priorEndsOf(durations.known));
  const scale = scaleOf(shapes);
  return cadenceWith((bin) => {
    const shape = shapes[bin];
    return shape === undefined || shape.alive === 0 ? 1 : densityOf(shape, scale);
  });
}

/** @returns the paced time at an age. */
export function pacedMsAt({ densities, startsPacedMs }: Cadence, ageMs: number): number {
  const bin = binOf(ageMs);
  return (startsPacedMs[bin] ?? 0) + (ageMs - (binStartsMs[bin] ?? 0)) * (densities[bin] ?? 1);
}

/** The age at which a paced time is reached. @param fromMs an age before it, from which it is looked for. */
export function ageMsAt({ densities, startsPacedMs }: Cadence, pacedMs: number, fromMs: number): number {
  let bin = binOf(fromMs);
  while (bin + 1 < binCount && (startsPacedMs[bin + 1] ?? 0) <= pacedMs) bin += 1;
  return (binStartsMs[bin] ?? 0) + (pacedMs - (startsPacedMs[bin] ?? 0)) / (densities[bin] ?? 1);
}

type Bins = {
  /** Weight of the ends in each. */
  readonly ends: readonly number[];
  /** Weight of those that lived so long, those that ended in it by half. */
  readonly alive: readonly number[];
  /** Time that they spent in it. */
  readonly exposures: readonly number[];
  readonly total: number;
};

function readBins({ weights }: Durations): Bins {
  // The last bin has no end, so no time that could be spent in it.
  const ends = Array.from({ length: binCount - 1 }, (_, bin) => weights[bin] ?? 0);
  const total = ends.reduce((sum, one) => sum + one, 0);
  let later = 0;
  const alive = ends.toReversed().map((one) => {
    later += one;
    return later - one / 2;
  });
  alive.reverse();
  return { ends, alive, exposures: alive.map((one, bin) => one * widthMs(bin)), total };
}

function widthMs(bin: number): number {
  return (binStartsMs[bin + 1] ?? 0) - (binStartsMs[bin] ?? 0);
}

/** What a bin's density follows from, but for the scale. */
type Shape = {
  readonly ends: number;
  readonly alive: number;
  /** Of the hazard: ends a millisecond of those that live so long. */
  readonly root: number;
  readonly floor: number;
};

function shapesOf({ ends, alive, exposures, total }: Bins, priorEnds: number): readonly Shape[] {
  const priorMs = (priorEnds * exposures.reduce((sum, one) => sum + one, 0)) / total;
  let sparseEnds = 0;
  return ends.map((own, bin) => {
    const lived = alive[bin] ?? 0;
    const isRare = own <= sparseBinShare * total && sparseEnds + own <= sparseShare * total;
    const isSparse = isRare && lived >= sparseFromShare * total;
    if (isSparse) sparseEnds += own;
    const hazard = (smooth(ends, bin) + priorEnds) / (smooth(exposures, bin) + priorMs);
    return { ends: own, alive: lived, root: Math.sqrt(hazard), floor: isSparse ? sparsest : slowest };
  });
}

function smooth(list: readonly number[], bin: number): number {
  return (list[bin] ?? 0) + neighbourShare * ((list[bin - 1] ?? 0) + (list[bin + 1] ?? 0));
}

function densityOf({ root, floor }: Shape, scale: number): number {
  return Math.min(fastest, Math.max(floor, scale * root));
}

/** The least scale at which the known ends are seen as soon, on the average, as at a steady cadence. */
function scaleOf(shapes: readonly Shape[]): number {
  const known = shapes.filter(({ ends }) => ends > 0);
  const steadyDelay = known.reduce((sum, { ends }) => sum + ends, 0);
  let low = 0;
  let high = fastest / Math.min(...known.map(({ root }) => root));
  for (let halving = 0; halving < halvings; halving += 1) {
    const middle = (low + high) / 2;
    const delay = known.reduce((sum, shape) => sum + shape.ends / densityOf(shape, middle), 0);
    if (delay > steadyDelay) low = middle;
    else high = middle;
  }
  return high;
}

function cadenceWith(densityAt: (bin: number) => number): Cadence {
  const densities = binStartsMs.map((_, bin) => (bin === binCount - 1 ? 1 : densityAt(bin)));
  let pacedMs = 0;
  const startsPacedMs = densities.map((density, bin) => {
    const startMs = pacedMs;
    pacedMs += density * widthMs(bin);
    return startMs;
  });
  return { densities, startsPacedMs };
}
