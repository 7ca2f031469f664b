// Child processes that say when they are ready: started with their settings, stopped by SIGTERM within a time limit.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export type ReadyProcess = {
  readonly url: string;
  readonly pid: number;
  /** Resolves with the exit code, or null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** SIGTERM, then SIGKILL after 10 seconds; resolves with the exit code. */
  readonly stop: () => Promise<number | null>;
  /** SIGKILL: nothing is saved and nothing is said. */
  readonly kill: () => Promise<void>;
};

export type StartOptions = {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Lines of standard error, for those who want to see them. */
  readonly onErrorLine?: (line: string) => void;
  readonly readyWithinMs?: number;
  /** Ctrl-C in a terminal goes to the whole process group; this one then leaves its end to its starter. */
  readonly hasOwnGroup?: boolean;
};

const stopLimitMs = 10_000;

/** Runs a script with this Node and waits for its line `ready <url>`. @throws Error with its last words. */
export async function startReady(script: string, options: StartOptions): Promise<ReadyProcess> {
  const child = spawn(process.execPath, [script, ...options.args], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: options.hasOwnGroup === true,
  });
  const ended = once(child, 'exit').then(([code]) => (typeof code === 'number' ? code : null));
  const lastWords: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    lastWords.push(line);
    if (lastWords.length > 20) lastWords.shift();
    options.onErrorLine?.(line);
  });
  const url = await readyUrl(child, { ended, withinMs: options.readyWithinMs ?? 30_000 }).catch(
    async (error: unknown) => {
      child.kill('SIGKILL');
      await ended;
      throw new Error(`${script} did not become ready:\n${lastWords.join('\n')}`, { cause: error });
    },
  );
  return {
    url,
    pid: child.pid ?? 0,
    ended,
    stop: () => stopChild(child, ended),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function readyUrl(
  child: ChildProcess,
  { ended, withinMs }: { readonly ended: Promise<number | null>; readonly withinMs: number },
): Promise<string> {
  if (child.stdout === null) throw new Error('no standard output');
  const lines = createInterface({ input: child.stdout });
  const found = new Promise<string>((resolve) => {
    lines.on('line', (line) => {
      const url = /^ready (http:\S+)/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('it took too long')), withinMs);
  });
  const gone = ended.then((code) => {
    throw new Error(`it ended with ${code}`);
  });
  try {
    return await Promise.race([found, late, gone]);
  } finally {
    clearTimeout(timer);
    gone.catch(() => undefined); // told already, or not of interest any more
  }
}

async function stopChild(child: ChildProcess, ended: Promise<number | null>): Promise<number | null> {
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
  const code = await ended;
  clearTimeout(killer);
  return code;
}
