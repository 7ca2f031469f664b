// Whom notifications are sent to, and as whose: an address, and what the token says of it.
// The subscriptions of the control API get what no call keeps for a `callbackUri` of its own.
import { z } from 'zod';
import { kindSchema } from '../scripts.ts';

/** @see Microsoft's calling samples: both are accepted there, the documents show the first only */
const documentedIssuers = ['https://api.botframework.com', 'https://graph.microsoft.com'] as const;

/** Audience and tenant where nobody named one. */
const nobody = '00000000-0000-0000-0000-000000000000';

/** Any host is allowed: a receiver may live in a container. */
export const uriSchema = z.url({ protocol: /^https?$/ });

const identity = {
  /** Audience of the token: the app id of the calling bot. */
  appId: z.string().min(1),
  tenantId: z.string().min(1),
  /** One of the two documented ones, or any. */
  issuer: z.string().min(1),
};

/** What a call knows of its own callback; the rest is the first subscription's. */
export const callbackSchema = z.strictObject({
  uri: uriSchema,
  appId: identity.appId.optional(),
  tenantId: identity.tenantId.optional(),
  issuer: identity.issuer.optional(),
});
export type CallbackTarget = Readonly<z.output<typeof callbackSchema>>;

/** A receiver, complete. */
export const targetSchema = z.strictObject({
  uri: uriSchema,
  appId: identity.appId,
  tenantId: identity.tenantId.default(nobody),
  issuer: identity.issuer.default(documentedIssuers[0]),
});
export type Target = Readonly<z.output<typeof targetSchema>>;

const subscriptionSchema = targetSchema.extend({
  where: z
    .strictObject({
      /** `commsOperation` leaves out what calls tell of themselves. */
      kind: kindSchema.optional(),
      /** Part of the canonical path. */
      path: z.string().optional(),
    })
    .default({}),
});
export type SubscriptionInput = z.input<typeof subscriptionSchema>;
export type SubscriptionView = z.output<typeof subscriptionSchema> & { readonly id: string };

/** What a notification is about. */
export type Topic = {
  /** Canonical path of the operation or call. */
  readonly path: string;
  readonly isOperation: boolean;
  /** The callback of the call that it is, or stands under. */
  readonly callback: CallbackTarget | undefined;
};

export type Subscriptions = ReturnType<typeof createSubscriptions>;

/** No subscriptions. */
export function createSubscriptions() {
  let subscriptions: readonly SubscriptionView[] = [];
  let lastId = 0;

  return {
    /** @throws ZodError when the input is no subscription. */
    add(input: SubscriptionInput): string {
      const id = `callback-${++lastId}`;
      subscriptions = [...subscriptions, { ...subscriptionSchema.parse(input), id }];
      return id;
    },
    /** False when there is no such subscription. */
    remove(id: string): boolean {
      const kept = subscriptions.filter((subscription) => subscription.id !== id);
      const isRemoved = kept.length < subscriptions.length;
      subscriptions = kept;
      return isRemoved;
    },
    clear(): void {
      subscriptions = [];
    },
    list: (): readonly SubscriptionView[] => subscriptions,
    /** Who is told: the call's own callback alone, or every subscription whose scope matches. */
    targetsOf(topic: Topic): readonly Target[] {
      const { callback } = topic;
      if (callback) {
        const { appId = nobody, tenantId = nobody, issuer = documentedIssuers[0] } = subscriptions[0] ?? {};
        return [
          {
            uri: callback.uri,
            appId: callback.appId ?? appId,
            tenantId: callback.tenantId ?? tenantId,
            issuer: callback.issuer ?? issuer,
          },
        ];
      }
      return subscriptions.filter((subscription) => matches(subscription, topic));
    },
  };
}

function matches({ where }: SubscriptionView, { path, isOperation }: Topic): boolean {
  return (
    (where.kind === undefined || (isOperation && where.kind === 'commsOperation')) &&
    (where.path === undefined || path.includes(where.path))
  );
}
