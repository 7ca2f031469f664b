// From variables to a configuration: defaults and values.
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { appId, cloudEnv, localEnv, refusedNames, tenant } from '../fixtures/config.ts';

describe('defaults', () => {
  test('only storage and tenant are needed', () => {
    const { storage, ...config } = loadConfig(cloudEnv);
    expect(storage).toMatchObject({ type: 'connectionString', name: 'AzureWebJobsStorage' });
    expect(config).toEqual({
      table: 'opwatch',
      queues: { transitions: 'opwatch-transitions', sweeps: 'opwatch-sweeps', encoding: 'base64' },
      shards: 1,
      graph: {
        cloud: 'global',
        root: 'https://graph.microsoft.com',
        scope: 'https://graph.microsoft.com/.default',
        authorityHost: 'https://login.microsoftonline.com',
        tenantId: tenant,
      },
      credential: { type: 'environment', clientId: null, secret: null, certificate: null },
      kinds: {
        connectionOperation: policy('*/30 * * * * *', [60, 60, 86_400]),
        commsOperation: policy('*/15 * * * * *', [5, 15, 14_400]),
        onenoteOperation: policy('0 * * * * *', [5, 60, 86_400]),
      },
      maxWaiters: 8,
      retentionMs: 30 * 86_400_000,
      callerAuth: { mode: 'key', mayPatchConfiguration: false },
      calls: null,
      clientState: null,
      telemetry: null,
    });
  });

  test('a Graph on loopback with a static token needs neither tenant nor scope nor authority', () => {
    const { graph, credential } = loadConfig(localEnv);
    expect(graph).toEqual({
      cloud: 'custom',
      root: 'http://127.0.0.1:7080',
      scope: 'http://127.0.0.1:7080/.default',
      authorityHost: '',
      tenantId: '00000000-0000-0000-0000-000000000000',
    });
    expect(credential.type === 'static' && credential.token.reveal()).toBe('canary-token');
  });

  test('an empty variable counts as absent', () => {
    const empty = {
      OPWATCH_SHARDS: '',
      OPWATCH_GRAPH_ROOT: '',
      OPWATCH_STATIC_TOKEN: '',
      OPWATCH_STORAGE: '',
      OPWATCH_STORAGE__clientId: '',
      OPWATCH_CALLS_APP_ID: '',
      APPLICATIONINSIGHTS_CONNECTION_STRING: '',
    };
    expect(loadConfig({ ...cloudEnv, ...empty })).toEqual(loadConfig(cloudEnv));
  });

  test('what others set for themselves is no concern of ours', () => {
    const foreign = { OPWATCHER: '1', opwatch_table: '-', FUNCTIONS_WORKER_RUNTIME: 'node', TABLE: '' };
    expect(loadConfig({ ...cloudEnv, ...foreign })).toEqual(loadConfig(cloudEnv));
  });

  function policy(tick: string, [first, interval, deadline]: readonly [number, number, number]) {
    const [firstPollMs, intervalMs, deadlineMs] = [first * 1000, interval * 1000, deadline * 1000];
    return { tick, firstPollMs, intervalMs, deadlineMs, lostGraceMs: 120_000 };
  }
});

