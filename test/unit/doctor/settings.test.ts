// What the doctor says of settings: each by itself, and together.
import { describe, expect, test } from 'vitest';
import { judgeTogether } from '../../../dev/doctor/settings/judge-together.ts';
import { judgeValues, nearest } from '../../../dev/doctor/settings/judge-values.ts';
import { readReading } from '../../../dev/doctor/settings/reading.ts';
import type { Verdict } from '../../../dev/doctor/verdict.ts';
import { appId, cloudEnv, localEnv, tenant } from '../../fixtures/config.ts';

type Env = Readonly<Record<string, string>>;
type Place = 'here' | 'elsewhere';

const reading = (env: Env, place: Place = 'here') => readReading({ place, env });
const briefly = (verdicts: readonly Verdict[]) => verdicts.map(({ status, subject }) => [status, subject]);

describe('each setting by itself', () => {
  test.each([
    [
      'an unknown name',
      { OPWATCH_PACE: '1' },
      'OPWATCH_PACE',
      'Remove it; docs/configuration.md has all that there are.',
    ],
    [
      'a name with swapped letters',
      { OPWATCH_SHRADS: '2' },
      'OPWATCH_SHRADS',
      'Remove it, or write OPWATCH_SHARDS.',
    ],
    [
      'a number out of range',
      { OPWATCH_SHARDS: '65' },
      'OPWATCH_SHARDS',
      'Set OPWATCH_SHARDS to what it takes: 1 to 64.',
    ],
    [
      'a word that is none',
      { OPWATCH_CALLER_AUTH: 'none' },
      'OPWATCH_CALLER_AUTH',
      'Set OPWATCH_CALLER_AUTH to what it takes: `key`, `entra`.',
    ],
    [
      'a pace of a kind',
      { OPWATCH_COMMS_OPERATION_INTERVAL_SECONDS: '0' },
      'OPWATCH_COMMS_OPERATION_INTERVAL_SECONDS',
      'Set OPWATCH_COMMS_OPERATION_INTERVAL_SECONDS to what it takes: 1 to 31536000.',
    ],
    [
      'a part of storage',
      { AzureWebJobsStorage: '', OPWATCH_STORAGE__accountName: 'No' },
      'OPWATCH_STORAGE__accountName',
      'Set OPWATCH_STORAGE__accountName to what it takes: 3 to 24 of a–z and 0–9.',
    ],
    [
      'a connection string that is none',
      { AzureWebJobsStorage: 'hello' },
      'AzureWebJobsStorage',
      'Take it anew (az storage account show-connection-string), or name the account by __accountName with an identity.',
    ],
    [
      'no storage',
      { AzureWebJobsStorage: '' },
      'AzureWebJobsStorage',
      'Set AzureWebJobsStorage; docs/configuration.md says what it takes.',
    ],
    [
      'no tenant',
      { AZURE_TENANT_ID: '' },
      'OPWATCH_TENANT_ID',
      'Set OPWATCH_TENANT_ID; docs/configuration.md says what it takes.',
    ],
    [
      'one that another does not allow',
      { OPWATCH_GRAPH_ROOT: 'https://graph.example' },
      'OPWATCH_GRAPH_ROOT',
      'Remove OPWATCH_GRAPH_ROOT, or set what it depends on.',
    ],
    [
      'two queues of one name',
      { OPWATCH_SWEEPS_QUEUE: 'q-1', OPWATCH_TRANSITIONS_QUEUE: 'q-1' },
      'OPWATCH_SWEEPS_QUEUE',
      'Give the two different names.',
    ],
  ])('%s fails by its name and says what to do', (_case, env, subject, fix) => {
    const verdicts = judgeValues(reading({ ...cloudEnv, ...env }));
    expect(verdicts.filter((one) => one.subject === subject)).toEqual([
      { status: 'fail', subject, detail: expect.stringContaining(subject), fix },
    ]);
  });

  test('every problem is told, not only the first', () => {
    const verdicts = judgeValues(
      reading({ ...cloudEnv, OPWATCH_SHARDS: 'x', OPWATCH_TABEL: 'y', OPWATCH_TABLE: '-' }),
    );
    expect(briefly(verdicts)).toEqual([
      ['fail', 'OPWATCH_TABEL'],
      ['fail', 'OPWATCH_TABLE'],
      ['fail', 'OPWATCH_SHARDS'],
    ]);
  });

  test('a value never stands in what is said', () => {
    const env = {
      ...cloudEnv,
      OPWATCH_SHARDS: 'canary-shards',
      OPWATCH_CANARY: 'canary-value',
      AzureWebJobsStorage: 'canary-storage',
    };
    expect(JSON.stringify(judgeValues(reading(env)))).not.toContain('canary-');
  });

  test('names in the wrong case are not read, which is a warning', () => {
    expect(judgeValues(reading({ ...cloudEnv, opwatch_shards: '2' }))).toEqual([
      {
        status: 'warn',
        subject: 'opwatch_shards',
        detail: 'opwatch_shards is not read: case counts.',
        fix: 'Write it OPWATCH_SHARDS, or remove it.',
      },
    ]);
  });

  test('what is right is counted', () => {
    expect(judgeValues(reading(cloudEnv))).toEqual([
      { status: 'pass', subject: null, detail: '1 set, the others have their defaults', fix: null },
    ]);
  });

  test.each([
    ['OPWATCH_SHARD', 'OPWATCH_SHARDS'],
    ['OPWATCH_SHARDSS', 'OPWATCH_SHARDS'],
    ['OPWATCH_SHARTS', 'OPWATCH_SHARDS'],
    ['OPWATCH_SAHRDS', 'OPWATCH_SHARDS'],
    ['OPWATCH_ONENOTE_OPERATION_TICKS', 'OPWATCH_ONENOTE_OPERATION_TICK'],
    ['OPWATCH_STORAGE__acountName', 'OPWATCH_STORAGE__accountName'],
    ['OPWATCH_SHOULD_BE', null],
    ['OPWATCH_', null],
  ])('%s was probably meant to be %s', (written, meant) => {
    expect(nearest(written)).toBe(meant);
  });
});

