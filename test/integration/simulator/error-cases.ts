// Switches of errors: Retry-After in all forms, statuses, envelopes.
import { expect } from 'vitest';
import { startMs } from './harness.ts';
import { patchStatus, reads, type SwitchCase } from './switch-case.ts';

const waits: readonly (readonly [
  string,
  number | string | null | { dateInSeconds: number },
  string | null,
])[] = [
  ['integer', 315, '315'],
  ['decimal', 2.128, '2.128'],
  ['date', { dateInSeconds: 30 }, new Date(startMs + 30_000).toUTCString()],
  ['past date', { dateInSeconds: -30 }, new Date(startMs - 30_000).toUTCString()],
  ['garbage', 'abc', 'abc'],
  ['negative', '-5', '-5'],
  ['absurd', '1e9', '1e9'],
  ['empty', '', ''],
  ['absent', null, null],
];

export const errorCases: readonly SwitchCase[] = [
  ...waits.map(
    ([form, retryAfter, header]): SwitchCase => ({
      name: `Retry-After ${form}`,
      fault: { fault: 'throttle', retryAfter },
      see: fails(429, 'TooManyRequests', header),
    }),
  ),
  {
    name: '401 always',
    fault: { fault: 'status', status: 401 },
    see: fails(401, 'InvalidAuthenticationToken'),
  },
  {
    name: '403 with a code',
    fault: { fault: 'status', status: 403, code: 'insufficient_claims' },
    see: fails(403, 'insufficient_claims'),
  },
  {
    name: '503 with a wait',
    fault: { fault: 'status', status: 503, retryAfter: 7 },
    see: fails(503, 'ServiceUnavailable', '7'),
  },
  {
    name: 'a write refused by 504 that happened',
    fault: { fault: 'status', status: 504, applied: true, times: 1 },
    see: async (bench) => {
      const { path } = bench.anOperation();
      expect((await bench.send(`/v1.0${path}`, patchStatus)).status).toBe(504);
      expect((await bench.send(`/v1.0${path}`)).json).toMatchObject({ status: 'completed' });
    },
  },
  {
    name: 'innererror',
    fault: { fault: 'status', status: 500, envelope: 'innererror' },
    see: reads({ status: 500, body: { error: { innererror: { 'request-id': expect.any(String) } } } }),
  },
  {
    name: 'innerError',
    fault: { fault: 'status', status: 500 },
    see: reads({ status: 500, body: { error: { innerError: { 'request-id': expect.any(String) } } } }),
  },
  {
    name: 'a nested throttle',
    fault: { fault: 'throttle', envelope: 'nested', retryAfter: 41 },
    see: fails(429, 'activityLimitReached', '41'),
  },
  {
    name: 'an empty code',
    fault: { fault: 'status', status: 500, envelope: 'emptyCode' },
    see: fails(500, ''),
  },
  {
    name: 'UnknownError',
    fault: { fault: 'envelope', form: 'unknownError' },
    see: async (bench) =>
      expect(await bench.send('/v1.0/none')).toMatchObject({
        json: { error: { code: 'UnknownError', message: '' } },
      }),
  },
  {
    name: 'HTML errors',
    fault: { fault: 'envelope', form: 'html' },
    see: async (bench) => expect((await bench.send('/v1.0/none')).text).toMatch(/^<!DOCTYPE/),
  },
  {
    name: 'errors without a body',
    fault: { fault: 'envelope', form: 'none' },
    see: async (bench) => expect(await bench.send('/v1.0/none')).toMatchObject({ status: 400, text: '' }),
  },
  {
    name: 'OneNote errors',
    fault: { fault: 'envelope', form: 'onenote' },
    see: async (bench) =>
      expect(await bench.send('/v1.0/none')).toMatchObject({
        json: { error: { '@api.url': expect.any(String) } },
      }),
  },
];

/** Expectation: error code and Retry-After of the operation's single GET. */
function fails(status: number, code: string, retryAfter: string | null = null): SwitchCase['see'] {
  return async (bench) => {
    const answer = await bench.send(`/v1.0${bench.anOperation().path}`);
    expect(answer).toMatchObject({ status, json: { error: { code } } });
    expect(answer.headers.get('retry-after')).toBe(retryAfter);
  };
}
