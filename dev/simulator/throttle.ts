// Quotas and announced waits. A quota is a token bucket per kind and tenant, judged per item as Graph does.
// A wait binds from the moment in which its answer was sent; whoever calls inside it is counted as early.
import { z } from 'zod';
import { type RetryAfter, retryAfterSchema } from './faults.ts';
import { type Kind, kindSchema } from './scripts.ts';

const quotaSchema = z.strictObject({
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
type Bucket = { readonly tokens: number; readonly filledAtMs: number };
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
  return { ...createQuotas(), ...createWindows(graceMs) };
}

function createQuotas() {
  let quotas: readonly Quota[] = [];
  const buckets = new Map<string, Bucket>();

  return {
    setQuota(input: QuotaInput): void {
      const quota = quotaSchema.parse(input);
      const others = quotas.filter((other) => other.kind !== quota.kind || other.tenant !== quota.tenant);
      quotas = [...others, quota].toSorted((first, second) => narrowness(second) - narrowness(first));
      buckets.clear();
    },
    clearQuotas(): void {
      quotas = [];
      buckets.clear();
    },
    listQuotas(): readonly Quota[] {
      return quotas;
    },
    /** Takes one item from its bucket; a refusal says what Retry-After to send. The narrowest quota decides. */
    admit(tenant: string, kind: Kind, nowMs: number): { readonly retryAfter: RetryAfter } | undefined {
      const quota = quotas.find((each) => (each.kind ?? kind) === kind && (each.tenant ?? tenant) === tenant);
      if (!quota) {
        return undefined;
      }
      const key = `${tenant} ${kind}`;
      const bucket = filled(quota, buckets.get(key), nowMs);
      const isAdmitted = bucket.tokens >= 1;
      const tokens = isAdmitted || quota.chargesRefused ? bucket.tokens - 1 : bucket.tokens;
      buckets.set(key, { ...bucket, tokens });
      if (isAdmitted) {
        return undefined;
      }
      const waitSeconds = Math.max(1, Math.ceil((1 - tokens) / quota.itemsPerSecond));
      return { retryAfter: quota.retryAfter === undefined ? waitSeconds : quota.retryAfter };
    },
  };
}

function narrowness(quota: Quota): number {
  return (quota.kind === undefined ? 0 : 1) + (quota.tenant === undefined ? 0 : 1);
}

/** The bucket as it is now, with what it gained since it was last looked at. */
function filled(quota: Quota, bucket: Bucket | undefined, nowMs: number): Bucket {
  const burst = quota.burst ?? quota.itemsPerSecond;
  if (!bucket) {
    return { tokens: burst, filledAtMs: nowMs };
  }
  const gained = (Math.max(0, nowMs - bucket.filledAtMs) / 1000) * quota.itemsPerSecond;
  return { tokens: Math.min(burst, bucket.tokens + gained), filledAtMs: nowMs };
}

function createWindows(graceMs: number) {
  const windows = new Map<string, Window>();

  return {
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
