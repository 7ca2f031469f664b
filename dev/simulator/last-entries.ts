// The last entries of something that never ends. Cut in bulk: shifting an array for every entry would cost more than
// what is being recorded.

/** @param keep how many are kept; 0 keeps none */
export function createLastEntries<T>(keep: number) {
  let entries: T[] = [];
  return {
    add(entry: T): T {
      if (keep > 0) {
        entries.push(entry);
        entries = entries.length > keep * 2 ? entries.slice(-keep) : entries;
      }
      return entry;
    },
    /** Oldest first. */
    last: (): readonly T[] => (keep > 0 ? entries.slice(-keep) : []),
    clear(): void {
      entries = [];
    },
  };
}
