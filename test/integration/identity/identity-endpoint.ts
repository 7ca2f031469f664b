// The identity endpoint that App Service and Functions offer to an app: plain HTTP on loopback, a secret in a header, a
// token for a resource.
// @see App Service documentation, "REST endpoint reference" of managed identities
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type IdentityRequest = {
  readonly method: string;
  readonly query: Readonly<Record<string, string>>;
  /** Null when the header was wrong. */
  readonly token: string | null;
};

export type IdentityEndpoint = {
  /** The variables that tell an app of it. */
  readonly env: Readonly<Record<string, string>>;
  readonly requests: () => readonly IdentityRequest[];
  /** Where it leads from now on, in place of giving tokens. */
  elsewhere: string | null;
  readonly stop: () => Promise<void>;
};

export const identityHeader = 'canary-identity-header';
const lifeSeconds = 86_400;

export async function startIdentityEndpoint(): Promise<IdentityEndpoint> {
  const requests: IdentityRequest[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://127.0.0.1');
    const isKnown = request.headers['x-identity-header'] === identityHeader && pathname === '/msi/token';
    const token = isKnown ? `token-${requests.length + 1}-${randomUUID()}` : null;
    const query = Object.fromEntries(searchParams);
    requests.push({ method: request.method ?? '', query, token });
    if (endpoint.elsewhere !== null) {
      response.writeHead(302, { location: endpoint.elsewhere }).end();
      return;
    }
    response.writeHead(token === null ? 401 : 200, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        access_token: token,
        expires_on: String(Math.floor(Date.now() / 1000) + lifeSeconds),
        resource: query['resource'],
        token_type: 'Bearer',
        client_id: query['client_id'] ?? randomUUID(),
      }),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint: IdentityEndpoint = {
    env: {
      IDENTITY_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}/msi/token`,
      IDENTITY_HEADER: identityHeader,
    },
    requests: () => requests,
    elsewhere: null,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return endpoint;
}
