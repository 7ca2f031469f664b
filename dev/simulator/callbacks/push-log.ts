// What was sent, lost and answered, for tests and for whoever measures a receiver.
import { randomUUID } from 'node:crypto';
import { createHistogram } from 'node:perf_hooks';
import type { ChangeType } from '../faults.ts';
import { createLastEntries } from '../last-entries.ts';
import type { Forgery } from './push-tokens.ts';
import type { Outcome, Receipt } from './sender.ts';

/** One item of a POST, as it was meant. */
export type PushItem = {
  /** Canonical path of what it is about, however it was written. */
  readonly path: string;
  readonly changeType: ChangeType;
  /** Word of an operation, state of a call, null for participants. */
  readonly status: unknown;
};

/** One POST, or one that was never made. */
export type PushRecord = {
  /** Message-ID. Copies share it, redeliveries have their own. */
  readonly messageId: string;
  readonly originalMessageId: string;
  readonly uri: string;
  readonly items: readonly PushItem[];
  /** 1, and more for redeliveries. */
  readonly attempt: number;
  readonly isCopy: boolean;
  readonly forgery: Forgery | null;
  /** When it was sent, or lost, by the simulator's clock. */
  readonly atMs: number;
  outcome: Outcome | 'lost' | 'pending';
  /** Status of the answer. */
  status: number | null;
  latencyMs: number | null;
};

type Lost = { readonly uri: string; readonly item: PushItem; readonly atMs: number };
type Unanswered = Omit<PushRecord, 'outcome' | 'status' | 'latencyMs'>;

export type LatencyView = { readonly p50: number; readonly p99: number; readonly max: number };

export type PushStats = {
  /** POSTs made: copies, redeliveries and forged ones included. */
  readonly sent: number;
  /** Answered 2xx, but for 204. */
  readonly accepted: number;
  /** Answered anything else; 302 is not followed. */
  readonly refused: number;
  /** Answered 204, which asks for the legacy protocol: a mistake of the receiver. */
  readonly noContent: number;
  readonly timedOut: number;
  /** No answer: the connection failed or was cut. */
  readonly failed: number;
  /** Never sent, by a switch. */
  readonly lost: number;
  readonly copies: number;
  readonly redelivered: number;
  /** Redelivery ended without an acceptance. */
  readonly givenUp: number;
  readonly forged: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly latencyMs: LatencyView;
};

export type PushLog = ReturnType<typeof createPushLog>;

/** @param keep how many of the last records are kept */
export function createPushLog(keep: number) {
  const log = createLastEntries<PushRecord>(keep);
  let counts = freshCounts();
  let latencies = createLatencies();

  return {
    /** What was never put into a message, and has an id here only. */
    lost({ uri, item, atMs }: Lost): void {
      counts.lost += 1;
      const id = randomUUID();
      log.add({
        messageId: id,
        originalMessageId: id,
        uri,
        items: [item],
        attempt: 1,
        isCopy: false,
        forgery: null,
        atMs,
        outcome: 'lost',
        status: null,
        latencyMs: null,
      });
    },
    sent(about: Unanswered): PushRecord {
      counts.sent += 1;
      counts.copies += about.isCopy ? 1 : 0;
      counts.redelivered += about.attempt > 1 ? 1 : 0;
      counts.forged += about.forgery === null ? 0 : 1;
      return log.add({ ...about, outcome: 'pending', status: null, latencyMs: null });
    },
    answered(record: PushRecord, { outcome, status, latencyMs }: Receipt): void {
      Object.assign(record, { outcome, status, latencyMs });
      counts[outcome] += 1;
      if (status !== null) {
        counts.byStatus[status] = (counts.byStatus[status] ?? 0) + 1;
        latencies.add(latencyMs);
      }
    },
    givenUp(): void {
      counts.givenUp += 1;
    },
    /** The last records, oldest first. */
    records: (): readonly PushRecord[] => structuredClone(log.last()),
    stats: (): PushStats => structuredClone({ ...counts, latencyMs: latencies.view() }),
    zero(): void {
      counts = freshCounts();
      latencies = createLatencies();
      log.clear();
    },
  };
}

/** Latencies to a thousandth of their size, however many. */
export function createLatencies() {
  const histogram = createHistogram();
  const ms = (microseconds: number): number => microseconds / 1000;
  return {
    add(latencyMs: number): void {
      histogram.record(Math.max(1, Math.round(latencyMs * 1000)));
    },
    view(): LatencyView {
      const isEmpty = histogram.count === 0;
      const [p50, p99] = [50, 99].map((share) => ms(histogram.percentile(share)));
      return isEmpty ? { p50: 0, p99: 0, max: 0 } : { p50: p50 ?? 0, p99: p99 ?? 0, max: ms(histogram.max) };
    },
  };
}

function freshCounts() {
  return {
    sent: 0,
    accepted: 0,
    refused: 0,
    noContent: 0,
    timedOut: 0,
    failed: 0,
    lost: 0,
    copies: 0,
    redelivered: 0,
    givenUp: 0,
    forged: 0,
    byStatus: {} as Record<string, number>,
  };
}
