// `npm run doctor` on a deployment, from outside: its settings as Azure lists them, and the sign-in of whoever looks.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { graphRoles } from '../../../dev/doctor/identity/graph-roles.ts';
import { startFront } from './front.ts';
import {
  type Env,
  type Examined,
  examineStack,
  goodRoles,
  type Stack,
  secretsIn,
  startStack,
} from './harness.ts';

const clientId = 'aaaaaaaa-0000-4000-8000-000000000003';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

/** A command that gives tokens as the Azure CLI does; @returns what finds it. */
async function installAz(token: string): Promise<Env> {
  const folder = await mkdtemp(join(tmpdir(), 'opwatch-az-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const expiresOn = Math.floor(Date.now() / 1000) + 3600;
  const answer = JSON.stringify({ accessToken: token, expires_on: expiresOn, tokenType: 'Bearer' });
  await writeFile(join(folder, 'az'), `#!/bin/sh\nprintf '%s' '${answer}'\n`);
  await chmod(join(folder, 'az'), 0o755);
  return { PATH: `${folder}${delimiter}${process.env['PATH']}` };
}

/** The directory's list of what the app was granted. */
function assignmentsOf(roles: readonly string[]): string {
  const idOf = (name: string) => graphRoles.find((role) => role.name === name)?.id ?? name;
  const ofGraph = roles.map((name) => ({ appRoleId: idOf(name), resourceDisplayName: 'Microsoft Graph' }));
  const elsewhere = { appRoleId: '00000000-0000-0000-0000-000000000000', resourceDisplayName: 'Another API' };
  return JSON.stringify({ value: [...ofGraph, elsewhere] });
}

async function examined(
  directory: { readonly status: number; readonly body: string },
  claims: Readonly<Record<string, unknown>> = {},
): Promise<Examined> {
  const graph = await startFront(stack.simulator.url, ({ url = '' }) =>
    url === `/v1.0/servicePrincipals(appId='${clientId}')/appRoleAssignments` ? directory : null,
  );
  const token = stack.tokenWith({ aud: graph, scp: 'Directory.AccessAsUser.All', roles: [], ...claims });
  const settings = {
    ...stack.settings,
    OPWATCH_GRAPH_ROOT: graph,
    OPWATCH_AUTHORITY_HOST: 'https://login.example',
    OPWATCH_CREDENTIAL: 'managedIdentity',
    OPWATCH_STATIC_TOKEN: '',
    AZURE_CLIENT_ID: clientId,
    APPLICATIONINSIGHTS_CONNECTION_STRING:
      'InstrumentationKey=00000000-1111-2222-3333-444444444444;IngestionEndpoint=https://in.example/',
  };
  const given = { settings, url: stack.host.url, form: 'list', args: ['--sign-in'] } as const;
  const result = await examineStack({ ...given, env: await installAz(token) });
  const secrets = [...secretsIn(settings), token, ...token.split('.')];
  expect(secrets.filter((secret) => result.printed.includes(secret))).toEqual([]);
  return result;
}

const statusesOf = ({ report }: Examined) =>
  Object.fromEntries(report.checks.map(({ id, status }) => [id, status]));

test('a deployment that is right passes, its roles read by whoever signed in', async () => {
  const result = await examined({ status: 200, body: assignmentsOf(goodRoles) });
  expect(result.found).toEqual([]);
  expect(result.code).toBe(0);
  expect(statusesOf(result)).toMatchObject({
    'token.issued': 'pass',
    'roles.connections': 'pass',
    'roles.calls': 'pass',
    'roles.excess': 'pass',
    // What a person may read says nothing of the app.
    'graph.connectionOperation': 'skipped',
  });
});

test('a role that was never granted and one that nobody needs are found by their names', async () => {
  const { code, found } = await examined({
    status: 200,
    body: assignmentsOf(['ExternalConnection.ReadWrite.All', 'aaaaaaaa-1111-4222-8333-444444444444']),
  });
  expect(code).toBe(1);
  expect(found.map(({ id, status }) => [id, status])).toEqual([
    ['roles.calls', 'fail'],
    ['roles.excess', 'warn'],
    ['roles.excess', 'warn'],
  ]);
  expect(found[0]?.fix).toContain('Calls.Initiate.All');
});

test('roles of another app that signed in to the CLI are not taken for those of this one', async () => {
  const result = await examined(
    { status: 403, body: '{"error":{"code":"Authorization_RequestDenied"}}' },
    { scp: undefined, roles: ['Mail.ReadWrite'] },
  );
  expect(result.code).toBe(0);
  expect(statusesOf(result)).toMatchObject({ 'roles.connections': 'skipped', 'roles.excess': 'skipped' });
  expect(result.report.checks.find(({ id }) => id === 'roles.calls')?.detail).toBe(
    'Your own sign-in may not list the app’s roles (403, Authorization_RequestDenied).',
  );
});
