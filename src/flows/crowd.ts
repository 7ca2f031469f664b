// How many wait at a time. Where more come than can be done, everybody would wait too long and all work would be for
// nothing: who would only lengthen the queue is told so at once, so that those before are done in time.
import type { Clock } from './ports.ts';

export type Crowd = {
  /** Whether one more would wait in vain. */
  readonly isTooMuch: () => boolean;
  /** Counts the work until it ends. */
  readonly join: <T>(work: Promise<T>) => Promise<T>;
};

/** So many are no crowd, however long they take: one that hangs must not shut the door. */
const fewAtATime = 64;
/** Of the time that senders wait: who comes when the first has waited for so long would not be done in time. */
const patienceMs = 2000;

export function createCrowd(clock: Pick<Clock, 'monotonicMs'>): Crowd {
  /** When each began, in the order of their coming. */
  const begun = new Map<object, number>();
  return { isTooMuch, join };

  function isTooMuch(): boolean {
    if (begun.size < fewAtATime) return false;
    const [oldestMs = 0] = begun.values();
    return clock.monotonicMs() - oldestMs > patienceMs;
  }

  function join<T>(work: Promise<T>): Promise<T> {
    begun.set(work, clock.monotonicMs());
    return work.finally(() => begun.delete(work));
  }
}
