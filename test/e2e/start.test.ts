// What a new user runs first.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';

let child: ChildProcess | undefined;

afterEach(async () => {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  // A test failed: whoever is killed leaves its children behind.
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
});

test('shows every kind ending in every way, ends of calls by push and by poll, and ends with nothing left behind', {
  timeout: 90_000,
}, async () => {
  const startedMs = performance.now();
  child = spawn(process.execPath, ['dev/start.ts', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  let readyMs = 0;
  for await (const line of createInterface({ input: child.stdout ?? process.stdin })) {
    if (line.startsWith('ready http://127.0.0.1:')) readyMs = performance.now() - startedMs;
    lines.push(line);
    if (line.startsWith('All 23 operations')) break;
  }
  expect(readyMs).toBeGreaterThan(0);
  expect(readyMs).toBeLessThan(20_000);
  const matrix = lines
    .slice(
      lines.findIndex((line) => line.startsWith('ended as')),
      -1,
    )
    .filter((line) => line !== '');
  expect(matrix.map((line) => line.trim().split(/\s+/))).toEqual([
    ['ended', 'as', 'succeeded', 'failed', 'lost', 'expired', 'cancelled'],
    ['connectionOperation', '3', '1', '1', '1', '1'],
    ['commsOperation', '5', '1', '1', '1', '1'],
    ['onenoteOperation', '3', '1', '1', '1', '1'],
  ]);
  expect(sightsOf(lines, 'recording, told')).toEqual([
    ['· → running', 'push'],
    ['running → succeeded', 'push'],
  ]);
  expect(sightsOf(lines, 'recording, push lost').at(-1)).toEqual(['running → succeeded', 'poll']);
  const children = childrenOf(child.pid ?? 0);
  expect(children.length).toBeGreaterThanOrEqual(3);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(children.filter(isAlive)).toEqual([]);
});

test('refuses an unknown option with a message', async () => {
  const refused = spawn(process.execPath, ['dev/start.ts', '--prot', '1'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  refused.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const [code] = await once(refused, 'exit');
  expect(code).toBe(1);
  expect(errors).toContain("Unknown option '--prot'");
});

/** The changes of one operation of the list, and how each was seen. */
function sightsOf(lines: readonly string[], name: string): readonly (readonly (string | undefined)[])[] {
  const own = lines.map((line) => line.split(/ {2,}/)).filter((cells) => cells[2] === name);
  return own.map(([_time, _kind, _name, transition, _status, seenBy]) => [transition, seenBy]);
}

function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((other) => parentOf(other) === pid);
}

function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null; // it ended meanwhile
  }
}

function isAlive(pid: number): boolean {
  return parentOf(pid) !== null;
}
