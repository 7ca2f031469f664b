// Every way in which a variable can be wrong: named, and never shown.
import { describe, expect, test } from 'vitest';
import { cloudEnv, localEnv, refusalOf, refusedNames } from '../fixtures/config.ts';

describe('refusals', () => {
  test.each<{ name: string; value: string }>([
    { name: 'OPWATCH_TABLE', value: '9x' },
    { name: 'OPWATCH_TABLE', value: 'a-b' },
    { name: 'OPWATCH_TRANSITIONS_QUEUE', value: 'UPPER' },
    { name: 'OPWATCH_TRANSITIONS_QUEUE', value: 'double--dash' },
    { name: 'OPWATCH_SWEEPS_QUEUE', value: 'x' },
    { name: 'OPWATCH_SWEEPS_QUEUE', value: 'opwatch-transitions' },
    { name: 'OPWATCH_QUEUE_ENCODING', value: 'hex' },
    { name: 'OPWATCH_SHARDS', value: '0' },
    { name: 'OPWATCH_SHARDS', value: '65' },
    { name: 'OPWATCH_SHARDS', value: '1.5' },
    { name: 'OPWATCH_SHARDS', value: '1e1' },
    { name: 'OPWATCH_SHARDS', value: ' 2' },
    { name: 'OPWATCH_GRAPH_CLOUD', value: 'china' },
    { name: 'OPWATCH_TENANT_ID', value: 'common' },
    { name: 'AZURE_TENANT_ID', value: 'contoso.onmicrosoft.com' },
    { name: 'OPWATCH_CREDENTIAL', value: 'default' },
    { name: 'OPWATCH_CONNECTION_OPERATION_TICK', value: '*/5 * * * *' },
    { name: 'OPWATCH_CONNECTION_OPERATION_TICK', value: 'every minute' },
    { name: 'OPWATCH_COMMS_OPERATION_INTERVAL_SECONDS', value: '0' },
    { name: 'OPWATCH_COMMS_OPERATION_DEADLINE_SECONDS', value: '0' },
    { name: 'OPWATCH_ONENOTE_OPERATION_FIRST_POLL_SECONDS', value: '-1' },
    { name: 'OPWATCH_MAX_WAITERS', value: 'many' },
    { name: 'OPWATCH_LOST_GRACE_SECONDS', value: '2m' },
    { name: 'OPWATCH_RETENTION_DAYS', value: '0' },
    { name: 'OPWATCH_CALLER_AUTH', value: 'none' },
    { name: 'OPWATCH_AUTH_CLIENTS', value: ' , ' },
    { name: 'OPWATCH_AUTH_ISSUER', value: 'http://issuer.example' },
    { name: 'OPWATCH_AUTH_JWKS_URL', value: 'keys' },
    { name: 'OPWATCH_PATCH_CONFIGURATION', value: 'yes' },
    { name: 'OPWATCH_CALLS_APP_ID', value: 'bot' },
    { name: 'OPWATCH_CALLS_OPENID_URL', value: 'https://user:word@keys.example' },
    { name: 'OPWATCH_CALLS_AUTO_TRACK', value: '1' },
  ])('$name=$value is refused by its name alone', ({ name, value }) => {
    expect(refusedNames({ ...cloudEnv, [name]: value })).toContain(name);
  });

  test.each(['OPWATCH_SHARD', 'OPWATCH_', 'OPWATCH_STORAGE__key', 'OPWATCH_COMMS_OPERATION_RETRIES'])(
    'the unknown variable %s is refused, also when it is empty',
    (name) => {
      expect(refusedNames({ ...cloudEnv, [name]: '1' })).toEqual([name]);
      expect(refusedNames({ ...cloudEnv, [name]: '' })).toEqual([name]);
    },
  );

  test.each(['OPWATCH_GRAPH_ROOT', 'OPWATCH_GRAPH_SCOPE', 'OPWATCH_AUTHORITY_HOST'])(
    '%s is refused unless the cloud is custom',
    (name) => {
      expect(refusedNames({ ...cloudEnv, [name]: 'https://graph.example' })).toEqual([name]);
    },
  );

  test.each([
    'http://graph.example',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://128.0.0.1',
    'https://graph.example/v1.0',
    'https://graph.example?x=1',
    'https://graph.example/#',
    'https://graph.microsoft.com:x@evil.example',
    'https://user@graph.example',
    'https:graph.example',
    'ftp://127.0.0.1',
    'graph.example',
  ])('the root %s is refused', (root) => {
    expect(refusedNames({ ...localEnv, OPWATCH_GRAPH_ROOT: root })).toContain('OPWATCH_GRAPH_ROOT');
  });

  test('a custom cloud without a static token needs root and authority', () => {
    expect(refusedNames({ ...cloudEnv, OPWATCH_GRAPH_CLOUD: 'custom' })).toEqual([
      'OPWATCH_GRAPH_ROOT',
      'OPWATCH_AUTHORITY_HOST',
    ]);
  });

  test('a missing tenant is refused unless the token is static', () => {
    expect(refusedNames({ AzureWebJobsStorage: 'UseDevelopmentStorage=true' })).toEqual([
      'OPWATCH_TENANT_ID',
    ]);
  });

  test('every bad variable is named at once, each with its reason and none with its value', () => {
    const message = refusalOf({
      OPWATCH_SHARDS: 'canary-one',
      OPWATCH_GRAPH_ROOT: 'https://canary-two.example',
      OPWATCH_STATIC_TOKEN: 'canary-three',
      OPWATCH_TYPO: 'canary-four',
    });
    expect(message.split('\n')).toEqual([
      'The settings are not valid.',
      'OPWATCH_TYPO is not a setting of Opwatch.',
      'OPWATCH_SHARDS is not valid (Shards a kind, chosen once before first use).',
      'AzureWebJobsStorage is missing, and so is OPWATCH_STORAGE: one of them names the storage account.',
      'OPWATCH_TENANT_ID is missing, and so is AZURE_TENANT_ID.',
      'OPWATCH_GRAPH_ROOT is only allowed with OPWATCH_GRAPH_CLOUD=custom.',
      'OPWATCH_STATIC_TOKEN is only allowed with OPWATCH_CREDENTIAL=static.',
    ]);
    expect(message).not.toContain('canary');
  });
});
