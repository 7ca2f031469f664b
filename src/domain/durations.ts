// How long the operations of a shard take, kept small: for each bin of age the weight of the ends that fell into it.
// Each end takes a little off the weight of those before it, so a world that has changed is forgotten within a few
// hundred ends. Losing it costs polls, never an event.
import type { Durations } from './stored.ts';

/** When an operation ended, as its age: later than `fromMs`, at `toMs` at the latest. */
export type Span = { readonly fromMs: number; readonly toMs: number };

/**
 * Bins are four to an octave, so an age is known to a quarter of itself or better: from a second, below which no kind
 * is polled, to the 30 days that an operation may live. The first begins at 0, the last has no end.
 */
export const binCount = 88;
const binsPerOctave = 4;
const firstOctave = 10;
const longestMs = 0xffff_ffff;

export const binStartsMs: readonly number[] = Array.from({ length: binCount }, (_, bin) =>
  bin === 0
    ? 0
    : 2 ** (firstOctave + Math.floor(bin / binsPerOctave)) * (1 + (bin % binsPerOctave) / binsPerOctave),
);

/** The bin of an age, by its leading bits: this runs for every live operation at every sweep. */
export function binOf(ageMs: number): number {
  const bits = Math.min(Math.max(ageMs, 2 ** firstOctave), longestMs) >>> 0;
  const octave = 31 - Math.clz32(bits);
  return (octave - firstOctave) * binsPerOctave + ((bits >>> (octave - 2)) & 3);
}

export const noDurations: Durations = { known: 0, weights: {} };

/** After 140 further ends an end weighs half: so many tell a shape from chance, and are soon replaced. */
const keptShare = 0.995;
const digits = 1000;

/** What ends teach, in their order. */
export function durationsOf(spans: readonly Span[]): Durations {
  return spans.reduce((sum, span) => addDurations(sum, { known: 1, weights: weightsOf(span) }), noDurations);
}

/** The knowledge of one and, weighing more, of what came later. */
export function addDurations(one: Durations, later: Durations): Durations {
  if (later.known === 0) return one;
  const kept = keptShare ** later.known;
  const weights: Record<string, number> = {};
  for (let bin = 0; bin < binCount; bin += 1) {
    const sum = (one.weights[bin] ?? 0) * kept + (later.weights[bin] ?? 0);
    const weight = Math.round(sum * digits) / digits;
    if (weight > 0) weights[bin] = weight;
  }
  return { known: one.known + later.known, weights };
}

/** One end, spread evenly over the ages at which it may have come. */
function weightsOf({ fromMs, toMs }: Span): Durations['weights'] {
  const lengthMs = Math.max(1, toMs - fromMs);
  const untilMs = fromMs + lengthMs;
  const weights: Record<string, number> = {};
  for (let bin = binOf(fromMs); bin < binCount && (binStartsMs[bin] ?? 0) < untilMs; bin += 1) {
    const binEndMs = binStartsMs[bin + 1] ?? Number.POSITIVE_INFINITY;
    const insideMs = Math.min(binEndMs, untilMs) - Math.max(binStartsMs[bin] ?? 0, fromMs);
    weights[bin] = insideMs / lengthMs;
  }
  return weights;
}
