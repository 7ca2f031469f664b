// News about one operation, however it came. An observation is dated by when its request was sent: what a slow
// answer says was true then, not when it arrived. A transport fault is `unreadable`, never a status.
import type { Details, ObservedBy } from './operation.ts';

/** Code of an unreadable observation that says: not read, because Graph asked to wait. */
export const throttledCode = 'throttled';

type Dated = {
  /** When the request left (for a push: when it arrived; for a stop or a deadline: now), in storage time. */
  readonly sentAtMs: number;
  /** When the answer had arrived, in storage time; the transition's time. */
  readonly arrivedAtMs: number;
};

/** A parsed provider body. `status` is Graph's word or null. */
export type StatusObservation = Dated & {
  readonly type: 'status';
  readonly observedBy: Extract<ObservedBy, 'poll' | 'push' | 'patch'>;
  readonly status: string | null;
  readonly details: Details;
};

export type GoneObservation = Dated & {
  readonly type: 'gone';
  readonly httpStatus: 404 | 410;
  readonly code: string;
};
/** 401 or 403: the identity may not read it. */
export type RefusedObservation = Dated & { readonly type: 'refused'; readonly code: string };
/** Throttled item, failed transport, malformed answer, foreign id: nothing is known. */
export type UnreadableObservation = Dated & { readonly type: 'unreadable'; readonly code: string };
/** The platform's word that the operation, or the call that it belongs to, is no more; what it ended as was not said. */
export type DeletedObservation = Dated & { readonly type: 'deleted' };
/** A caller's stop. */
export type StopObservation = Dated & { readonly type: 'stop' };

/** What one read of Graph can say. */
export type ReadObservation =
  | (StatusObservation & { readonly observedBy: 'poll' })
  | GoneObservation
  | RefusedObservation
  | UnreadableObservation;

export type Observation =
  | StatusObservation
  | GoneObservation
  | RefusedObservation
  | UnreadableObservation
  | DeletedObservation
  | StopObservation;
