// What every answer has in common, and every refusal.
import { expect } from 'vitest';
import type { Answer } from './client.ts';

export const functionKey = 'canary-function-key';

const longestProblemBytes = 2048;
const members = ['code', 'correlationId', 'detail', 'error', 'status', 'title', 'type'];

/** Headers and bodies that are safe to show to anybody. An answer of the host itself is empty. */
export function expectHarmless({ status, headers, text, json }: Answer): void {
  expect(headers['access-control-allow-origin']).toBeUndefined();
  expect(JSON.stringify(headers) + text).not.toMatch(
    /canary|<script|eyJ[\w-]+\.eyJ|node_modules|\bat \S+\.c?[jt]s:/,
  );
  if (text === '' && status !== 304) return;
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
  });
  expect(headers['client-request-id']).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
  if (status < 400 || headers['content-type'] !== 'application/problem+json') return;
  expect(Object.keys(json).toSorted()).toEqual(members);
  const { code, detail, correlationId } = json;
  expect(json).toMatchObject({
    type: `urn:opwatch:problem:${String(code)}`,
    title: expect.any(String),
    status,
    error: { code, message: detail },
  });
  expect(correlationId).toBe(headers['client-request-id']);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(longestProblemBytes);
}
