// Every credential in the built app, as a process of its own with its own trust: the token that the sign-in service or
// the platform gave is the one that Graph sees, and a refused one is replaced once.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ReadyProcess, startReady } from '../../../dev/processes.ts';
import { type Simulator, startSimulator } from '../../../dev/simulator/server.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { type Certificate, makeCertificate } from './certificates.ts';
import { clientId, clientSecret, digestOf, issuedBy, tenant } from './harness.ts';
import { identityHeader, startIdentityEndpoint } from './identity-endpoint.ts';
import { startRecorder } from './recorder.ts';
import { type Accepted, type SignInService, startSignInService } from './sign-in-service.ts';

const foreignTenant = '99999999-2222-4333-8444-555555555555';

let folder: string;
let certificate: Certificate;
let simulator: Simulator;
let host: ReadyProcess | null;
let lines: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'opwatch-'));
  certificate = makeCertificate('Opwatch', null);
  simulator = await startSimulator();
});
afterAll(async () => {
  await simulator.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  simulator.control.reset();
  simulator.control.addConnection({ id: 'contosohr' });
  lines = [];
  host = null;
});
afterEach(async () => {
  expect(await host?.stop()).toBe(0);
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

let names = 0;
async function start(env: Readonly<Record<string, string>>): Promise<void> {
  names += 1;
  const name = `identity${process.pid}n${names}`;
  host = await startReady('dev/host/main.ts', {
    args: ['--port', '0'],
    env: {
      AzureWebJobsStorage: azurite(),
      OPWATCH_TABLE: name,
      OPWATCH_TRANSITIONS_QUEUE: name,
      OPWATCH_SWEEPS_QUEUE: `${name}s`,
      OPWATCH_GRAPH_CLOUD: 'custom',
      OPWATCH_GRAPH_ROOT: simulator.url,
      OPWATCH_AUTHORITY_HOST: 'https://localhost:1',
      OPWATCH_TENANT_ID: tenant,
      // Where these tests run there may be an identity.
      IDENTITY_ENDPOINT: '',
      MSI_ENDPOINT: '',
      // The platform may name another tenant; the home tenant's tokens count.
      AZURE_TENANT_ID: foreignTenant,
      ...env,
    },
    onErrorLine: (line) => lines.push(line),
  });
}

async function patch(): Promise<{ readonly status: number; readonly code: unknown }> {
  const response = await fetch(`${host?.url}/api/graph/v1.0/external/connections/contosohr`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"People"}',
  });
  const text = await response.text();
  return { status: response.status, code: text === '' ? null : (JSON.parse(text) as { code: string }).code };
}

/** Three changes, the second of which is refused at first: @returns digests of the tokens that Graph saw, in order. */
async function changeThrice(): Promise<readonly string[]> {
  expect((await patch()).status).toBe(204);
  simulator.control.addFault({ fault: 'status', on: 'request', status: 401, times: 1 });
  expect((await patch()).status).toBe(204);
  expect((await patch()).status).toBe(204);
  const { tokens } = simulator.control.stats().authorization;
  expect(tokens.map(({ count }) => count)).toEqual([2, 2]);
  return tokens.map(({ sha256 }) => sha256);
}

