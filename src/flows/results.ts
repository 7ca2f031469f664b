// What the flows answer: normal outcomes as values, so that the HTTP layer maps each to one status.
import type { OperationView } from '../domain/view.ts';

export type TrackOutcome =
  | { readonly outcome: 'created' | 'existing'; readonly operation: OperationView }
  | { readonly outcome: 'generationUnknown' }
  | { readonly outcome: 'storageBusy' };

export type StopOutcome =
  | { readonly outcome: 'ended'; readonly operation: OperationView }
  | { readonly outcome: 'notFound' }
  | { readonly outcome: 'generationChanged' }
  | { readonly outcome: 'storageBusy' };

export type PollNowOutcome =
  | { readonly outcome: 'polled'; readonly operation: OperationView }
  | { readonly outcome: 'notFound' }
  | { readonly outcome: 'ended' }
  | { readonly outcome: 'throttled'; readonly retryAfterMs: number }
  | { readonly outcome: 'unreadable'; readonly code: string }
  | { readonly outcome: 'storageBusy' };
