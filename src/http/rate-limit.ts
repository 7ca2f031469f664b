// A token bucket for each caller, in this process: a loop gone wild is slowed down before it reaches Graph. So it stands
// before what makes a call to Graph for each request, polls and changes; tracking costs Graph nothing and comes in bulk.
import type { Call } from './endpoint.ts';
import { HttpProblem, retryAfterHeaders } from './problem.ts';

/** @throws HttpProblem rate_limited */
export type RateLimit = (call: Pick<Call, 'caller'>) => void;

const perSecond = 20;
const burst = 40;
/** A bucket that is full again says nothing: it is dropped when so many are kept. */
const maxBuckets = 10_000;

/** @param monotonicMs clock of durations. */
export function createRateLimit(monotonicMs: () => number): RateLimit {
  const buckets = new Map<string, { readonly tokens: number; readonly atMs: number }>();
  return function limit({ caller }) {
    // The caller's own id, not its credential: a client does not escape by asking for another token.
    const id = caller?.id ?? '';
    const nowMs = monotonicMs();
    const bucket = buckets.get(id) ?? { tokens: burst, atMs: nowMs };
    const tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * perSecond);
    if (tokens < 1) throw new HttpProblem('rate_limited', undefined, retryAfterHeaders(1000));
    if (buckets.size >= maxBuckets) buckets.clear();
    buckets.set(id, { tokens: tokens - 1, atMs: nowMs });
  };
}
