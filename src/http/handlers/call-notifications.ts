// POST /api/notifications/calls: what the calling platform says of calls. Its token is proven as the platform's
// documentation for calling bots asks; then every item is stored before the sender is answered, and Graph is not asked.
import type { Notification } from '../../domain/notification.ts';
import type { Log } from '../../flows/ports.ts';
import type { TakeOutcome } from '../../flows/take-notifications.ts';
import { type Call, emptyResponse, type Handle } from '../endpoint.ts';
import { readCollection } from '../notification-body.ts';
import { HttpProblem } from '../problem.ts';
import type { VerifyToken } from '../token-verifier.ts';

export type CallNotificationDeps = {
  /** Null: call notifications are off. */
  readonly verify: VerifyToken | null;
  readonly readNotification: (value: unknown) => Notification;
  readonly takeNotifications: (notifications: readonly Notification[]) => Promise<TakeOutcome>;
  readonly log: Log;
};

export function createTakeCallNotifications(deps: CallNotificationDeps): Handle {
  return async function takeCallNotifications(call) {
    if (deps.verify === null) throw new HttpProblem('route_not_found');
    await verifySender(deps.verify, call);
    const { value } = await readCollection(call.request);
    const taken = await deps.takeNotifications(value.map(deps.readNotification));
    if (taken.outcome === 'storageBusy') throw new HttpProblem('storage_busy');
    if (taken.counts.ignored > 0)
      deps.log('warn', { correlationId: call.correlationId, ...taken.counts }, 'notifications were ignored');
    // 204 would ask for the legacy protocol.
    return emptyResponse(call, 202);
  };

  async function verifySender(verify: VerifyToken, { request, correlationId }: Call): Promise<void> {
    try {
      await verify(request.headers.get('authorization'));
    } catch (error) {
      const code = error instanceof HttpProblem ? error.code : 'internal_error';
      deps.log('warn', { correlationId, code }, 'call notification was refused');
      throw error;
    }
  }
}
