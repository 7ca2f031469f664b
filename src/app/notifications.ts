// What the routes of notifications need, made from the configuration.
import type { Config } from '../config/types.ts';
import type { Notification } from '../domain/notification.ts';
import type { GraphHome } from '../domain/resources.ts';
import type { FindByParentPorts } from '../flows/find-by-parent.ts';
import { createFindByParent } from '../flows/find-by-parent.ts';
import { createTakeNotifications, type TakeOutcome, type TakePorts } from '../flows/take-notifications.ts';
import { readNotification } from '../graph/notifications.ts';
import type { VerifyToken } from '../http/token-verifier.ts';
import { createPlatformVerifier } from './token-checks.ts';

export type Notifications = {
  /** Null: call notifications are off. */
  readonly verify: VerifyToken | null;
  readonly readNotification: (value: unknown) => Notification;
  readonly takeNotifications: (notifications: readonly Notification[]) => Promise<TakeOutcome>;
  /** The secret of change notifications; null: none is accepted. */
  readonly clientState: string | null;
};

export type NotificationPorts = Omit<TakePorts, 'findByParent' | 'autoTrack'> & FindByParentPorts;

export function createNotifications(
  config: Config,
  home: GraphHome,
  ports: NotificationPorts,
): Notifications {
  const { calls, clientState } = config;
  return {
    verify: calls && createPlatformVerifier(calls, ports.clock),
    readNotification: (value) => readNotification(value, { home, nowMs: ports.clock.nowMs() }),
    takeNotifications: createTakeNotifications({
      ...ports,
      findByParent: createFindByParent(ports),
      autoTrack: calls?.autoTrack ?? false,
    }),
    clientState: clientState?.reveal() ?? null,
  };
}