describe('references that only the platform resolves', () => {
  const env = {
    AzureWebJobsStorage: '@Microsoft.KeyVault(SecretUri=https://vault.example/secrets/storage)',
    AZURE_TENANT_ID: '@Microsoft.AppConfiguration(Endpoint=https://x.example; Key=tenant)',
  };

  test('are named as such and not as wrong', () => {
    expect(briefly(judgeValues(reading(env)))).toEqual([
      ['warn', 'AzureWebJobsStorage'],
      ['warn', 'AZURE_TENANT_ID'],
    ]);
  });

  test('keep what needs them from being looked at', () => {
    const { whyNot } = reading(env);
    expect(whyNot('storage')).toBe('The value of AzureWebJobsStorage is known to the platform only.');
    expect(whyNot('graph')).toBe('The value of AZURE_TENANT_ID is known to the platform only.');
    expect(whyNot('names', 'shards', 'callers')).toBe(null);
  });
});

describe('a setting that is wrong', () => {
  test.each([
    ['OPWATCH_SHARDS', '0', 'shards'],
    ['OPWATCH_TABLE', '1', 'names'],
    ['OPWATCH_QUEUE_ENCODING', 'utf8', 'encoding'],
    ['OPWATCH_GRAPH_CLOUD', 'moon', 'graph'],
    ['OPWATCH_CREDENTIAL', 'password', 'credential'],
    ['OPWATCH_AUTH_JWKS_URL', 'http://keys.example', 'callers'],
    ['OPWATCH_CALLS_APP_ID', 'bot', 'calls'],
    ['AzureWebJobsStorage__accountName', 'NO', 'storage'],
  ] as const)('%s stops only what it would mislead', (name, value, part) => {
    const { whyNot } = reading({
      ...cloudEnv,
      ...(part === 'storage' ? { AzureWebJobsStorage: '' } : {}),
      [name]: value,
    });
    const parts = [
      'storage',
      'names',
      'encoding',
      'shards',
      'graph',
      'credential',
      'callers',
      'calls',
      'telemetry',
    ] as const;
    expect(parts.filter((one) => whyNot(one) !== null)).toEqual([part]);
    expect(whyNot(part)).toBe(`${name} has to be right first.`);
  });
});

const entra = { OPWATCH_CALLER_AUTH: 'entra', OPWATCH_AUTH_AUDIENCE: 'api://opwatch' };
const identity = { AzureWebJobsStorage: '', AzureWebJobsStorage__accountName: 'opwatchtest' };
const managed = { ...cloudEnv, ...identity, OPWATCH_CREDENTIAL: 'managedIdentity' };

