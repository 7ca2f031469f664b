// Who the app is, where its state lives, and that what is secret stays so.
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/config/secret.ts';
import { loadConfig } from '../../src/config.ts';
import { type Env, refusalOf } from '../fixtures/config.ts';

const nothing = { type: 'environment', clientId: null, secret: null, certificate: null };
const clientId = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';
const noStorage: Env = { AZURE_TENANT_ID: '11111111-2222-3333-4444-555555555555' };
const base: Env = { ...noStorage, AzureWebJobsStorage: 'UseDevelopmentStorage=true' };

function storageOf(env: Env) {
  const { storage } = loadConfig({ ...noStorage, ...env });
  return storage.type === 'connectionString' ? { ...storage, value: storage.value.reveal() } : storage;
}

describe('the credential', () => {
  test.each<{ where: string; env: Env; credential: unknown }>([
    { where: 'nothing offers another', env: {}, credential: nothing },
    {
      where: 'IDENTITY_ENDPOINT is there',
      env: { IDENTITY_ENDPOINT: 'http://127.0.0.1:1' },
      credential: { type: 'managedIdentity', clientId: null },
    },
    {
      where: 'MSI_ENDPOINT is there, with a user-assigned identity',
      env: { MSI_ENDPOINT: 'http://127.0.0.1:1', AZURE_CLIENT_ID: clientId },
      credential: { type: 'managedIdentity', clientId },
    },
    {
      where: 'the choice is explicit',
      env: { IDENTITY_ENDPOINT: 'http://127.0.0.1:1', OPWATCH_CREDENTIAL: 'environment' },
      credential: nothing,
    },
    {
      where: 'it is federated',
      env: { OPWATCH_CREDENTIAL: 'workloadIdentity' },
      credential: { type: 'workloadIdentity', clientId: null, tokenFile: null },
    },
    {
      where: 'it is federated, with all that it needs',
      env: {
        OPWATCH_CREDENTIAL: 'workloadIdentity',
        AZURE_CLIENT_ID: clientId,
        AZURE_FEDERATED_TOKEN_FILE: '/var/run/token',
      },
      credential: { type: 'workloadIdentity', clientId, tokenFile: '/var/run/token' },
    },
    {
      where: 'there is a certificate and no secret',
      env: {
        AZURE_CLIENT_ID: clientId,
        AZURE_CLIENT_SECRET: '',
        AZURE_CLIENT_CERTIFICATE_PATH: '/app.pem',
        AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: 'TRUE',
      },
      credential: {
        ...nothing,
        clientId,
        certificate: { path: '/app.pem', password: null, sendsChain: true },
      },
    },
    {
      where: 'there are names of a person, who is no app',
      env: { AZURE_CLIENT_ID: clientId, AZURE_USERNAME: 'x', AZURE_PASSWORD: 'x' },
      credential: { ...nothing, clientId },
    },
    {
      where: 'it is the developer’s',
      env: { OPWATCH_CREDENTIAL: 'azureCli' },
      credential: { type: 'azureCli' },
    },
  ])('is the right one where $where', ({ env, credential }) => {
    expect(loadConfig({ ...base, ...env }).credential).toEqual(credential);
  });

  test('keeps what proves the app to itself', () => {
    const env = {
      AZURE_CLIENT_ID: clientId,
      AZURE_CLIENT_SECRET: 'canary',
      AZURE_CLIENT_CERTIFICATE_PATH: '/app.pem',
      AZURE_CLIENT_CERTIFICATE_PASSWORD: 'canary',
    };
    const { credential } = loadConfig({ ...base, ...env });
    expect(JSON.stringify(credential) + inspect(credential, { depth: 9 })).not.toContain('canary');
    if (credential.type !== 'environment') throw new TypeError(credential.type);
    expect(credential.secret?.reveal()).toBe('canary');
    expect(credential.certificate?.password?.reveal()).toBe('canary');
  });

  test('a static token is refused while Graph is not on loopback', () => {
    const refusal = refusalOf({
      ...base,
      OPWATCH_CREDENTIAL: 'static',
      OPWATCH_STATIC_TOKEN: 'canary',
    });
    expect(refusal).toContain('OPWATCH_STATIC_TOKEN is only allowed while Graph is on loopback.');
    const remote = {
      OPWATCH_GRAPH_CLOUD: 'custom',
      OPWATCH_GRAPH_ROOT: 'https://graph.example',
      OPWATCH_CREDENTIAL: 'static',
      OPWATCH_STATIC_TOKEN: 'canary',
    };
    expect(refusalOf({ ...base, ...remote })).toContain('OPWATCH_STATIC_TOKEN');
  });

  test('a static credential without its token is refused', () => {
    const env = { OPWATCH_GRAPH_CLOUD: 'custom', OPWATCH_GRAPH_ROOT: 'http://[::1]:1' };
    expect(refusalOf({ ...base, ...env, OPWATCH_CREDENTIAL: 'static' })).toContain(
      'OPWATCH_STATIC_TOKEN is missing',
    );
  });

  test('a static token beside another credential is refused', () => {
    expect(refusalOf({ ...base, OPWATCH_STATIC_TOKEN: 'canary' })).toContain('OPWATCH_STATIC_TOKEN');
  });
});

