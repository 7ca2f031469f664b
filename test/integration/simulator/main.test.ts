// The command line, as a process of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';

describe('command line', () => {
  const run = (...options: string[]): ChildProcess =>
    spawn(
      process.execPath,
      [new URL('../../../dev/simulator/main.ts', import.meta.url).pathname, ...options],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
  const outputOf = async (child: ChildProcess): Promise<string> =>
    String((await once(child.stdout ?? child, 'data'))[0]);

  test.each(['SIGTERM', 'SIGINT'] as const)('prints ready, serves, and ends with 0 on %s', async (signal) => {
    const child = run('--port', '0', '--token', 'T');
    const url = /^ready (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(await outputOf(child))?.[1];
    const status = (await fetch(`${url}/v1.0/x`)).status;
    child.kill(signal);
    expect([status, (await once(child, 'exit'))[0]]).toEqual([401, 0]);
  });

  test('explains itself', async () => {
    expect(await outputOf(run('--help'))).toContain('--token T');
  });

  test('ends with 1 on a wrong option', async () => {
    expect((await once(run('--port', 'many'), 'exit'))[0]).toBe(1);
  });
});
