// Switches of how notifications are written and signed.
import { expect } from 'vitest';
import { operationId, path, sends } from './push-scene.ts';
import type { Received, ReceivedItem } from './receiver.ts';
import { callId, type SwitchCase } from './switch-case.ts';

const alias = path.replace('/communications/', '/app/');
const bare = (id: string): string => id.replaceAll('-', '').toUpperCase();

/** Expectation: the last notification, which tells the end, is written like this. */
const ends = (expected: object): SwitchCase['see'] =>
  sends((received) => expect(lastItem(received)).toMatchObject(expected));

const lastItem = (received: readonly Received[]): ReceivedItem | undefined =>
  received.at(-1)?.body.value.at(-1);

const formCases: readonly SwitchCase[] = [
  {
    name: 'ids in upper case without dashes',
    fault: { fault: 'pushForm', forms: ['upperDashless'] },
    see: ends({
      resource: `/app/calls/${bare(callId)}/operations/${bare(operationId)}`,
      resourceUrl: `/communications/calls/${bare(callId)}/operations/${bare(operationId)}`,
      resourceData: { id: bare(operationId), '@odata.id': expect.stringContaining(bare(operationId)) },
    }),
  },
  {
    name: 'no id',
    fault: { fault: 'pushForm', forms: ['noId'] },
    see: sends((received) => expect(lastItem(received)?.resourceData).not.toHaveProperty('id')),
  },
  {
    name: 'the alias root everywhere',
    fault: { fault: 'pushForm', forms: ['appRoot'] },
    see: ends({ resource: alias, resourceUrl: alias, resourceData: { '@odata.id': alias } }),
  },
  {
    name: 'resource in place of resourceUrl',
    fault: { fault: 'pushForm', forms: ['resourceOnly'] },
    see: sends((received) => {
      expect(lastItem(received)).toMatchObject({ resource: alias });
      expect(lastItem(received)).not.toHaveProperty('resourceUrl');
    }),
  },
  {
    name: 'resourceUrl alone',
    fault: { fault: 'pushForm', forms: ['urlOnly'] },
    see: sends((received) => {
      expect(lastItem(received)).toMatchObject({ resourceUrl: path });
      expect(lastItem(received)).not.toHaveProperty('resource');
    }),
  },
  {
    name: 'an absolute URL',
    fault: { fault: 'pushForm', forms: ['absoluteUrl'] },
    see: ends({ resourceUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/v1\.0\/communications\//) }),
  },
  {
    name: 'a URL elsewhere',
    fault: { fault: 'pushForm', forms: ['foreignUrl'] },
    see: ends({ resourceUrl: `https://graph.example.test/v1.0${path}` }),
  },
  {
    name: 'parenthesised keys',
    fault: { fault: 'pushForm', forms: ['parenthesised'] },
    see: ends({ resourceUrl: `/communications/calls('${callId}')/operations('${operationId}')` }),
  },
  {
    name: 'a path that climbs',
    fault: { fault: 'pushForm', forms: ['traversal'] },
    see: ends({ resourceUrl: `/communications/calls/../../users/adele${path}` }),
  },
  {
    name: 'an array of one resource',
    fault: { fault: 'pushForm', forms: ['array'] },
    see: ends({ resourceData: [{ id: operationId, status: 'completed' }] }),
  },
  {
    name: 'an end without its status',
    fault: { fault: 'pushForm', forms: ['withoutStatus'], where: { changeType: 'deleted' } },
    see: sends((received) => {
      expect(received[0]?.body.value[0]?.resourceData).toMatchObject({ status: 'running' });
      expect(lastItem(received)).toMatchObject({ changeType: 'deleted', resourceData: { id: operationId } });
      expect(lastItem(received)?.resourceData).not.toHaveProperty('status');
    }),
  },
  {
    name: 'no type',
    fault: { fault: 'pushForm', forms: ['withoutType'] },
    see: sends((received) => expect(lastItem(received)?.resourceData).not.toHaveProperty('@odata.type')),
  },
  {
    name: 'codes as texts',
    fault: { fault: 'pushForm', forms: ['textCodes'] },
    see: ends({ resourceData: { resultInfo: { code: '200', subcode: '0' } } }),
  },
  {
    name: 'the casing of the CSDL',
    fault: { fault: 'pushForm', casing: 'csdl' },
    see: ends({ resourceData: { status: 'Completed' } }),
  },
  {
    name: 'mixed casing of notifications',
    fault: { fault: 'pushForm', casing: 'mixed' },
    see: ends({ resourceData: { status: expect.stringMatching(/^[Cc]ompleted$/) } }),
  },
  {
    name: 'several forms at once',
    fault: {
      fault: 'pushForm',
      forms: ['appRoot', 'upperDashless', 'resourceOnly', 'noId'],
      casing: 'upper',
    },
    see: ends({
      resource: `/app/calls/${bare(callId)}/operations/${bare(operationId)}`,
      resourceData: { status: 'COMPLETED' },
    }),
  },
];

const forgeryCases = (
  [
    ['badSignature', 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'],
    ['otherKey', 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'],
    ['unknownKey', 'ERR_JWKS_NO_MATCHING_KEY'],
    ['wrongAudience', 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['wrongIssuer', 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['noTenant', 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['foreignTenant', 'foreign tenant'],
    ['expired', 'ERR_JWT_EXPIRED'],
    ['notYet', 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['noExpiry', 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['unsigned', 'ERR_JOSE_ALG_NOT_ALLOWED'],
    ['hmac', 'ERR_JOSE_ALG_NOT_ALLOWED'],
    ['garbage', 'ERR_JWS_INVALID'],
    ['none', 'no token'],
  ] as const
).map(
  ([form, refusal]): SwitchCase => ({
    name: `a token that is forged: ${form}`,
    fault: { fault: 'pushForged', form },
    see: sends((received) => expect(received.map((push) => push.refusal)).toEqual([refusal, refusal])),
  }),
);

export const pushFormCases: readonly SwitchCase[] = [...formCases, ...forgeryCases];
