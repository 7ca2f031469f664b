// A token bucket for each caller, in this process: a loop gone wild is slowed down before it reaches Graph.
import { createHash } from 'node:crypto';
import type { HttpRequest } from '@azure/functions';
import { HttpProblem, retryAfterHeaders } from './problem.ts';

/** @throws HttpProblem rate_limited */
export type RateLimit = (request: HttpRequest) => void;

const perSecond = 20;
const burst = 40;
/** A bucket that is full again says nothing: it is dropped when so many are kept. */
const maxBuckets = 10_000;

/** @param monotonicMs clock of durations. */
export function createRateLimit(monotonicMs: () => number): RateLimit {
  const buckets = new Map<string, { readonly tokens: number; readonly atMs: number }>();
  return function limit(request) {
    const caller = callerOf(request);
    const nowMs = monotonicMs();
    const bucket = buckets.get(caller) ?? { tokens: burst, atMs: nowMs };
    const tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * perSecond);
    if (tokens < 1) throw new HttpProblem('rate_limited', undefined, retryAfterHeaders(1000));
    if (buckets.size >= maxBuckets) buckets.clear();
    buckets.set(caller, { tokens: tokens - 1, atMs: nowMs });
  };
}

/** The caller by its credential, which is kept only as a digest. */
function callerOf(request: HttpRequest): string {
  const key =
    request.headers.get('x-functions-key') ??
    request.query.get('code') ??
    request.headers.get('authorization');
  return createHash('sha256')
    .update(key ?? '')
    .digest('base64url');
}
