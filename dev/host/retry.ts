// Function-level retry: only timers have it among the triggers of this host; queues and HTTP ignore it, as in Azure.
import type { RetryOptions } from './core-types.ts';
import { RefusedError } from './settings.ts';

export type RetryPlan = {
  /** −1: for ever. The count lives in memory and ends with the process. */
  readonly maxRetryCount: number;
  /** @param retryCount 1 for the first repetition. */
  readonly delayMs: (retryCount: number) => number;
};

/** @throws RefusedError naming the function when the options contradict themselves. */
export function planRetry(name: string, options: RetryOptions | undefined): RetryPlan | undefined {
  if (options === undefined) return undefined;
  const { maxRetryCount, retryStrategy, delayInterval, minimumInterval, maximumInterval } = options;
  if (maxRetryCount === undefined || !Number.isInteger(maxRetryCount) || maxRetryCount < -1) {
    throw new RefusedError(`Function ${name}: retry.maxRetryCount must be a whole number from -1.`);
  }
  if (retryStrategy === 'fixedDelay' && delayInterval !== undefined) {
    return { maxRetryCount, delayMs: () => delayInterval.seconds * 1000 };
  }
  if (
    retryStrategy === 'exponentialBackoff' &&
    minimumInterval !== undefined &&
    maximumInterval !== undefined
  ) {
    const [leastMs, mostMs] = [minimumInterval.seconds * 1000, maximumInterval.seconds * 1000];
    if (leastMs >= mostMs) {
      throw new RefusedError(`Function ${name}: retry.minimumInterval must be below retry.maximumInterval.`);
    }
    return { maxRetryCount, delayMs: (count) => Math.min(mostMs, leastMs * 2 ** Math.min(count - 1, 30)) };
  }
  throw new RefusedError(
    `Function ${name}: retry needs fixedDelay with delayInterval, or exponentialBackoff with both intervals.`,
  );
}
