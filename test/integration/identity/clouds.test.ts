// Which sign-in service each cloud's app asks, for which tenant and scope, and that it asks nobody else: everything
// that leaves the process goes through a proxy which keeps the names and leads all of them to one service on loopback.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import tls from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config.ts';
import { createCredential } from '../../../src/identity/credentials.ts';
import { clientId, clientSecret, tenant } from './harness.ts';
import { type SignInService, startSignInService } from './sign-in-service.ts';

const foreignTenant = '99999999-2222-4333-8444-555555555555';

let signIn: SignInService;
const dialled: string[] = [];
const proxy = createServer().on('connect', (request, socket, head) => {
  dialled.push(request.url ?? '');
  const upstream = connect(signIn.port, '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    upstream.write(head);
    upstream.pipe(socket).pipe(upstream);
  });
  upstream.on('error', () => socket.destroy());
  socket.on('error', () => upstream.destroy());
});

/** Variables of this process as they were: none of a developer's own may lead past the proxy. */
const before = { ...process.env };
beforeAll(async () => {
  for (const name of ['NO_PROXY', 'no_proxy']) delete process.env[name];
  signIn = await startSignInService({ clientId, secret: clientSecret });
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), signIn.authorityPem]);
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  process.env['HTTPS_PROXY'] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  // What the platform names is for others: the home tenant's tokens count.
  process.env['AZURE_TENANT_ID'] = foreignTenant;
});
afterAll(async () => {
  for (const name of ['HTTPS_PROXY', 'AZURE_TENANT_ID']) delete process.env[name];
  Object.assign(process.env, before);
  proxy.close();
  proxy.closeAllConnections();
  await signIn.stop();
});
beforeEach(() => {
  dialled.length = 0;
});

const authorityOf = { global: 'login.microsoftonline.com', gov: 'login.microsoftonline.us' };

describe('an app in', () => {
  test.each([
    { cloud: 'global', authority: authorityOf.global, scope: 'https://graph.microsoft.com/.default' },
    { cloud: 'usgov', authority: authorityOf.gov, scope: 'https://graph.microsoft.us/.default' },
    { cloud: 'usgovdod', authority: authorityOf.gov, scope: 'https://dod-graph.microsoft.us/.default' },
  ])('$cloud asks $authority and nobody else', async ({ cloud, authority, scope }) => {
    const token = await tokenOf({ OPWATCH_GRAPH_CLOUD: cloud });
    expect(token).toBe(signIn.requests().at(-1)?.token);
    expect(signIn.requests().at(-1)).toMatchObject({ host: authority, tenant, form: { scope } });
    expect(new Set(dialled)).toEqual(new Set([`${authority}:443`]));
  });

  test.each([
    { scope: null, expected: 'https://graph.svc.example/.default' },
    { scope: 'api://other/.default', expected: 'api://other/.default' },
  ])('a cloud of its own asks its own authority for $expected', async ({ scope, expected }) => {
    const token = await tokenOf({
      OPWATCH_GRAPH_CLOUD: 'custom',
      OPWATCH_GRAPH_ROOT: 'https://graph.svc.example',
      OPWATCH_AUTHORITY_HOST: `https://localhost:${signIn.port}`,
      ...(scope === null ? {} : { OPWATCH_GRAPH_SCOPE: scope }),
    });
    expect(token).toBe(signIn.requests().at(-1)?.token);
    const host = `localhost:${signIn.port}`;
    expect(signIn.requests().at(-1)).toMatchObject({ host, tenant, form: { scope: expected } });
    expect(new Set(dialled)).toEqual(new Set([host]));
  });
});

async function tokenOf(env: Readonly<Record<string, string>>): Promise<string | undefined> {
  const { credential, graph } = loadConfig({
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
    OPWATCH_TENANT_ID: tenant,
    AZURE_TENANT_ID: foreignTenant,
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET: clientSecret,
    ...env,
  });
  if (credential.type === 'static') throw new TypeError('a token that nobody asks for');
  return (await createCredential(credential, graph).getToken(graph.scope))?.token;
}