describe('an app registration', () => {
  let signIn: SignInService;
  afterEach(() => signIn.stop());

  const proofs: readonly {
    readonly what: string;
    readonly accepted: () => Accepted;
    readonly env: () => Readonly<Record<string, string>>;
    readonly proof: string;
  }[] = [
    {
      what: 'a secret',
      accepted: () => ({ clientId, secret: clientSecret }),
      env: () => ({ AZURE_CLIENT_SECRET: clientSecret }),
      proof: 'client_secret',
    },
    {
      what: 'a certificate',
      accepted: () => ({ clientId, certificatePem: certificate.pem }),
      env: () => ({ AZURE_CLIENT_CERTIFICATE_PATH: file('app.pem', certificate.pemWithKey) }),
      proof: 'client_assertion',
    },
    {
      what: 'the token of a workload',
      accepted: () => ({ clientId, federatedToken: () => readFileSync(join(folder, 'token'), 'utf8') }),
      env: () => ({
        OPWATCH_CREDENTIAL: 'workloadIdentity',
        AZURE_FEDERATED_TOKEN_FILE: file('token', 'canary.federated.token'),
      }),
      proof: 'client_assertion',
    },
  ];

  test.each(proofs)('proves itself by $what', async ({ accepted, env, proof }) => {
    signIn = await startSignInService(accepted());
    const trusted = { NODE_EXTRA_CA_CERTS: file('authority.pem', signIn.authorityPem) };
    await start({ OPWATCH_AUTHORITY_HOST: signIn.url, AZURE_CLIENT_ID: clientId, ...trusted, ...env() });
    expect(await changeThrice()).toEqual(issuedBy(signIn));
    for (const request of signIn.requests()) {
      expect(request).toMatchObject({ tenant, form: { scope: `${simulator.url}/.default` } });
      expect(lines.join('\n')).not.toContain(request.form[proof]);
      expect(lines.join('\n')).not.toContain(request.token);
    }
  });

  const refusals: readonly Omit<(typeof proofs)[number], 'proof'>[] = [
    {
      what: 'a wrong secret',
      accepted: () => ({ clientId, secret: 'right' }),
      env: () => ({ AZURE_CLIENT_SECRET: clientSecret }),
    },
    {
      what: 'another certificate',
      accepted: () => ({ clientId, certificatePem: makeCertificate('Other', null).pem }),
      env: () => ({ AZURE_CLIENT_CERTIFICATE_PATH: file('app.pem', certificate.pemWithKey) }),
    },
  ];

  test.each(refusals)('is refused with $what, and only the log says why', async ({ accepted, env }) => {
    signIn = await startSignInService(accepted());
    const trusted = { NODE_EXTRA_CA_CERTS: file('authority.pem', signIn.authorityPem) };
    await start({ OPWATCH_AUTHORITY_HOST: signIn.url, AZURE_CLIENT_ID: clientId, ...trusted, ...env() });
    expect(await patch()).toEqual({ status: 502, code: 'graph_auth' });
    expect(signIn.requests()).toMatchObject([{ token: null }]);
    expect(simulator.control.requests()).toEqual([]);
    expect(lines.join('\n')).toContain('AADSTS7000215');
    expect(lines.join('\n')).not.toContain(clientSecret);
  });

  test('asks no service whose certificate it does not trust', async () => {
    signIn = await startSignInService({ clientId, secret: clientSecret });
    const known = { AZURE_CLIENT_ID: clientId, AZURE_CLIENT_SECRET: clientSecret };
    await start({ OPWATCH_AUTHORITY_HOST: signIn.url, ...known });
    expect(await patch()).toEqual({ status: 502, code: 'graph_auth' });
    expect([signIn.requests(), signIn.otherPaths(), simulator.control.requests()]).toEqual([[], [], []]);
  });
});

describe('a managed identity', () => {
  test.each([
    { what: "the app's own", env: {}, query: {} },
    { what: 'one that is assigned', env: { AZURE_CLIENT_ID: clientId }, query: { client_id: clientId } },
  ])('is $what, and is the default where the platform offers one', async ({ env, query }) => {
    const endpoint = await startIdentityEndpoint();
    await start({ ...endpoint.env, ...env });
    const seen = await changeThrice();
    expect(seen).toEqual(endpoint.requests().map(({ token }) => digestOf(token)));
    const asked = {
      method: 'GET',
      query: { 'api-version': '2019-08-01', resource: simulator.url, ...query },
    };
    expect(endpoint.requests().map(({ method, query: given }) => ({ method, query: given }))).toEqual([
      asked,
      asked,
    ]);
    expect(lines.join('\n')).not.toContain(identityHeader);
    await endpoint.stop();
  });

  test('whose endpoint leads elsewhere gives no token, and its secret goes nowhere', async () => {
    const endpoint = await startIdentityEndpoint();
    const elsewhere = await startRecorder();
    endpoint.elsewhere = `${elsewhere.url}/msi/token`;
    await start(endpoint.env);
    expect(await patch()).toEqual({ status: 502, code: 'graph_auth' });
    expect(endpoint.requests().length).toBeGreaterThan(0);
    expect([elsewhere.seen(), simulator.control.requests()]).toEqual([[], []]);
    await endpoint.stop();
    await elsewhere.stop();
  });
});

test("a developer's own sign-in is asked for the home tenant's token", async () => {
  const log = join(folder, 'az.log');
  const answer = '{"accessToken":"token-of-a-developer-\'$$\'","expires_on":4000000000,"tokenType":"Bearer"}';
  const az = file('az', `#!/bin/sh\necho "$@" >> ${log}\necho '${answer}'\n`);
  chmodSync(az, 0o755);
  await start({ OPWATCH_CREDENTIAL: 'azureCli', PATH: `${folder}:${process.env['PATH'] ?? ''}` });
  expect((await changeThrice()).length).toBe(2);
  const asked = readFileSync(log, 'utf8').trim().split('\n');
  expect(asked.length).toBe(2);
  for (const words of asked) expect(words).toContain(`--resource ${simulator.url} --tenant ${tenant}`);
});
