// What looks like a credential or a person is taken out of any text; what explains a fault stays.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redactText } from '../../../src/telemetry/redact.ts';

const storageKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const functionKey = 'J2fk3y9wVQh0mZx7bLrPq8sT1uA5dEiGnKoC4tYvRzBMAzFuWkXjQw==';
const jwt = `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.${'s'.repeat(43)}`;

describe('taken out of a text', () => {
  test.each([
    ['a function key in a query', `GET /api/operations?code=${functionKey}&top=5`, functionKey],
    ['a short function key in a query', 'POST /api/operations?top=5&code=canary-key', 'canary-key'],
    [
      'a signature',
      'https://a.queue.core.windows.net/q?sv=2024&sig=canary%2Bsig%3D&se=2026',
      'canary%2Bsig%3D',
    ],
    ['an access token in a query', 'https://a.example/?access_token=canary', 'canary'],
    ['a validation token', '/api/notifications/graph?validationToken=canary%3A', 'canary%3A'],
    ['a client secret in a form', 'grant_type=client_credentials&client_secret=canary', 'canary'],
    ['a bearer token', 'authorization: Bearer canary.token-value', 'canary.token-value'],
    ['a signed header', 'SharedKey account:canarysignature=', 'canarysignature'],
    ['a token of three parts', `the token ${jwt} was refused`, jwt],
    ['a token of two parts', 'got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ', 'eyJzdWIiOiJjYW5hcnkifQ'],
    ['the key of a connection string', `AccountName=x;AccountKey=${storageKey};EndpointSuffix=y`, storageKey],
    ['an instrumentation key', 'InstrumentationKey=canary-ikey;IngestionEndpoint=https://x/', 'canary-ikey'],
    ['a storage key alone', `wrong key: ${storageKey}`, storageKey],
    ['a function key alone', `wrong key: ${functionKey}`, functionKey],
    ['a recording token in JSON', '{"recordingAccessToken":"canary","status":"completed"}', 'canary'],
    ['a recording token in JSON in a text', '"{\\"recordingAccessToken\\":\\"canary\\"}"', 'canary'],
    ['a client context in JSON', '{"clientContext": "canary"}', 'canary'],
    ['a password in prose', 'password: canary', 'canary'],
    ['a principal name in a path', '/users/adele.vance@contoso.com/onenote/operations/1', 'adele'],
    ['a principal name that is encoded', '/users/adele%40contoso.com/onenote', 'adele'],
    ['the name of a guest', 'adele_fabrikam.com#EXT#@contoso.onmicrosoft.com is unknown', 'adele'],
    ['a mail address with other letters', 'mail jürgen@bücher.example now', 'jürgen'],
    ['a mail address in brackets', 'Adele <adele@contoso.com>', 'adele'],
  ])('is %s', (_what, text, canary) => {
    expect(text).toContain(canary);
    expect(redactText(text)).not.toContain(canary);
  });

  test('are several in one text, and the words between them stay', () => {
    expect(redactText(`adele@contoso.com used ?code=${functionKey} with Bearer ${jwt} twice`)).toBe(
      '[person] used ?code=[secret] with Bearer [secret] twice',
    );
  });
});

describe('left in a text', () => {
  test.each([
    'cwvhqz3sydmuooaqukbfhpwrkk-1795327200-2',
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    '11111111-2222-3333-4444-555555555555',
    'PATCH /users/{id}/onenote/operations/{id}',
    'connectionOperation-00',
    'outbox!cwvhqz3sydmuooaqukbfhpwrkk!001795327200!0000000002',
    '2026-11-22T06:00:00.000Z',
    'connect ECONNREFUSED 127.0.0.1:443',
    'The token has expired or is not valid yet.',
    'no token for Graph can be had',
    'code: UpdateConditionNotSatisfied, status 412',
    'node_modules/@azure/core-rest-pipeline/dist/index.js',
    'Microsoft.ApplicationInsights.RemoteDependency',
    'key:47DEQpj8HBSa',
  ])('stays: %s', (text) => {
    expect(redactText(text)).toBe(text);
  });
});

describe('any text', () => {
  test('loses what is planted in it, whatever stands around it', () => {
    const planted = fc.constantFrom(
      'adele.canary@contoso.com',
      '?code=canary',
      'Bearer canary.token',
      'AccountKey=canary',
      '{"recordingAccessToken":"canary"}',
      'eyJcanary.canary.canary',
    );
    const pieces = [
      '?code=',
      'Bearer ',
      'x@y.zz',
      'token: ',
      '"',
      '\\',
      '=',
      '&',
      '[secret]',
      '@',
      '.',
      '%40',
    ];
    const around = fc
      .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 4 })), { maxLength: 12 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(around, planted, around, (before, plant, after) => {
        expect(redactText(`${before} ${plant} ${after}`)).not.toContain('canary');
      }),
    );
  });

  test.each(['a', '@', 'a@', 'eyJ', 'token', 'token:', '.', '%40', 'a.', '?code=', '\\', 'Bearer '])(
    'is redacted in little time when it repeats %j',
    (piece) => {
      const text = piece.repeat(100_000);
      const before = process.cpuUsage();
      redactText(text);
      expect(process.cpuUsage(before).user / 1000).toBeLessThan(500);
    },
  );
});