const together: readonly (readonly [string, Env, Place, readonly (readonly [string, string])[]])[] = [
  ['the least settings', cloudEnv, 'here', []],
  ['the local ones', localEnv, 'here', []],
  [
    'an audience while keys are checked',
    { ...cloudEnv, OPWATCH_AUTH_AUDIENCE: 'api://x' },
    'here',
    [['warn', 'OPWATCH_AUTH_AUDIENCE']],
  ],
  [
    'key callers who may write configuration',
    { ...cloudEnv, OPWATCH_PATCH_CONFIGURATION: 'allow' },
    'here',
    [['warn', 'OPWATCH_PATCH_CONFIGURATION']],
  ],
  [
    'the same setting while tokens are checked',
    { ...cloudEnv, ...entra, OPWATCH_PATCH_CONFIGURATION: 'deny' },
    'here',
    [['warn', 'OPWATCH_PATCH_CONFIGURATION']],
  ],
  ['tokens and their audience', { ...cloudEnv, ...entra }, 'here', []],
  [
    'calls without a bot',
    { ...cloudEnv, OPWATCH_CALLS_TENANTS: tenant },
    'here',
    [['warn', 'OPWATCH_CALLS_TENANTS']],
  ],
  [
    'calls with a bot',
    { ...cloudEnv, OPWATCH_CALLS_APP_ID: appId, OPWATCH_CALLS_TENANTS: tenant },
    'here',
    [],
  ],
  ['two tenants', { ...cloudEnv, OPWATCH_TENANT_ID: appId }, 'here', [['warn', 'AZURE_TENANT_ID']]],
  ['one tenant twice, in another case', { ...cloudEnv, OPWATCH_TENANT_ID: tenant.toUpperCase() }, 'here', []],
  [
    'a secret and a certificate',
    { ...cloudEnv, AZURE_CLIENT_ID: appId, AZURE_CLIENT_SECRET: 's', AZURE_CLIENT_CERTIFICATE_PATH: 'c.pem' },
    'here',
    [['warn', 'AZURE_CLIENT_CERTIFICATE_PATH']],
  ],
  [
    'a developer’s sign-in on a developer’s machine',
    { ...cloudEnv, OPWATCH_CREDENTIAL: 'azureCli' },
    'here',
    [],
  ],
  [
    'a developer’s sign-in in Azure',
    { ...managed, OPWATCH_CREDENTIAL: 'azureCli' },
    'elsewhere',
    [['fail', 'OPWATCH_CREDENTIAL']],
  ],
  ['a managed identity in Azure', managed, 'elsewhere', []],
  [
    'storage of our own and none of the host',
    { AZURE_TENANT_ID: tenant, OPWATCH_STORAGE__accountName: 'opwatchtest' },
    'here',
    [['fail', 'AzureWebJobsStorage']],
  ],
  [
    'a connection string and an identity',
    { ...cloudEnv, AzureWebJobsStorage__accountName: 'opwatchtest' },
    'here',
    [['warn', 'AzureWebJobsStorage']],
  ],
  ['the emulator in Azure', cloudEnv, 'elsewhere', [['fail', 'AzureWebJobsStorage']]],
  [
    'a tick that is none',
    { ...cloudEnv, OPWATCH_COMMS_OPERATION_TICK: '0 0 0 32 * *' },
    'here',
    [['fail', 'OPWATCH_COMMS_OPERATION_TICK']],
  ],
  [
    'a tick slower than the interval',
    { ...cloudEnv, OPWATCH_COMMS_OPERATION_TICK: '0 */5 * * * *' },
    'here',
    [['warn', 'OPWATCH_COMMS_OPERATION_TICK']],
  ],
  [
    'a tick as slow as the interval',
    { ...cloudEnv, OPWATCH_CONNECTION_OPERATION_TICK: '0 * * * * *' },
    'here',
    [],
  ],
  [
    'a first read after the deadline',
    {
      ...cloudEnv,
      OPWATCH_COMMS_OPERATION_FIRST_POLL_SECONDS: '60',
      OPWATCH_COMMS_OPERATION_DEADLINE_SECONDS: '60',
    },
    'here',
    [['warn', 'OPWATCH_COMMS_OPERATION_FIRST_POLL_SECONDS']],
  ],
  [
    'a short grace before the real Graph',
    { ...cloudEnv, OPWATCH_LOST_GRACE_SECONDS: '59' },
    'here',
    [['warn', 'OPWATCH_LOST_GRACE_SECONDS']],
  ],
  ['a grace of a minute', { ...cloudEnv, OPWATCH_LOST_GRACE_SECONDS: '60' }, 'here', []],
  ['a short grace before a Graph on loopback', { ...localEnv, OPWATCH_LOST_GRACE_SECONDS: '0' }, 'here', []],
];

describe('settings together', () => {
  test.each(together)('%s', (_case, env, place, expected) => {
    const verdicts = judgeTogether(reading(env, place));
    expect(briefly(verdicts.filter(({ status }) => status !== 'pass'))).toEqual(expected);
    expect(verdicts.filter(({ status, fix }) => (status === 'pass') !== (fix === null))).toEqual([]);
  });
});