describe('values', () => {
  test('all policies of a kind can be set, first polls also to zero', () => {
    const { kinds } = loadConfig({
      ...cloudEnv,
      OPWATCH_COMMS_OPERATION_TICK: '0,30 */5 8-18 * JAN-MAR Mon-Fri',
      OPWATCH_COMMS_OPERATION_FIRST_POLL_SECONDS: '0',
      OPWATCH_COMMS_OPERATION_INTERVAL_SECONDS: '1',
      OPWATCH_COMMS_OPERATION_DEADLINE_SECONDS: '90',
      OPWATCH_LOST_GRACE_SECONDS: '0',
    });
    expect(kinds.commsOperation).toEqual({
      tick: '0,30 */5 8-18 * JAN-MAR Mon-Fri',
      firstPollMs: 0,
      intervalMs: 1000,
      deadlineMs: 90_000,
      lostGraceMs: 0,
    });
  });

  test.each([
    { given: 'https://graph.svc.sovcloud.fr/', root: 'https://graph.svc.sovcloud.fr' },
    { given: 'https://Graph.Example:443', root: 'https://graph.example' },
    { given: 'http://localhost:7080', root: 'http://localhost:7080' },
    { given: 'http://[::1]:7080', root: 'http://[::1]:7080' },
    { given: 'http://127.255.0.3:1', root: 'http://127.255.0.3:1' },
  ])('the root $given is taken', ({ given, root }) => {
    const own = {
      OPWATCH_GRAPH_CLOUD: 'custom',
      OPWATCH_GRAPH_ROOT: given,
      OPWATCH_GRAPH_SCOPE: 'api://x/.default',
      OPWATCH_AUTHORITY_HOST: 'https://login.sovcloud-identity.fr/',
    };
    expect(loadConfig({ ...cloudEnv, ...own }).graph).toEqual({
      cloud: 'custom',
      root,
      scope: 'api://x/.default',
      authorityHost: 'https://login.sovcloud-identity.fr',
      tenantId: tenant,
    });
  });

  test.each([
    { cloud: 'usgov', root: 'https://graph.microsoft.us' },
    { cloud: 'usgovdod', root: 'https://dod-graph.microsoft.us' },
  ])('the cloud $cloud has its own root, scope and authority', ({ cloud, root }) => {
    expect(loadConfig({ ...cloudEnv, OPWATCH_GRAPH_CLOUD: cloud }).graph).toEqual({
      cloud,
      root,
      scope: `${root}/.default`,
      authorityHost: 'https://login.microsoftonline.us',
      tenantId: tenant,
    });
  });

  test('the home tenant is OPWATCH_TENANT_ID before AZURE_TENANT_ID, in lower case', () => {
    const own = { AZURE_TENANT_ID: 'contoso.onmicrosoft.com', OPWATCH_TENANT_ID: appId.toUpperCase() };
    expect(loadConfig({ ...cloudEnv, ...own }).graph.tenantId).toBe(appId);
  });

  test('call notifications are on with an app id, and accept the home tenant', () => {
    expect(loadConfig({ ...cloudEnv, OPWATCH_CALLS_APP_ID: appId }).calls).toEqual({
      appId,
      tenants: [tenant],
      openIdUrl: 'https://api.aps.skype.com/v1/.well-known/OpenIdConfiguration',
      issuers: ['https://graph.microsoft.com', 'https://api.botframework.com'],
      autoTrack: true,
    });
  });

  test('lists are separated by commas, spaces and empty parts dropped', () => {
    const own = { OPWATCH_CALLS_APP_ID: appId, OPWATCH_CALLS_TENANTS: ` ${tenant} ,, ${appId},` };
    expect(loadConfig({ ...cloudEnv, ...own }).calls?.tenants).toEqual([tenant, appId]);
  });
});

describe('callers', () => {
  test('key mode may allow the writing of configuration', () => {
    const { callerAuth } = loadConfig({ ...cloudEnv, OPWATCH_PATCH_CONFIGURATION: 'allow' });
    expect(callerAuth).toEqual({ mode: 'key', mayPatchConfiguration: true });
  });

  test.each([
    { cloud: 'global', authority: 'https://login.microsoftonline.com' },
    { cloud: 'usgov', authority: 'https://login.microsoftonline.us' },
  ])('entra mode in $cloud takes issuer and keys of the home tenant', ({ cloud, authority }) => {
    const own = {
      OPWATCH_GRAPH_CLOUD: cloud,
      OPWATCH_CALLER_AUTH: 'entra',
      OPWATCH_AUTH_AUDIENCE: 'api://opwatch',
    };
    expect(loadConfig({ ...cloudEnv, ...own }).callerAuth).toEqual({
      mode: 'entra',
      tenantId: tenant,
      audience: 'api://opwatch',
      clients: null,
      issuer: `${authority}/${tenant}/v2.0`,
      jwksUrl: `${authority}/${tenant}/discovery/v2.0/keys`,
    });
  });

  test('entra mode takes an issuer and keys of its own, and a list of clients', () => {
    const { callerAuth } = loadConfig({
      ...localEnv,
      OPWATCH_CALLER_AUTH: 'entra',
      OPWATCH_AUTH_TENANT_ID: tenant,
      OPWATCH_AUTH_AUDIENCE: 'api://opwatch',
      OPWATCH_AUTH_CLIENTS: 'one,two',
      OPWATCH_AUTH_ISSUER: 'http://127.0.0.1:1/issuer',
      OPWATCH_AUTH_JWKS_URL: 'http://127.0.0.1:1/keys',
    });
    expect(callerAuth).toEqual({
      mode: 'entra',
      tenantId: tenant,
      audience: 'api://opwatch',
      clients: ['one', 'two'],
      issuer: 'http://127.0.0.1:1/issuer',
      jwksUrl: 'http://127.0.0.1:1/keys',
    });
  });

  test('entra mode without an audience is refused', () => {
    expect(refusedNames({ ...cloudEnv, OPWATCH_CALLER_AUTH: 'entra' })).toEqual(['OPWATCH_AUTH_AUDIENCE']);
  });
});
