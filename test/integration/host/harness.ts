// Hosts as processes of their own, running the fixture app, and what they tell: `ready`, log lines, an exit code.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterFile } from '../../after-file.ts';

export type LogLine = { readonly level: string; readonly message: string; readonly [field: string]: unknown };

export type Told = Readonly<Record<string, unknown>>;

export type HostProcess = {
  readonly url: string;
  readonly pid: number;
  readonly lines: readonly LogLine[];
  /** Resolves with the first value that is not undefined; looks again at every log line. */
  until<T>(look: (lines: readonly LogLine[]) => T | undefined): Promise<T>;
  /** The payloads of the fixture's own lines that begin with the word. */
  told(word: string): readonly Told[];
  /** @returns the exit code, null after SIGKILL. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
};

export type Ended = { readonly code: number | null; readonly errors: string; readonly output: string };

type Given = { readonly env?: Readonly<Record<string, string>>; readonly args?: readonly string[] };

const main = new URL('../../../dev/host/main.ts', import.meta.url).pathname;
const fixture = new URL('../../fixtures/host-app/', import.meta.url).pathname;

function spawnHost({ env = {}, args = [] }: Given): ChildProcess {
  const child = spawn(process.execPath, [main, '--port', '0', '--app', fixture, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  afterFile(() => endChild(child, 'SIGKILL'));
  return child;
}

/** Starts a host that is expected to end by itself. */
export async function runHost(given: Given): Promise<Ended> {
  const child = spawnHost(given);
  const texts = { errors: '', output: '' };
  child.stderr?.on('data', (chunk: Buffer) => {
    texts.errors += chunk.toString();
  });
  child.stdout?.on('data', (chunk: Buffer) => {
    texts.output += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...texts };
}

/** Starts a host and waits until it is ready. Ended after the file's tests in any case. */
export async function startHostProcess(given: Given): Promise<HostProcess> {
  const child = spawnHost(given);
  const lines: LogLine[] = [];
  const looks = new Set<() => void>();
  if (child.stderr === null || child.stdout === null) throw new Error('The host has no pipes.');
  createInterface(child.stderr).on('line', (line) => {
    lines.push(parseLine(line));
    for (const look of looks) look();
  });
  const url = await readyUrl(child, lines);
  return {
    url,
    pid: child.pid ?? 0,
    lines,
    until: (look) =>
      new Promise((resolve) => {
        const again = (): void => {
          const found = look(lines);
          if (found === undefined) return;
          looks.delete(again);
          resolve(found);
        };
        looks.add(again);
        again();
      }),
    told: (word) =>
      lines
        .filter(
          ({ category, message }) => String(category).endsWith('.User') && message.startsWith(`${word} `),
        )
        .map(({ message }) => JSON.parse(message.slice(word.length + 1)) as Told),
    end: (signal = 'SIGTERM') => endChild(child, signal),
  };
}

async function readyUrl(child: ChildProcess, lines: readonly LogLine[]): Promise<string> {
  const exited = once(child, 'exit').then(() => {
    throw new Error(`The host ended: ${lines.map(({ message }) => message).join('\n')}`);
  });
  const ready = once(child.stdout ?? child, 'data').then(([chunk]) => {
    const url = /^ready (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(String(chunk))?.[1];
    if (url === undefined) throw new Error(`The host said ${String(chunk)}`);
    return url;
  });
  exited.catch(() => undefined);
  return await Promise.race([ready, exited]);
}

async function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return code;
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    // The banner, or what the app printed.
    return { level: 'text', message: line };
  }
}
