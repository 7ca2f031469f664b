// What one notification of the platform says, translated: news about one operation, about all of a call, or nothing.
import type { DeletedObservation, StatusObservation } from './observation.ts';
import type { Kind } from './operation.ts';
import type { NamedResource } from './resources.ts';

export type Notification =
  | {
      readonly type: 'operation';
      readonly named: NamedResource;
      /** In the order in which they are to be applied; none where nothing was said of it. */
      readonly observations: readonly (StatusObservation | DeletedObservation)[];
    }
  /** An operation that only its caller's context tells apart from the others of its call. */
  | {
      readonly type: 'context';
      readonly kind: Kind;
      readonly parentId: string;
      readonly clientContext: string;
      readonly observation: StatusObservation;
    }
  | {
      readonly type: 'parentEnded';
      readonly kind: Kind;
      readonly parentId: string;
      readonly observation: DeletedObservation;
    }
  /** Of a call, but of no operation: participants, a state that is no end. */
  | { readonly type: 'unrelated' }
  | { readonly type: 'ignored'; readonly reason: 'malformed' | 'foreign' };
