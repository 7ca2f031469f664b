// What the HTTP functions may ask of the product.
import type { TrackRequest } from '../domain/tracking.ts';
import type { OperationView } from '../domain/view.ts';
import type { CheckReadiness } from './check-readiness.ts';
import type { FindByOperationId } from './find-by-operation-id.ts';
import type { ListQuery, ListResult } from './list-operations.ts';
import type { ProxyOutcome, ProxyRequest } from './proxy-request.ts';
import type { PollNowOutcome, StopOutcome, TrackOutcome } from './results.ts';

export type ApiFlows = {
  readonly track: (request: TrackRequest) => Promise<TrackOutcome>;
  readonly find: (key: string) => Promise<OperationView | null>;
  readonly waitForEnd: (key: string, waitMs: number, signal: AbortSignal) => Promise<OperationView | null>;
  readonly stop: (key: string, generation: number | null) => Promise<StopOutcome>;
  readonly pollNow: (key: string) => Promise<PollNowOutcome>;
  readonly list: (query: ListQuery) => Promise<ListResult>;
  /** Verbatim event texts, oldest first; null when nothing is or was watched under the key. */
  readonly events: (key: string) => Promise<readonly string[] | null>;
  readonly checkReadiness: CheckReadiness;
};

/** What the proxy's functions may ask. */
export type ProxyFlows = {
  readonly proxy: (request: ProxyRequest) => Promise<ProxyOutcome>;
  readonly findByOperationId: FindByOperationId;
};
