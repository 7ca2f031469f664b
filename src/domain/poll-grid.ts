// The points at which a healthy operation is read: the first poll, then stretches of eight intervals. The end of each
// stretch is fixed for good; what was learned only says how many points lie inside it, and where. So whatever is learned
// while an operation lives, and whatever is lost of it, no wait is longer than a stretch, and no point drifts.

import { ageMsAt, type Cadence, pacedMsAt, steadyCadence } from './cadence.ts';
import { fraction } from './keys.ts';
import type { Operation } from './operation.ts';

const stretchIntervals = 8;
/** Of the interval, to either side of a point: so the wait between two points is an interval ± 10 % at a steady cadence. */
const jitterShare = 0.05;

/** Where an operation's grid begins, and what makes it its own. */
type Grid = {
  readonly startMs: number;
  readonly firstPollMs: number;
  readonly intervalMs: number;
  readonly seed: number;
  readonly cadence: Cadence;
};

type Stretch = {
  readonly number: number;
  readonly fromAgeMs: number;
  readonly fromPacedMs: number;
  readonly lengthPacedMs: number;
  readonly points: number;
};

/** The first point after an instant. */
export function nextGridPoint(operation: Operation, afterMs: number, cadence: Cadence): number {
  const grid = gridOf(operation, cadence);
  const { startMs, intervalMs } = grid;
  if (afterMs < startMs) return startMs;
  const first = Math.floor(surelyPastMs(grid, afterMs) / (stretchIntervals * intervalMs));
  for (let number = Math.max(0, first); ; number += 1) {
    const pointMs = nextInStretch(grid, stretchOf(grid, number), afterMs);
    if (pointMs !== null) return pointMs;
  }
}

/** The last point before an instant; null when there is none. */
export function gridPointBefore(operation: Operation, beforeMs: number, cadence: Cadence): number | null {
  const grid = gridOf(operation, cadence);
  const { startMs, intervalMs } = grid;
  if (beforeMs <= startMs) return null;
  const number = Math.floor((beforeMs - startMs) / (stretchIntervals * intervalMs)) - 1;
  let pointMs = number <= 0 ? startMs : pointOf(grid, stretchOf(grid, number - 1), Number.POSITIVE_INFINITY);
  for (;;) {
    const nextMs = nextGridPoint(operation, pointMs, cadence);
    if (nextMs >= beforeMs) return pointMs;
    pointMs = nextMs;
  }
}

/** What was learned is how long operations run: one that Graph has not shown yet is read at a steady cadence. */
function gridOf({ key, state, trackedAtMs, policy }: Operation, cadence: Cadence): Grid {
  return {
    startMs: trackedAtMs + policy.firstPollMs,
    ...policy,
    seed: fraction(key, 'phase'),
    cadence: state === 'pending' ? steadyCadence : cadence,
  };
}

function stretchOf({ firstPollMs, intervalMs, seed, cadence }: Grid, number: number): Stretch {
  const lengthMs = stretchIntervals * intervalMs;
  const fromAgeMs = firstPollMs + number * lengthMs;
  const fromPacedMs = pacedMsAt(cadence, fromAgeMs);
  const lengthPacedMs = pacedMsAt(cadence, fromAgeMs + lengthMs) - fromPacedMs;
  // One point an interval of paced time. A part of a point is one for that part of the operations.
  const points = Math.max(1, Math.floor(lengthPacedMs / intervalMs + share(seed, number)));
  return { number, fromAgeMs, fromPacedMs, lengthPacedMs, points };
}

/** Since the grid's start: points up to there are past, wherever jitter and rounding moved them. */
function surelyPastMs({ startMs, intervalMs }: Grid, afterMs: number): number {
  return afterMs - startMs - jitterShare * intervalMs - 1;
}

function nextInStretch(grid: Grid, stretch: Stretch, afterMs: number): number | null {
  const pastAgeMs = Math.max(stretch.fromAgeMs, grid.firstPollMs + surelyPastMs(grid, afterMs));
  const pastPacedMs = pacedMsAt(grid.cadence, pastAgeMs) - stretch.fromPacedMs;
  const past = Math.floor((pastPacedMs / stretch.lengthPacedMs) * stretch.points);
  for (let index = past + 1; index <= stretch.points; index += 1) {
    const pointMs = pointOf(grid, stretch, index);
    if (pointMs > afterMs) return pointMs;
  }
  return null;
}

function pointOf(grid: Grid, stretch: Stretch, index: number): number {
  const { startMs, firstPollMs, intervalMs, seed, cadence } = grid;
  const { number, fromAgeMs, fromPacedMs, lengthPacedMs, points } = stretch;
  const isEnd = index >= points;
  const pacedMs = fromPacedMs + (lengthPacedMs * index) / points;
  const ageMs = isEnd ? fromAgeMs + stretchIntervals * intervalMs : ageMsAt(cadence, pacedMs, fromAgeMs);
  const place = stretchIntervals * number + (isEnd ? stretchIntervals : index);
  const jitterMs = jitter(seed, place) * jitterShare * intervalMs;
  return startMs - firstPollMs + Math.round(ageMs) + Math.round(jitterMs);
}

/** From −1 to 1, decided by key and place (a multiplicative hash: neighbours in either are far apart). */
function jitter(seed: number, place: number): number {
  const mixed = Math.imul(seed ^ Math.imul(place, 0x9e37_79b1), 0x85eb_ca6b) >>> 0;
  return (mixed / 0xffff_ffff) * 2 - 1;
}

/** From 0 to below 1, in the same way and of its own. */
function share(seed: number, number: number): number {
  return (Math.imul(seed ^ Math.imul(number, 0xc2b2_ae35), 0x27d4_eb2f) >>> 0) / 0x1_0000_0000;
}
