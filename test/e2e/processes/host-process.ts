// The local host as a process of its own, asked over HTTP as a caller would: it may die at any moment, and then nobody gets an
// answer.
import { type ReadyProcess, startReady } from '../../../dev/processes.ts';

export type Answer = { readonly status: number; readonly json: Readonly<Record<string, unknown>> };

export type HostProcess = Pick<ReadyProcess, 'url' | 'pid' | 'ended' | 'kill' | 'stop'> & {
  readonly isDead: () => boolean;
  /** Lines of its log. */
  readonly lines: readonly string[];
  /** Null when it died before it answered. */
  readonly ask: (method: string, path: string, body?: unknown) => Promise<Answer | null>;
  /** Runs a function that has no route; resolves when it ended, or the process did. */
  readonly run: (name: string) => Promise<void>;
};

export async function startHostProcess(options: {
  /** Of the app that it runs. */
  readonly folder: string;
  readonly port: string;
  readonly env: Readonly<Record<string, string>>;
}): Promise<HostProcess> {
  const lines: string[] = [];
  /** Who waits for the end of a function. */
  const listeners = new Set<(name: string) => void>();
  let isDead = false;
  const host = await startReady('dev/host/main.ts', {
    args: ['--port', options.port, '--app', options.folder],
    env: options.env,
    onErrorLine: hear,
  });
  void host.ended.finally(() => {
    isDead = true;
  });
  return { ...host, isDead: () => isDead, lines, ask, run };

  function hear(line: string): void {
    lines.push(line);
    const [, name] = /"message":"(\w+) (?:succeeded|failed)"/.exec(line) ?? [];
    if (name !== undefined) for (const listener of listeners) listener(name);
  }

  async function ask(method: string, path: string, body?: unknown): Promise<Answer | null> {
    const sent = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    try {
      const response = await fetch(`${host.url}${path}`, { method, ...(body === undefined ? {} : sent) });
      const text = await response.text();
      return { status: response.status, json: text.startsWith('{') ? JSON.parse(text) : {} };
    } catch {
      return null; // it is dead
    }
  }

  async function run(name: string): Promise<void> {
    // An answer of storage tells the process what time it is.
    await ask('GET', '/api/health/ready');
    const { promise, resolve } = Promise.withResolvers<void>();
    const listener = (ended: string): void => {
      if (ended === name) resolve();
    };
    listeners.add(listener);
    const answer = await ask('POST', `/admin/functions/${name}`, { input: '' });
    if (answer !== null) await Promise.race([promise, host.ended]);
    listeners.delete(listener);
  }
}
