// Where receivers find the keys: the OpenID configuration and its key set, which can be down, slow or nonsense.
// @see the calling platform's metadata, which lists `authorization_endpoint` as an address that nothing serves
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Subject, SwitchParameters } from '../faults.ts';
import type { Timers } from '../send.ts';
import type { Simulation } from '../simulation.ts';

/** Both spellings of the version are served: the platform's own is `/v1`. */
const keyPaths = /^\/v1(?:\.0)?\/\.well-known\/(openidconfiguration|keys)(?:\?|$)/i;

/** True for what serveKeys answers. */
export function isKeyPath(url: string): boolean {
  return keyPaths.test(url);
}

type Incoming = { readonly request: IncomingMessage; readonly response: ServerResponse };

/** Answers a request for the OpenID configuration or the keys. */
export async function serveKeys(
  about: { readonly simulation: Simulation; readonly timers: Timers },
  incoming: Incoming,
): Promise<void> {
  const { simulation, timers } = about;
  const { request, response } = incoming;
  const { method = 'GET', url = '' } = request;
  const what = keyPaths.exec(url)?.[1]?.toLowerCase() === 'keys' ? 'keys' : 'document';
  simulation.stats.keyFetch(what);
  const subject: Subject = { method, paths: [url], kinds: [], tenant: 'default', batched: false };
  const fault = simulation.faults.take('keyServer', subject);
  if (fault?.form === 'slow') {
    await pause(fault.ms, timers);
  } else if (fault) {
    misbehave(fault, what, incoming);
    return;
  }
  if (method !== 'GET') {
    send(response, 405, {});
    return;
  }
  send(
    response,
    200,
    what === 'keys' ? await simulation.pushes.keys.published() : configuration(simulation.origin()),
  );
}

function misbehave(
  { form, status }: SwitchParameters<'keyServer'>,
  what: 'document' | 'keys',
  { request, response }: Incoming,
): void {
  switch (form) {
    case 'reset':
      request.socket.resetAndDestroy();
      return;
    case 'status':
      send(response, status, {});
      return;
    case 'redirect':
      response.writeHead(302, { Location: '/v1.0/.well-known/elsewhere' }).end();
      return;
    case 'html':
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!DOCTYPE html><html></html>');
      return;
    case 'empty':
      send(response, 200, what === 'keys' ? { keys: [] } : {});
      return;
    case 'hang':
    case 'slow':
  }
}

function configuration(origin: string): unknown {
  return {
    issuer: 'https://api.botframework.com',
    authorization_endpoint: 'https://invalid.botframework.com',
    jwks_uri: `${origin}/v1.0/.well-known/keys`,
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

/** Never ends when the simulator stops meanwhile, and holds nothing then. */
async function pause(ms: number, timers: Timers): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      resolve();
    }, ms);
    timers.add(timer);
  });
}
