// The receiving half of the real app in this process: real Azurite, a Graph on loopback, an issuer of the platform's
// tokens, and notifications as the platform writes them.
import { HttpRequest, InvocationContext } from '@azure/functions';
import { createEndpoint } from '../../../src/http/endpoint.ts';
import { createTakeCallNotifications } from '../../../src/http/handlers/call-notifications.ts';
import { createTakeChangeNotifications } from '../../../src/http/handlers/change-notifications.ts';
import { expectDocumented } from '../../fixtures/documented.ts';
import {
  type Claims,
  claimsWith,
  type Issuer,
  makeToken,
  startIssuer,
  tenant,
} from '../../fixtures/issuer.ts';
import { startWatching, type Watching } from '../watching/harness.ts';

export const bot = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
export const platform = 'https://api.botframework.com';
export const clientState = 'canary-client-state';

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly code: string | null;
};

export type Receiving = Watching & {
  readonly issuer: Issuer;
  readonly tokenOf: (changes?: Claims) => string;
  /** A collection of items with a good token. */
  readonly push: (...items: readonly unknown[]) => Promise<Answer>;
  readonly send: (
    route: 'calls' | 'graph',
    asked: {
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly query?: string;
    },
  ) => Promise<Answer>;
};

/** @param env more settings, such as `OPWATCH_CALLS_AUTO_TRACK`. */
export async function startReceiving(env: Readonly<Record<string, string>> = {}): Promise<Receiving> {
  const issuer = await startIssuer();
  const { privateKey } = issuer.addKey('first');
  const watching = await startWatching({
    OPWATCH_TENANT_ID: tenant,
    OPWATCH_CALLS_APP_ID: bot,
    OPWATCH_CALLS_OPENID_URL: issuer.openIdUrl,
    OPWATCH_NOTIFICATIONS_CLIENT_STATE: clientState,
    OPWATCH_COMMS_OPERATION_FIRST_POLL_SECONDS: '0',
    OPWATCH_COMMS_OPERATION_INTERVAL_SECONDS: '15',
    ...env,
  });
  const { app } = watching;
  const options = { serves: 'POST', allow: ['POST'], right: null, ...app } as const;
  const calls = createEndpoint(options, createTakeCallNotifications({ ...app, ...app.notifications }));
  const graph = createEndpoint(
    options,
    createTakeChangeNotifications({ ...app, ...app.flows, ...app.notifications }),
  );
  const tokenOf = (changes: Claims = {}): string =>
    makeToken(privateKey, { claims: claimsWith({ iss: platform, aud: bot, ...changes }) });

  const send: Receiving['send'] = async (route, { body, headers, query = '' }) => {
    const url = `http://127.0.0.1/api/notifications/${route}${query}`;
    const request = new HttpRequest({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: { string: body } }),
    });
    const handler = route === 'calls' ? calls : graph;
    const response = await handler(request, new InvocationContext());
    const text = typeof response.body === 'string' ? response.body : '';
    const answer = {
      status: response.status ?? 0,
      headers: Object.fromEntries(new Headers(response.headers as Record<string, string>)),
      text,
      code: /"code":"(\w+)"/.exec(text)?.[1] ?? null,
    };
    expectDocumented({ method: 'POST', path: url }, answer);
    return answer;
  };

  return {
    ...watching,
    issuer,
    tokenOf,
    send,
    push: (...items) =>
      send('calls', {
        body: JSON.stringify({ '@odata.type': '#microsoft.graph.commsNotifications', value: items }),
        headers: { authorization: `Bearer ${tokenOf()}` },
      }),
    stop: async () => {
      await watching.stop();
      await issuer.stop();
    },
  };
}

/** A notification of an operation as the documentation shows it; `data` is laid over its entity. */
export function pushOf(
  path: string,
  status: unknown,
  changes: { readonly data?: Claims; readonly item?: Claims } = {},
): Claims {
  const id = path.split('/').at(-1);
  return {
    '@odata.type': '#microsoft.graph.commsNotification',
    changeType: status === 'completed' || status === 'failed' ? 'deleted' : 'updated',
    resourceUrl: path,
    resourceData: {
      '@odata.type': '#microsoft.graph.playPromptOperation',
      '@odata.id': path,
      '@odata.etag': 'W/"54451"',
      id,
      status,
      ...changes.data,
    },
    ...changes.item,
  };
}
