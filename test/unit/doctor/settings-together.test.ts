// What the doctor says of settings that are each right and don't go together.
import { describe, expect, test } from 'vitest';
import { judgeTogether } from '../../../dev/doctor/settings/judge-together.ts';
import { readReading } from '../../../dev/doctor/settings/reading.ts';
import type { Verdict } from '../../../dev/doctor/verdict.ts';
import { appId, cloudEnv, localEnv, tenant } from '../../fixtures/config.ts';

type Env = Readonly<Record<string, string>>;
type Place = 'here' | 'elsewhere';

const briefly = (verdicts: readonly Verdict[]) => verdicts.map(({ status, subject }) => [status, subject]);

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
    const verdicts = judgeTogether(readReading({ place, env }));
    expect(briefly(verdicts.filter(({ status }) => status !== 'pass'))).toEqual(expected);
    expect(verdicts.filter(({ status, fix }) => (status === 'pass') !== (fix === null))).toEqual([]);
  });
});
