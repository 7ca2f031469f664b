// What is to happen when, by the world's clock. One timer waits for the earliest; whoever moves the clock by hand, or
// must not overtake what is due, calls runDue.

export type Agenda = ReturnType<typeof createAgenda>;

type Entry = { readonly atMs: number; readonly run: () => void };

/** Longer waits are taken in slices: Node fires a timer of more than 24.8 days at once. */
const longestSliceMs = 3_600_000;

export function createAgenda(now: () => number) {
  // The earliest last, so that taking it moves nothing; entries of one instant run in the order of their coming.
  let entries: Entry[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  function runDue(): void {
    for (;;) {
      const next = entries.at(-1);
      if (!next || next.atMs > now()) {
        break;
      }
      entries.pop();
      next.run();
    }
  }

  /** Waits for the earliest entry; a clock that is moved by hand lets the timer fire too early, which does no harm. */
  function wait(): void {
    clearTimeout(timer);
    const next = entries.at(-1);
    if (!next || isStopped) {
      return;
    }
    const waitMs = Math.min(Math.max(1, next.atMs - now()), longestSliceMs);
    timer = setTimeout(() => {
      runDue();
      wait();
    }, waitMs);
  }

  return {
    /** Runs it at that instant, or as soon as possible after. */
    add(atMs: number, run: () => void): void {
      if (isStopped) {
        return;
      }
      const index = placeOf(entries, atMs);
      entries.splice(index, 0, { atMs, run });
      if (index === entries.length - 1) {
        wait();
      }
    },
    runDue,
    /** How many wait. */
    get size(): number {
      return entries.length;
    },
    clear(): void {
      entries = [];
      clearTimeout(timer);
    },
    stop(): void {
      isStopped = true;
      entries = [];
      clearTimeout(timer);
    },
  };
}

/** Where an entry goes: before all that are not later, for they run first. */
function placeOf(entries: readonly Entry[], atMs: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle] as Entry).atMs > atMs) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
