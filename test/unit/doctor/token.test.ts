// What the doctor says of the app's token and of its roles.
import { describe, expect, test } from 'vitest';
import { wantedAreas } from '../../../dev/doctor/identity/checks.ts';
import { readClaims } from '../../../dev/doctor/identity/claims.ts';
import { judgeAudience, judgeExpiry, judgeTenant } from '../../../dev/doctor/identity/judge-claims.ts';
import { judgeArea, judgeExcess } from '../../../dev/doctor/identity/judge-roles.ts';
import { missingOf } from '../../../dev/doctor/identity/probe-token.ts';
import { judgeTokenFault } from '../../../dev/doctor/identity/token-faults.ts';
import { Secret } from '../../../src/config/secret.ts';
import { tenant } from '../../fixtures/config.ts';

const secret = new Secret('canary');
const certificate = { path: 'c.pem', password: null, sendsChain: false };

describe('what a credential lacks', () => {
  test.each([
    ['a secret', { type: 'environment', clientId: 'x', secret, certificate: null }, null],
    ['a certificate', { type: 'environment', clientId: 'x', secret: null, certificate }, null],
    ['no client id', { type: 'environment', clientId: null, secret, certificate: null }, 'AZURE_CLIENT_ID'],
    [
      'no proof',
      { type: 'environment', clientId: 'x', secret: null, certificate: null },
      'AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH',
    ],
    ['no file', { type: 'workloadIdentity', clientId: 'x', tokenFile: null }, 'AZURE_FEDERATED_TOKEN_FILE'],
    [
      'no client id for a file',
      { type: 'workloadIdentity', clientId: null, tokenFile: 'f' },
      'AZURE_CLIENT_ID',
    ],
    ['a file', { type: 'workloadIdentity', clientId: 'x', tokenFile: 'f' }, null],
    ['a system-assigned identity', { type: 'managedIdentity', clientId: null }, null],
    ['a sign-in', { type: 'azureCli' }, null],
    ['a static token', { type: 'static', token: secret }, null],
  ] as const)('with %s', (_case, credential, missing) => {
    expect(missingOf(credential)).toBe(missing);
  });
});

describe('why no token was given', () => {
  const withCode = (code: string) => Object.assign(new Error('x'), { code });
  test.each([
    [
      'a wrong secret',
      new Error('AADSTS7000215: Invalid client secret canary.'),
      'environment',
      'the client secret is wrong',
      'AZURE_CLIENT_SECRET',
    ],
    [
      'an old secret, under two errors',
      new Error('x', { cause: new Error('y: AADSTS7000222 z') }),
      'environment',
      'has expired',
      'Make a new secret',
    ],
    [
      'another tenant',
      new Error('AADSTS700016: Application canary not found'),
      'environment',
      'not known in this tenant',
      'OPWATCH_TENANT_ID',
    ],
    [
      'a code that is not in the table',
      new Error('AADSTS1234567: canary'),
      'environment',
      'AADSTS1234567',
      'login.microsoftonline.com/error',
    ],
    [
      'a certificate that is not there',
      withCode('ENOENT'),
      'environment',
      'a file that it needs is not there',
      'AZURE_CLIENT_CERTIFICATE_PATH',
    ],
    [
      'a sign-in service that is not there',
      withCode('ENOTFOUND'),
      'environment',
      'its name is not known',
      'OPWATCH_AUTHORITY_HOST',
    ],
    [
      'the same, in the text only',
      new Error('request to https://x failed, reason: connect ECONNREFUSED'),
      'workloadIdentity',
      'nobody listens',
      'OPWATCH_AUTHORITY_HOST',
    ],
    [
      'no platform',
      new Error('canary'),
      'managedIdentity',
      'no managed identity is offered here',
      'AZURE_CLIENT_ID',
    ],
    [
      'no platform within time',
      Object.assign(new Error('No token came in time.'), { name: 'TimeoutError' }),
      'managedIdentity',
      'no managed identity is offered here',
      'Assign the identity',
    ],
    ['no command line tool', new Error('canary'), 'azureCli', 'no sign-in of the Azure CLI', 'az login'],
    [
      'nothing at all',
      null,
      'workloadIdentity',
      'the platform’s token could not be used',
      'AZURE_FEDERATED_TOKEN_FILE',
    ],
  ] as const)('because of %s', (_case, error, type, detail, fix) => {
    const verdict = judgeTokenFault(error, type);
    expect(verdict).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining(detail),
      fix: expect.stringContaining(fix),
    });
    expect(JSON.stringify(verdict)).not.toContain('canary');
  });
});

const encode = (claims: unknown): string => Buffer.from(JSON.stringify(claims)).toString('base64url');
const jwt = (claims: unknown): string => `${encode({ alg: 'RS256' })}.${encode(claims)}.c2ln`;

