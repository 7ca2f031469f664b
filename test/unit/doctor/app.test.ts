// What the running app's answers to the doctor mean.
import { describe, expect, test } from 'vitest';
import {
  judgeCallers,
  judgeCallNotification,
  judgeDocument,
  judgeHandshake,
  judgeLive,
  judgeReady,
} from '../../../dev/doctor/app/judge.ts';
import type { Exchange } from '../../../dev/doctor/network.ts';
import { openApiDocument } from '../../../src/http/openapi.ts';

const answer = (status: number, text = '', headers: Readonly<Record<string, string>> = {}): Exchange => ({
  arrived: true,
  status,
  text,
  headers: new Headers(headers),
});
const nobody: Exchange = { arrived: false, code: 'ECONNREFUSED' };
const url = 'https://opwatch.example';

describe('the app', () => {
  test.each([
    ['works', answer(200, '{"status":"pass"}'), 'pass', url],
    [
      'is not there',
      nobody,
      'fail',
      'Nobody answers at https://opwatch.example: nobody listens there (ECONNREFUSED).',
    ],
    [
      'has a certificate that nobody trusts',
      { arrived: false, code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
      'fail',
      'its certificate is not trusted here',
    ],
    ['leads elsewhere', answer(307), 'fail', 'leads elsewhere (307)'],
    ['keeps us out', answer(403), 'fail', 'keeps this machine out (403)'],
    ['is another', answer(404, '<html>'), 'fail', 'but not Opwatch (404)'],
    ['does not start', answer(503, 'Function host is not running.'), 'fail', 'The app does not work (503)'],
    ['answers a page', answer(200, '<html>'), 'fail', 'but not Opwatch (200)'],
    ['asks everybody for a sign-in', answer(401), 'fail', 'wants a key or a sign-in from everybody (401)'],
  ] as const)('%s', (_case, given, status, detail) => {
    expect(judgeLive(given, url)).toMatchObject({ status, detail: expect.stringContaining(detail) });
  });

  test.each([
    [answer(200), 'pass'],
    [answer(503), 'fail'],
    [answer(500), 'fail'],
    [nobody, 'fail'],
  ])('its own look at storage, %j: %s', (given, status) => {
    expect(judgeReady(given).status).toBe(status);
  });

  test.each([
    ['refused', answer(401), 'key', false, 'pass'],
    ['open to the world', answer(200), 'key', false, 'fail'],
    ['open on loopback with keys', answer(200), 'key', true, 'pass'],
    ['open on loopback with tokens', answer(200), 'entra', true, 'fail'],
    ['open, and nobody knows the mode', answer(200), null, false, 'fail'],
    ['broken', answer(500), 'key', false, 'fail'],
    ['silent', nobody, 'key', false, 'fail'],
  ] as const)('a request without key or token is %s', (_case, given, mode, isLoopback, status) => {
    expect(judgeCallers(given, { mode, isLoopback }).status).toBe(status);
  });

  const document = openApiDocument() as { readonly info: object; readonly paths: object };
  test.each([
    ['this release', document, 'pass'],
    ['a release with a route more', { ...document, paths: { ...document.paths, '/api/other': {} } }, 'warn'],
    ['another product', { ...document, info: { title: 'Petstore', version: '1.0.0' } }, 'fail'],
    ['no description', { status: 'pass' }, 'fail'],
  ])('describes %s', (_case, given, status) => {
    expect(judgeDocument(answer(200, JSON.stringify(given))).status).toBe(status);
  });

  const plain = { 'content-type': 'text/plain; charset=utf-8' };
  test.each([
    ['as it was sent', answer(200, 'doctor 1', plain), 'pass', null],
    ['as a page', answer(200, 'doctor 1', { 'content-type': 'text/html' }), 'fail', 'gateway'],
    ['changed', answer(200, 'doctor+1', plain), 'fail', 'gateway'],
    ['not at all, for want of a key', answer(401), 'fail', 'PLATFORM_AUTHENTICATION'],
    ['not at all', nobody, 'fail', 'host-restarts'],
  ])('the token of the handshake comes back %s', (_case, given, status, fix) => {
    const verdict = judgeHandshake({ sent: 'doctor 1', answer: given });
    expect(verdict.status).toBe(status);
    expect(String(verdict.fix)).toContain(String(fix));
  });

  test.each([
    [401, true, 'pass'],
    [401, null, 'pass'],
    [401, false, 'warn'],
    [404, false, 'pass'],
    [404, null, 'pass'],
    [404, true, 'fail'],
    [202, true, 'fail'],
    [202, false, 'fail'],
    [503, true, 'fail'],
    [500, true, 'fail'],
  ])('a call notification without a token gets %i while settings say %s: %s', (status, isOn, expected) => {
    const verdict = judgeCallNotification(answer(status), isOn);
    expect(verdict.status).toBe(expected);
    expect(verdict.fix === null).toBe(expected === 'pass');
  });
});
