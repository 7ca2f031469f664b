// What every refusal of the proxy has in common.
import { expect } from 'vitest';
import { type Answer, functionKey, graphToken, type Proxy } from './harness.ts';

/** A connection that the simulator has in these tests. */
export const connection = 'v1.0/external/connections/contosohr';

/** A problem with this status and code that shows nothing, no call to Graph, and a service that goes on. */
export async function expectRefused(
  proxy: Proxy,
  answer: Answer,
  [status, code]: readonly [status: number, code: string],
): Promise<void> {
  expect(answer).toMatchObject({
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
    json: { status, code, error: { code } },
  });
  expect(new Set(Object.keys(answer.json))).toEqual(
    new Set(['type', 'title', 'status', 'code', 'detail', 'correlationId', 'error']),
  );
  expect(answer.text.length).toBeLessThan(2048);
  expect(answer.text).not.toMatch(/\bat .*\.(ts|js)|node_modules|canary|evil|<script/);
  const log = proxy.lines.join('\n');
  for (const secret of [graphToken, functionKey]) expect(answer.text + log).not.toContain(secret);
  expect(proxy.simulator.control.requests()).toEqual([]);
  expect(await proxy.patch(connection, { body: { name: 'People' } })).toMatchObject({ status: 204 });
}
