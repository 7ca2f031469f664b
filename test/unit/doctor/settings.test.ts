// What the doctor says of each setting by itself, and what a wrong one stops.
import { describe, expect, test } from 'vitest';
import { judgeValues, nearest } from '../../../dev/doctor/settings/judge-values.ts';
import { readReading } from '../../../dev/doctor/settings/reading.ts';
import type { Verdict } from '../../../dev/doctor/verdict.ts';
import { cloudEnv } from '../../fixtures/config.ts';

type Env = Readonly<Record<string, string>>;

const reading = (env: Env) => readReading({ place: 'here', env });
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
