// Quotas and announced waits. A quota is a token bucket per kind and tenant, judged per item as Graph does.
// A wait binds from the moment in which its answer was sent; whoever calls inside it is counted as early.
import { z } from 'zod';
import { type RetryAfter, retryAfterSchema } from './faults.ts';
import { type Kind, kindSchema } from './scripts.ts';

export const quotaSchema = z.strictObject({
  /** All kinds, each with a bucket of its own, when absent. */
  kind: kindSchema.optional(),
  /** All tenants, each with a bucket of its own, when absent. */
  tenant: z.string().optional(),
  itemsPerSecond: z.number().positive(),
  /** Size of the bucket; one second's worth when absent. */
  burst: z.number().positive().optional(),
  /** Absent: whole seconds until the next item would pass. */
  retryAfter: retryAfterSchema.optional(),
  /** Refused items are charged too, so that calling early prolongs the wait. */
  chargesRefused: z.boolean().default(false),
});

export type QuotaInput = z.input<typeof quotaSchema>;
type Quota = z.output<typeof quotaSchema>;
type Bucket = { tokens: number; filledAtMs: number };
type Window = { readonly openedAtMs: number; readonly untilMs: number };

/** A call inside an announced wait. */
export type EarlyCall = {
  readonly kind: Kind;
  readonly tenant: string;
  readonly atMs: number;
  readonly untilMs: number;
};

export type Throttle = ReturnType<typeof createThrottle>;

/**
 * @param graceMs requests that arrive this soon after the wait was announced were under way already
 */
export function createThrottle(graceMs: number) {
  let quotas: readonly Quota[] = [];
  const buckets = new Map<string, Bucket>();
  const windows = new Map<string, Window>();

  function bucketOf(quota: Quota, key: string, nowMs: number): Bucket {
    const burst = quota.burst ?? quota.itemsPerSecond;
    const bucket = buckets.get(key) ?? { tokens: burst, filledAtMs: nowMs };
    buckets.set(key, bucket);
    const gained = (Math.max(0, nowMs - bucket.filledAtMs) / 1000) * quota.itemsPerSecond;
    bucket.tokens = Math.min(burst, bucket.tokens + gained);
    bucket.filledAtMs = nowMs;
    return bucket;
  }

  return {
    setQuota(input: QuotaInput): void {
      const quota = quotaSchema.parse(input);
      quotas = [
        ...quotas.filter((other) => other.kind !== quota.kind || other.tenant !== quota.tenant),
        quota,
      ];
      buckets.clear();
    },
    clearQuotas(): void {
      quotas = [];
      buckets.clear();
    },
    listQuotas(): readonly Quota[] {
      return quotas;
    },
    /** Takes one item from its bucket; a refusal says what Retry-After to send. */
    admit(tenant: string, kind: Kind, nowMs: number): { readonly retryAfter: RetryAfter } | undefined {
      for (const quota of quotas) {
        if (
          (quota.kind !== undefined && quota.kind !== kind) ||
          (quota.tenant !== undefined && quota.tenant !== tenant)
        ) {
          continue;
        }
        const bucket = bucketOf(quota, `${tenant} ${kind}`, nowMs);
        const isAdmitted = bucket.tokens >= 1;
        if (isAdmitted || quota.chargesRefused) {
          bucket.tokens -= 1;
        }
        if (!isAdmitted) {
          const waitSeconds = Math.max(1, Math.ceil((1 - bucket.tokens) / quota.itemsPerSecond));
          return { retryAfter: quota.retryAfter === undefined ? waitSeconds : quota.retryAfter };
        }
      }
      return undefined;
    },
    /** Opens windows once their answer was sent; a later end wins. */
    open(
      tenant: string,
      announced: readonly { readonly kind: Kind; readonly untilMs: number }[],
      nowMs: number,
    ): void {
      for (const { kind, untilMs } of announced) {
        const key = `${tenant} ${kind}`;
        const current = windows.get(key);
        const isOpen = current !== undefined && current.untilMs > nowMs;
        const openedAtMs = isOpen ? current.openedAtMs : nowMs;
        windows.set(key, { openedAtMs, untilMs: Math.max(untilMs, isOpen ? current.untilMs : 0) });
      }
    },
    /** The call, when it came inside an announced wait. */
    earlyCall(tenant: string, kind: Kind, atMs: number): EarlyCall | undefined {
      const window = windows.size > 0 ? windows.get(`${tenant} ${kind}`) : undefined;
      const isEarly = window !== undefined && atMs > window.openedAtMs + graceMs && atMs < window.untilMs;
      return isEarly ? { kind, tenant, atMs, untilMs: window.untilMs } : undefined;
    },
    clearWindows(): void {
      windows.clear();
    },
  };
}
