// A caller's Idempotency-Key: the first request with it runs, later ones with the same content get its answer again for
// a day. A change is never made twice: when the first one's answer was never stored, because we died or storage was
// away, later ones are told that nobody knows its outcome.
import type { Clock } from './ports.ts';

/** An answer as it can be given again. */
export type StoredAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type IdempotencyRecord = {
  /** Digest of method, address and body. */
  readonly requestHash: string;
  /** Which run of the request wrote it. */
  readonly runId: string;
  readonly startedAtMs: number;
  /** Null while the first request runs. */
  readonly answer: StoredAnswer | null;
};

/** Each method answers whether the write was clearly applied. */
export type IdempotencyStore = {
  readonly read: (
    id: string,
  ) => Promise<{ readonly record: IdempotencyRecord; readonly etag: string } | null>;
  readonly create: (id: string, record: IdempotencyRecord) => Promise<boolean>;
  readonly replace: (id: string, record: IdempotencyRecord, etag: string) => Promise<boolean>;
  readonly remove: (id: string, etag: string) => Promise<boolean>;
};

export type IdempotencyPorts = { readonly clock: Clock; readonly idempotency: IdempotencyStore };

export type Idempotent =
  | { readonly outcome: 'answered'; readonly answer: StoredAnswer; readonly isReplay: boolean }
  | { readonly outcome: 'inProgress' }
  | { readonly outcome: 'mismatch' }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'storageBusy' };

export type RunOnce = (
  request: { readonly id: string; readonly requestHash: string; readonly runId: string },
  run: () => Promise<StoredAnswer>,
) => Promise<Idempotent>;

/** How long an answer is given again. */
export const idempotencyKeptMs = 24 * 3_600_000;
/** No request runs longer: the platform ends it before. */
const runsAtMostMs = 5 * 60_000;
/** Refusals before anything was done: the caller is to try again with the same key. */
const retriable = new Set([429, 503]);
const attempts = 3;

export function createRunOnce({ clock, idempotency }: IdempotencyPorts): RunOnce {
  return async function runOnce({ id, requestHash, runId }, run) {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const startedAtMs = clock.nowMs();
      const mine: IdempotencyRecord = { requestHash, runId, startedAtMs, answer: null };
      const found = await idempotency.read(id);
      // An unclear write of ours that was applied after all.
      if (found?.record.runId === runId) return runAndStore(id, found.record, run);
      if (found !== null && startedAtMs - found.record.startedAtMs < idempotencyKeptMs) {
        return answerFrom(found.record, requestHash, startedAtMs);
      }
      const isBegun =
        found === null ? await idempotency.create(id, mine) : await idempotency.replace(id, mine, found.etag);
      if (isBegun) return runAndStore(id, mine, run);
    }
    return { outcome: 'storageBusy' };
  };

  async function runAndStore(
    id: string,
    mine: IdempotencyRecord,
    run: () => Promise<StoredAnswer>,
  ): Promise<Idempotent> {
    const answer = await run();
    await store(id, mine, answer).catch(() => undefined); // the answer counts more than its record
    return { outcome: 'answered', answer, isReplay: false };
  }

  async function store(id: string, mine: IdempotencyRecord, answer: StoredAnswer): Promise<void> {
    const found = await idempotency.read(id);
    if (found === null || found.record.runId !== mine.runId) return;
    if (retriable.has(answer.status)) await idempotency.remove(id, found.etag);
    else await idempotency.replace(id, { ...mine, answer }, found.etag);
  }
}

function answerFrom(record: IdempotencyRecord, requestHash: string, nowMs: number): Idempotent {
  if (record.requestHash !== requestHash) return { outcome: 'mismatch' };
  if (record.answer !== null) return { outcome: 'answered', answer: record.answer, isReplay: true };
  return nowMs - record.startedAtMs < runsAtMostMs ? { outcome: 'inProgress' } : { outcome: 'unknown' };
}
