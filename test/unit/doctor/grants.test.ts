// What the directory's answer says of the roles that the app was granted.
import { expect, test } from 'vitest';
import { grantedBy } from '../../../dev/doctor/identity/probe-grants.ts';
import type { Exchange } from '../../../dev/doctor/network.ts';

const clientId = 'aaaaaaaa-0000-4000-8000-000000000003';
const answer = (status: number, body: unknown): Exchange => ({
  arrived: true,
  status,
  text: typeof body === 'string' ? body : JSON.stringify(body),
  headers: new Headers(),
});
const assigned = (appRoleId: string, resourceDisplayName = 'Microsoft Graph') => ({
  appRoleId,
  resourceDisplayName,
  id: 'x',
});

test.each([
  ['none', answer(200, { value: [] }), []],
  [
    'one by its id, whatever its case',
    answer(200, { value: [assigned('284383EE-7F6E-4E40-A2A8-E85DCB029101')] }),
    ['Calls.Initiate.All'],
  ],
  [
    'one that is not of ours, by its id',
    answer(200, { value: [assigned('aaaaaaaa-1111-4222-8333-444444444444')] }),
    ['aaaaaaaa-1111-4222-8333-444444444444'],
  ],
  [
    'those of Graph alone',
    answer(200, { value: [assigned('284383ee-7f6e-4e40-a2a8-e85dcb029101', 'Another API')] }),
    [],
  ],
])('names %s', (_case, given, roles) => {
  expect(grantedBy(given, clientId)).toEqual({ type: 'known', roles });
});

test.each([
  ['nobody answers', { arrived: false, code: 'ENOTFOUND' }, 'its name is not known here (DNS)'],
  ['there is no such app', answer(404, { error: { code: 'Request_ResourceNotFound' } }), clientId],
  [
    'the person may not',
    answer(403, { error: { code: 'Authorization_RequestDenied' } }),
    '403, Authorization_',
  ],
  ['a page answers', answer(200, '<html>'), 'may not list the app’s roles (200)'],
  ['a list of something else answers', answer(200, { value: [{ id: 1 }] }), 'may not list'],
] as const)('knows nothing where %s', (_case, given, why) => {
  expect(grantedBy(given, clientId)).toEqual({ type: 'unknown', why: expect.stringContaining(why) });
});
