// What the doctor says of what Graph answers.
import { describe, expect, test } from 'vitest';
import { judgeRead, judgeRoot } from '../../../dev/doctor/graph/judge.ts';
import { samples } from '../../../dev/doctor/graph/probe.ts';
import { kindNames } from '../../../src/domain/kinds.ts';
import { parseResource } from '../../../src/domain/resources.ts';
import { tenant } from '../../fixtures/config.ts';

const owned = 'ExternalConnection.ReadWrite.OwnedBy';

describe('reads of Graph', () => {
  test.each(kindNames)('what is asked for of %s is legal', (kind) => {
    const home = { cloud: 'global', root: 'https://graph.microsoft.com', tenantId: tenant } as const;
    expect(parseResource(`/${samples[kind].join('/')}`, home)).toMatchObject({ kind });
  });

  const answer = (status: number, code: string | null, headers = {}) => ({
    arrived: true as const,
    status,
    headers,
    bodyText: code === null ? '<html>' : JSON.stringify({ error: { code } }),
  });

  test.each([
    ['found', answer(200, ''), null, 'pass', '200'],
    ['not there', answer(404, 'ItemNotFound'), null, 'pass', 'it may look (404, ItemNotFound)'],
    ['404 of somebody else', answer(404, null), null, 'fail', 'none that Graph gives to a read (404)'],
    [
      'token refused',
      answer(401, 'InvalidAuthenticationToken'),
      [owned],
      'fail',
      'does not take the token (401, InvalidAuthenticationToken)',
    ],
    [
      'forbidden without a role',
      answer(403, 'Forbidden'),
      ['Calls.Initiate.All'],
      'fail',
      'does not let this identity read a connectionOperation',
    ],
    [
      'forbidden, and nobody knows the roles',
      answer(403, 'Forbidden'),
      null,
      'fail',
      'does not let this identity read',
    ],
    ['forbidden with a role', answer(403, 'Forbidden'), [owned], 'warn', 'the token has a role for it'],
    [
      'throttled',
      answer(429, 'TooManyRequests', { 'retry-after': '17' }),
      null,
      'warn',
      'asks to wait, 17 s (429, TooManyRequests)',
    ],
    ['throttled without a time', answer(429, 'TooManyRequests'), null, 'warn', 'asks to wait (429'],
    ['broken', answer(503, 'ServiceUnavailable'), null, 'warn', 'Graph has failed (503, ServiceUnavailable)'],
    ['led elsewhere', answer(302, null), null, 'fail', 'none that Graph gives'],
    ['no answer', { arrived: false, code: 'timeout' }, null, 'fail', 'was not read (timeout)'],
  ] as const)('%s', (_case, given, roles, status, detail) => {
    const verdict = judgeRead(given, 'connectionOperation', roles);
    expect(verdict).toMatchObject({ status, detail: expect.stringContaining(detail) });
    expect(verdict.fix === null).toBe(status === 'pass');
  });

  test('OneNote refuses apps in its own way, which no role changes', () => {
    expect(judgeRead(answer(401, '40001'), 'onenoteOperation', ['Notes.Read.All'])).toMatchObject({
      status: 'warn',
      fix: 'Nothing helps but not to track them.',
    });
  });

  test.each([
    ['Graph without a token', 401, '{"error":{"code":"InvalidAuthenticationToken"}}', 'pass'],
    ['a web server', 404, '<html></html>', 'fail'],
    ['a redirect', 301, '', 'fail'],
    ['a proxy that fails', 502, '', 'warn'],
  ])('at the address answers %s: %s', (_case, status, text, expected) => {
    expect(
      judgeRoot({ arrived: true, status, text, headers: new Headers() }, 'https://graph.example').status,
    ).toBe(expected);
  });

  test('nobody at the address is named with what to look at', () => {
    expect(judgeRoot({ arrived: false, code: 'ENOTFOUND' }, 'https://graph.example')).toEqual({
      status: 'fail',
      subject: null,
      detail:
        'Graph can’t be reached at https://graph.example: its name is not known here (DNS) (ENOTFOUND).',
      fix: expect.stringContaining('OPWATCH_GRAPH_ROOT'),
    });
  });
});
