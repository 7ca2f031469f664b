// A change of raw status or of state. Its event's bytes are made once, when it is committed, and never again.
import type { Evidence, ObservedBy, Operation, State } from './operation.ts';

export type Transition = {
  readonly previous: { readonly state: State; readonly status: string | null } | null;
  /** The operation as it was right after this transition (its sequence is the transition's). */
  readonly operation: Operation;
  readonly observedBy: ObservedBy;
  readonly observedAtMs: number;
  readonly evidence: Evidence | null;
};

/** An event ready for the queue. `body` is the verbatim CloudEvents JSON, at most 24 KiB in UTF-8. */
export type OperationEvent = {
  readonly key: string;
  readonly generation: number;
  readonly sequence: number;
  readonly body: string;
};
