// The commands as their users run them: npm stands between the signal and the process.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { azurite } from '../fixtures/azurite.ts';

const settings = {
  AzureWebJobsStorage: azurite(),
  AzureFunctionsWebHost__hostid: 'commands',
  OPWATCH_GRAPH_CLOUD: 'custom',
  OPWATCH_GRAPH_ROOT: 'http://127.0.0.1:1',
  OPWATCH_CREDENTIAL: 'static',
  OPWATCH_STATIC_TOKEN: 'x',
};

let npm: ChildProcess | undefined;
afterEach(async () => {
  if (npm?.pid === undefined || npm.exitCode !== null || npm.signalCode !== null) return;
  // A test failed: whoever is killed leaves its children behind.
  const ended = once(npm, 'exit');
  process.kill(-npm.pid, 'SIGTERM');
  await ended;
});

async function outputOf(child: ChildProcess, pattern: RegExp): Promise<string> {
  let output = '';
  for await (const chunk of child.stdout ?? []) {
    output += String(chunk);
    if (pattern.test(output)) return output;
  }
  throw new Error(`It ended and said ${output}`);
}

describe('npm run', () => {
  test.each([
    ['host', 'SIGTERM to npm alone', [], 'SIGTERM', 1],
    ['simulator', 'SIGTERM to npm alone', [], 'SIGTERM', 1],
    ['simulator', 'SIGINT to all, as Ctrl-C', [], 'SIGINT', -1],
    ['start', 'SIGINT to all, as Ctrl-C', ['--no-demo'], 'SIGINT', -1],
  ] as const)('%s says where it serves, and ends with 0 on %s', async (script, _how, args, signal, sign) => {
    npm = spawn('npm', ['run', '--silent', script, '--', '--port', '0', ...args], {
      env: { ...process.env, ...settings },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    const output = await outputOf(npm, /^ready .*\n/m);
    const url = /^ready (http:\/\/127\.0\.0\.1:\d+)$/m.exec(output)?.[1] ?? output;
    expect((await fetch(url)).status).toBeGreaterThan(0);
    const startedMs = performance.now();
    process.kill(sign * (npm.pid ?? 0), signal);
    expect(await once(npm, 'exit')).toEqual([0, null]);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });
});
