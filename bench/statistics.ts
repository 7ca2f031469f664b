// The little statistics that a bench needs: never one number alone, but a median with what it ranged over.

export type Spread = { readonly median: number; readonly min: number; readonly max: number };

/** @throws RangeError without values: a figure that nobody measured is no figure. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('no values');
  const sorted = values.toSorted((one, other) => one - other);
  return { median: middleOf(sorted), min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
}

/** The nearest rank of ascending values; null without any. */
export function percentile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

function middleOf(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? 0;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? 0) + upper) / 2 : upper;
}