describe('claims', () => {
  test.each([
    [
      'an app’s',
      jwt({ tid: tenant.toUpperCase(), aud: 'a', exp: 1, roles: ['r'] }),
      { tid: tenant, aud: 'a', exp: 1, roles: ['r'] },
    ],
    [
      'one without roles',
      jwt({ tid: tenant, aud: 'a', exp: 1 }),
      { tid: tenant, aud: 'a', exp: 1, roles: [] },
    ],
    [
      'a person’s',
      jwt({ tid: tenant, aud: 'a', exp: 1, scp: 's' }),
      { tid: tenant, aud: 'a', exp: 1, roles: [], scp: 's' },
    ],
    ['one without a tenant', jwt({ aud: 'a', exp: 1 }), null],
    ['an opaque one', 'only-for-the-simulator', null],
    ['two dots and no JSON', 'a.b.c', null],
    ['JSON that is no object', jwt('text'), null],
  ])('of %s token', (_case, token, expected) => {
    expect(readClaims(token)).toEqual(expected);
  });

  test.each([
    [tenant, 'pass'],
    ['99999999-2222-4333-8444-555555555555', 'fail'],
  ])('tenant %s: %s', (tid, status) => {
    expect(judgeTenant({ tid }, tenant).status).toBe(status);
  });

  test.each([
    ['https://graph.microsoft.com', 'pass'],
    ['https://graph.microsoft.com/', 'pass'],
    ['00000003-0000-0000-c000-000000000000', 'pass'],
    ['https://graph.microsoft.us', 'fail'],
    ['https://management.azure.com/', 'fail'],
  ])('audience %s: %s', (aud, status) => {
    expect(judgeAudience({ aud }, 'https://graph.microsoft.com/.default').status).toBe(status);
  });

  test.each([
    [3600, 'pass', 'for 60 more minutes, then it is renewed'],
    [301, 'pass', 'for 5 more minutes, then it is renewed'],
    [300, 'warn', 'The token ends in 300 s, sooner than any that Entra gives to apps.'],
    [0, 'fail', 'The token ended 0 minutes ago.'],
    [-600, 'fail', 'The token ended 10 minutes ago.'],
  ])('%i s before its end: %s', (leftSeconds, status, detail) => {
    const nowMs = 1_795_000_000_000;
    expect(judgeExpiry({ exp: nowMs / 1000 + leftSeconds }, nowMs)).toMatchObject({ status, detail });
  });
});

const owned = 'ExternalConnection.ReadWrite.OwnedBy';
const all = 'ExternalConnection.ReadWrite.All';

describe('roles', () => {
  test.each([
    [
      'connections',
      [owned],
      false,
      'pass',
      `${owned}; not for: watch operations of connections of other apps (ExternalConnection.Read.All); change those of other apps by the proxy (${all})`,
    ],
    ['connections', [all], false, 'pass', all],
    [
      'connections',
      ['ExternalConnection.Read.All'],
      false,
      'pass',
      `ExternalConnection.Read.All; not for: change own connections and schemas by the proxy (${owned}); change those of other apps by the proxy (${all})`,
    ],
    [
      'connections',
      ['Calls.Initiate.All'],
      false,
      'skipped',
      `No role for this is granted, from ${owned} on: fine, unless such operations are tracked.`,
    ],
    [
      'calls',
      ['Calls.AccessMedia.All', 'Calls.JoinGroupCallAsGuest.All'],
      true,
      'pass',
      'Calls.JoinGroupCallAsGuest.All, Calls.AccessMedia.All; not for: watch operations of invitations to calls (Calls.InitiateGroupCall.All)',
    ],
    [
      'onenote',
      ['Notes.Read.All'],
      false,
      'warn',
      'Notes.Read.All: granted, but OneNote has refused tokens of apps since March 2025.',
    ],
  ] as const)('for %s with %j', (area, granted, isWanted, status, detail) => {
    expect(judgeArea({ area, granted, isWanted })).toMatchObject({ status, detail });
  });

  test('that are wanted and missing are named with what needs them', () => {
    const verdict = judgeArea({ area: 'calls', granted: [owned], isWanted: true });
    expect(verdict).toEqual({
      status: 'fail',
      subject: null,
      detail:
        'No role for this is granted; missing: watch operations of calls (prompts, mute, cancel) (Calls.Initiate.All); ' +
        'watch operations of invitations to calls (Calls.InitiateGroupCall.All); ' +
        'watch operations of joined meetings: participants, recording status (Calls.JoinGroupCall.All or Calls.JoinGroupCallAsGuest.All); ' +
        'watch operations of media of calls: recording a response, tones, screen sharing (Calls.AccessMedia.All).',
      fix: expect.stringContaining('Grant what you use, Calls.Initiate.All at least'),
    });
  });

  test.each([
    [[], [['pass', null]]],
    [[owned], [['pass', null]]],
    [[owned, all], [['warn', all]]],
    [['Directory.ReadWrite.All', owned], [['warn', 'Directory.ReadWrite.All']]],
    [
      ['Mail.Read', 'Notes.ReadWrite.All'],
      [
        ['warn', 'Mail.Read'],
        ['warn', 'Notes.ReadWrite.All'],
      ],
    ],
  ])('%j are too much: %j', (granted, expected) => {
    expect(judgeExcess(granted).map(({ status, subject }) => [status, subject])).toEqual(expected);
  });

  test.each([
    ['nothing granted or said', [], [], false, ['connections']],
    ['calls by a setting', [], [], true, ['calls']],
    ['a role', [], ['Calls.Initiate.All'], false, []],
    ['a role of something else', [], ['Mail.Read'], false, ['connections']],
    [
      'kinds that somebody named',
      ['onenoteOperation', 'connectionOperation'],
      [owned],
      true,
      ['onenote', 'connections', 'calls'],
    ],
  ] as const)('%s: judged is %j', (_case, kinds, granted, hasCalls, areas) => {
    expect([...wantedAreas(kinds, granted, hasCalls)]).toEqual(areas);
  });
});