describe('storage', () => {
  test('OPWATCH_STORAGE comes before AzureWebJobsStorage', () => {
    expect(storageOf({ OPWATCH_STORAGE: 'one', AzureWebJobsStorage: 'two' })).toEqual({
      type: 'connectionString',
      name: 'OPWATCH_STORAGE',
      value: 'one',
    });
  });

  test.each(['OPWATCH_STORAGE', 'AzureWebJobsStorage'])('%s names an account by identity', (name) => {
    const env = { [`${name}__accountName`]: 'contoso1', [`${name}__credential`]: 'managedidentity' };
    expect(storageOf(env)).toEqual({
      type: 'identity',
      name,
      tableServiceUri: 'https://contoso1.table.core.windows.net',
      queueServiceUri: 'https://contoso1.queue.core.windows.net',
      clientId: null,
    });
  });

  test('service URIs come before the account name, empty ones do not count', () => {
    const env = {
      OPWATCH_STORAGE__accountName: 'contoso1',
      OPWATCH_STORAGE__tableServiceUri: 'https://contoso1.table.core.usgovcloudapi.net',
      OPWATCH_STORAGE__queueServiceUri: '',
      OPWATCH_STORAGE__clientId: clientId,
    };
    expect(storageOf(env)).toEqual({
      type: 'identity',
      name: 'OPWATCH_STORAGE',
      tableServiceUri: 'https://contoso1.table.core.usgovcloudapi.net',
      queueServiceUri: 'https://contoso1.queue.core.windows.net',
      clientId,
    });
  });

  test.each<{ what: string; env: Env; named: string }>([
    {
      what: 'an account that is no account name',
      env: { OPWATCH_STORAGE__accountName: 'evil.example/#' },
      named: 'OPWATCH_STORAGE__accountName',
    },
    {
      what: 'a service URI in the clear',
      env: {
        OPWATCH_STORAGE__accountName: 'contoso1',
        OPWATCH_STORAGE__tableServiceUri: 'http://storage.example',
      },
      named: 'OPWATCH_STORAGE__tableServiceUri',
    },
    {
      what: 'another credential than a managed identity',
      env: { OPWATCH_STORAGE__accountName: 'contoso1', OPWATCH_STORAGE__credential: 'secret' },
      named: 'OPWATCH_STORAGE__credential',
    },
    {
      what: 'a service URI of only one service',
      env: { AzureWebJobsStorage__tableServiceUri: 'https://contoso1.table.core.windows.net' },
      named: 'AzureWebJobsStorage__accountName',
    },
    { what: 'no storage at all', env: {}, named: 'AzureWebJobsStorage' },
  ])('$what is refused', ({ env, named }) => {
    expect(refusalOf({ ...noStorage, ...env })).toContain(`\n${named} is `);
  });
});

describe('what is secret', () => {
  const secrets = {
    AzureWebJobsStorage: 'AccountKey=canary',
    APPLICATIONINSIGHTS_CONNECTION_STRING: 'InstrumentationKey=canary',
    OPWATCH_GRAPH_CLOUD: 'custom',
    OPWATCH_GRAPH_ROOT: 'http://127.0.0.1:1',
    OPWATCH_CREDENTIAL: 'static',
    OPWATCH_STATIC_TOKEN: 'canary',
  };

  test('shows itself in no print of the configuration', () => {
    const config = loadConfig(secrets);
    const prints = [JSON.stringify(config), inspect(config, { depth: 9, showHidden: true })];
    const texts = [config.telemetry, config.storage.type === 'connectionString' && config.storage.value].map(
      String,
    );
    expect([...prints, ...texts].join('\n')).not.toContain('canary');
    expect(texts).toEqual(['[secret]', '[secret]']);
    expect(config.telemetry?.reveal()).toBe('InstrumentationKey=canary');
  });

  test('shows itself in no print of its own', () => {
    const secret = new Secret('canary');
    const prints = [String(secret), JSON.stringify({ secret }), inspect(secret), inspect([secret])];
    expect(prints.filter((print) => print.includes('canary'))).toEqual([]);
    expect(Object.entries(secret)).toEqual([]);
  });

  test('the configuration is frozen through and through', () => {
    const config = loadConfig(secrets);
    const parts = [config, config.queues, config.graph, config.kinds.commsOperation, config.callerAuth];
    expect(parts.filter((part) => !Object.isFrozen(part))).toEqual([]);
  });
});
