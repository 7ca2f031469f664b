// A component without keys: what is sent carries the token of the app's identity.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startToldHost, until } from './harness.ts';

/** The identity endpoint of the platform, which gives a token to whoever knows its header. */
async function startIdentity(): Promise<{ readonly url: string; readonly asked: readonly URL[] }> {
  const asked: URL[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://127.0.0.1');
    asked.push(url);
    const isKnown = request.headers['x-identity-header'] === 'known';
    const resource = url.searchParams.get('resource') ?? '';
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        access_token: `token-for-${resource}`,
        expires_on: String(Math.floor(Date.now() / 1000) + 86_400),
        resource,
        token_type: 'Bearer',
      }),
    );
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`, asked };
}

test('telemetry is sent with a token of the app’s identity for the ingestion service', async () => {
  const identity = await startIdentity();
  const host = await startToldHost({
    OPWATCH_CREDENTIAL: 'managedIdentity',
    OPWATCH_STATIC_TOKEN: '',
    OPWATCH_AUTHORITY_HOST: 'http://127.0.0.1:9',
    OPWATCH_GRAPH_SCOPE: 'https://graph.example/.default',
    AZURE_TENANT_ID: '11111111-2222-3333-4444-555555555555',
    AZURE_CLIENT_ID: '',
    IDENTITY_ENDPOINT: identity.url,
    IDENTITY_HEADER: 'known',
  });
  onTestFinished(host.stop);
  await host.track(1);
  await host.sweep();
  await until(() => host.sink.requests() > 0 || undefined);
  await host.process.stop();
  expect(new Set(host.sink.authorizations)).toEqual(new Set(['Bearer token-for-https://monitor.azure.com']));
  expect(new Set(identity.asked.map(({ searchParams }) => searchParams.get('resource')))).toEqual(
    new Set(['https://monitor.azure.com', 'https://graph.example']),
  );
});
