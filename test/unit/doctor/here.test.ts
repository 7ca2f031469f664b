// What the doctor says of host.json, telemetry and versions.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { judgeEncoding, judgeFunctions, judgeRules } from '../../../dev/doctor/here/host.ts';
import { judgeTelemetry } from '../../../dev/doctor/here/telemetry.ts';
import { judgeBundle, judgeNode } from '../../../dev/doctor/here/versions.ts';

const host = JSON.parse(readFileSync('host.json', 'utf8')) as {
  readonly extensions: { readonly queues: object };
};

describe('host.json', () => {
  test('of this repository is what the code relies on, however settings replace it by the same', () => {
    expect(judgeRules(host).map(({ status }) => status)).toEqual(['pass']);
    const replaced = {
      ...host,
      extensions: { ...host.extensions, queues: { ...host.extensions.queues, maxDequeueCount: '5' } },
    };
    expect(judgeRules(replaced).map(({ status }) => status)).toEqual(['pass']);
  });

  test('that lets sweeps run too long is named with the setting that may be its cause', () => {
    expect(judgeRules({ ...host, functionTimeout: '-1' })).toEqual([
      {
        status: 'fail',
        subject: 'functionTimeout',
        detail: 'host.json: functionTimeout must be 5 to 10 minutes.',
        fix: 'Correct it there, or remove the setting AzureFunctionsJobHost__functionTimeout that replaces it.',
      },
    ]);
  });

  test.each([
    ['base64', 'base64', 1, 'pass', null],
    ['none', 'text', 8, 'pass', null],
    [
      'base64',
      'text',
      1,
      'warn',
      'Set AzureFunctionsJobHost__extensions__queues__messageEncoding=none, or OPWATCH_QUEUE_ENCODING=base64.',
    ],
    [
      'base64',
      'text',
      2,
      'fail',
      'Set AzureFunctionsJobHost__extensions__queues__messageEncoding=none, or OPWATCH_QUEUE_ENCODING=base64.',
    ],
    [
      'none',
      'base64',
      2,
      'fail',
      'Set AzureFunctionsJobHost__extensions__queues__messageEncoding=base64, or OPWATCH_QUEUE_ENCODING=text.',
    ],
  ] as const)('reads %s where the app writes %s, with %i shards: %s', (reads, app, shards, status, fix) => {
    expect(judgeEncoding({ host: reads, app, shards })).toMatchObject({ status, fix });
  });

  test.each([
    ['nothing', {}, 4, [['pass', null]]],
    [
      'sweepShard, which one shard does not need',
      { 'AzureWebJobs.sweepShard.Disabled': 'true' },
      1,
      [['pass', null]],
    ],
    [
      'sweepShard, which more shards need',
      { 'AzureWebJobs.sweepShard.Disabled': 'true' },
      2,
      [['fail', 'AzureWebJobs.sweepShard.Disabled']],
    ],
    [
      'a timer',
      { AzureWebJobs_pollCommsOperations_Disabled: '1' },
      1,
      [['warn', 'AzureWebJobs_pollCommsOperations_Disabled']],
    ],
    ['nothing, told at length', { 'AzureWebJobs.cleanUp.Disabled': 'false' }, 1, [['pass', null]]],
  ] as const)('settings switch off %s', (_case, env, shards, expected) => {
    expect(judgeFunctions(env, shards).map(({ status, subject }) => [status, subject])).toEqual(expected);
  });

  test('the functions that can be switched off are those that there are', () => {
    const timers = [
      'poll-connection-operations',
      'poll-comms-operations',
      'poll-onenote-operations',
      'clean-up',
      'sweep-shard',
    ];
    const names = timers.map(
      (file) => /app\.\w+\('(\w+)'/.exec(readFileSync(`functions/${file}.ts`, 'utf8'))?.[1] ?? file,
    );
    const env = Object.fromEntries(names.map((name) => [`AzureWebJobs.${name}.Disabled`, 'true']));
    expect(judgeFunctions(env, 2).map(({ subject }) => subject)).toEqual(Object.keys(env));
  });
});

describe('the connection string of telemetry', () => {
  const key = 'InstrumentationKey=00000000-1111-2222-3333-444444444444';
  const endpoint = 'IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/';
  test.each([
    ['off on a developer’s machine', null, false, 'pass'],
    ['off in a deployment', null, true, 'warn'],
    ['key and endpoint', `${key};${endpoint}`, true, 'pass'],
    ['in another order, with spaces', ` ${endpoint} ; ${key} ;`, true, 'pass'],
    ['a key alone', key, true, 'warn'],
    ['a key that is none', `InstrumentationKey=canary;${endpoint}`, true, 'fail'],
    ['only a key’s value', '00000000-1111-2222-3333-444444444444', true, 'fail'],
    ['an endpoint in the clear', `${key};IngestionEndpoint=http://x.example`, true, 'fail'],
    ['a live endpoint that is no address', `${key};${endpoint};LiveEndpoint=canary`, true, 'fail'],
  ])('%s', (_case, text, isDeployed, status) => {
    const verdict = judgeTelemetry(text, isDeployed);
    expect(verdict.status).toBe(status);
    expect(JSON.stringify(verdict)).not.toMatch(/canary|00000000/);
  });
});

describe('versions', () => {
  test.each([
    ['24.21.0', '>=22.15', 'pass'],
    ['22.15.0', '>=22.15', 'pass'],
    ['22.14.9', '>=22.15', 'fail'],
    ['22.15.1', '>=22.15.2', 'fail'],
    ['20.20.0', '>=22.15', 'fail'],
    ['100.0.0', '>=22.15', 'pass'],
  ])('Node %s where %s is needed: %s', (version, least, status) => {
    expect(judgeNode(version, least).status).toBe(status);
  });

  test.each([
    ['was never built', null, 5, 'skipped'],
    ['is newer than its sources', 6, 5, 'pass'],
    ['is older than its sources', 4, 5, 'warn'],
    ['came without its sources', 4, null, 'pass'],
  ])('a bundle that %s', (_case, builtAtMs, changedAtMs, status) => {
    expect(judgeBundle({ builtAtMs, changedAtMs }).status).toBe(status);
  });
});
