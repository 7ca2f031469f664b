// What happened, in one order: the world's truth, what was seen of it, what was committed, published and received. The
// same form comes from simulated runs and from runs of real processes; a run that can't see a part leaves it out.

export type ObservedBy = 'poll' | 'push' | 'patch';

/** The row of one action of a transaction, at the moment of its application. */
export type CommittedRow = {
  readonly rowKey: string;
  readonly action: 'create' | 'replace' | 'delete';
  /** That of the row which was replaced or deleted; null for a creation. */
  readonly replaced: string | null;
  /** That of the row which is there now; null after a deletion. */
  readonly etag: string | null;
  /** The row's JSON where it has one; null for others. */
  readonly value: string | null;
  readonly before: string | null;
};

export type HistoryEvent = {
  /** True time, whatever the processes' clocks say. */
  readonly atMs: number;
  /** Process, or the world. */
  readonly by: string;
} & (
  | {
      readonly type: 'truth';
      readonly key: string;
      readonly word: string | null;
      readonly gone: 404 | 410 | null;
    }
  | {
      readonly type: 'observed';
      readonly key: string;
      readonly how: ObservedBy;
      /** A word, `null`, an HTTP status, or `deleted` for a deletion that was announced without a word. */
      readonly what: string;
      readonly sentAtMs: number;
    }
  | { readonly type: 'called'; readonly tenantId: string; readonly sentAtMs: number; readonly items: number }
  /** Graph told a process to wait. */
  | { readonly type: 'throttled'; readonly tenantId: string; readonly untilMs: number }
  | { readonly type: 'committed'; readonly rows: readonly CommittedRow[] }
  | { readonly type: 'enqueued'; readonly body: string }
  | { readonly type: 'received'; readonly body: string }
  /** A caller's or sender's request that was answered with success. */
  | { readonly type: 'tracked'; readonly key: string; readonly generation: number; readonly created: boolean }
  | { readonly type: 'stopped'; readonly key: string; readonly generation: number }
  | { readonly type: 'stopAsked'; readonly key: string; readonly generation: number }
  | {
      readonly type: 'pushAcked';
      readonly key: string;
      readonly word: string | null;
      readonly parked: boolean;
    }
  /** Verbatim events of a key, as the API or the table gives them at the end. */
  | { readonly type: 'kept'; readonly key: string; readonly bodies: readonly string[] }
  | { readonly type: 'crashed' | 'restarted' | 'paused' | 'ticked' }
  | { readonly type: 'fault'; readonly what: string }
  /** Faults are over, everything runs: from now on all has to settle. */
  | { readonly type: 'calm' }
);

export type History = readonly HistoryEvent[];
export type EventOf<T extends HistoryEvent['type']> = Extract<HistoryEvent, { readonly type: T }>;

export function only<T extends HistoryEvent['type']>(history: History, type: T): readonly EventOf<T>[] {
  return history.filter((event): event is EventOf<T> => event.type === type);
}
