// docs/proxy.md stays true: its commands do what it says, and its codes are the product's.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemCodes } from '../../../src/http/problem.ts';
import { type Proxy, startProxy } from './harness.ts';

const text = readFileSync(new URL('../../../docs/proxy.md', import.meta.url), 'utf8');

let proxy: Proxy;
beforeAll(async () => {
  proxy = await startProxy();
  proxy.simulator.control.addConnection({ id: 'contosohr' });
});
afterAll(() => proxy.stop());

test('the commands of the document answer as it says', async () => {
  const commands = text.replaceAll('\\\n', ' ').matchAll(/^curl (.*)\/api\/graph\/([^"]+)"(.*)$/gm);
  const answers: unknown[] = [];
  for (const [, start = '', path = '', rest = ''] of commands) {
    const body = /-d '([^']+)'/.exec(rest)?.[1];
    const prefer = /prefer: ([^']+)/.exec(rest)?.[1];
    const method = start.includes('-X PATCH') ? 'PATCH' : 'GET';
    const { status, headers } = await proxy.send(method, path, {
      ...(body === undefined ? {} : { body }),
      ...(prefer === undefined ? {} : { headers: { prefer } }),
    });
    answers.push([method, status, 'opwatch-operation' in headers]);
  }
  expect(answers).toEqual([
    ['GET', 200, false],
    ['PATCH', 200, false],
    ['PATCH', 202, true],
  ]);
});

test('the codes of the document are those of the product', () => {
  const table = text.slice(text.indexOf('## What comes back'));
  const others = ['location_foreign', 'location_unknown'];
  const named = [...table.matchAll(/`([a-z]+_[a-z_]+)`/g)].map(([, code]) => code ?? '');
  const known = new Set<string>([...problemCodes, ...others]);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((code) => !known.has(code))).toEqual([]);
});
