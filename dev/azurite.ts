// Azurite as a child process: the real storage protocol on this machine, for `npm start` and the tests. It picks its
// own ports and says them when it listens, so that nobody else can take one in between.
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { emulatorAccount } from '../src/storage/emulator.ts';

export type Azurite = {
  readonly connectionString: string;
  readonly blobUrl: string;
  readonly queueUrl: string;
  readonly tableUrl: string;
  readonly pid: number;
  /** SIGTERM lets Azurite save its data; it is killed when it has not ended after 10 seconds. */
  readonly stop: () => Promise<void>;
};

const { name: accountName, key: accountKey } = emulatorAccount;
const startLimitMs = 30_000;

export type AzuriteOptions = {
  /** Folder for the data; without it all is kept in memory. */
  readonly location?: string;
  /** Where one ran before, to start it again at the same address; without it any free ports. */
  readonly urls?: Pick<Azurite, 'blobUrl' | 'queueUrl' | 'tableUrl'>;
  /** Ctrl-C in a terminal goes to the whole process group; Azurite then leaves its end to its starter. */
  readonly hasOwnGroup?: boolean;
};

/** @throws Error when it does not listen within 30 seconds; then nothing is left running. */
export async function startAzurite(options: AzuriteOptions = {}): Promise<Azurite> {
  const require = createRequire(import.meta.url);
  const script = join(dirname(require.resolve('azurite/package.json')), 'dist/src/azurite.js');
  const where = options.location === undefined ? ['--inMemoryPersistence'] : ['--location', options.location];
  const [blobPort, queuePort, tablePort] = [
    options.urls?.blobUrl,
    options.urls?.queueUrl,
    options.urls?.tableUrl,
  ].map((url) => (url === undefined ? '0' : new URL(url).port)) as EachService;
  const ports = ['--blobPort', blobPort, '--queuePort', queuePort, '--tablePort', tablePort];
  const flags = ['--silent', '--skipApiVersionCheck', '--disableTelemetry', '--disableProductStyleUrl'];
  const child = spawn(process.execPath, [script, ...where, ...ports, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: options.hasOwnGroup === true,
  });
  const origins = await listening(child).catch(async (error: unknown) => {
    await stopChild(child);
    throw error;
  });
  const [blobUrl, queueUrl, tableUrl] = origins.map((origin) => `${origin}/${accountName}`) as EachService;
  return {
    connectionString: [
      'DefaultEndpointsProtocol=http',
      `AccountName=${accountName}`,
      `AccountKey=${accountKey}`,
      `BlobEndpoint=${blobUrl}`,
      `QueueEndpoint=${queueUrl}`,
      `TableEndpoint=${tableUrl}`,
      '',
    ].join(';'),
    blobUrl,
    queueUrl,
    tableUrl,
    pid: child.pid ?? 0,
    stop: () => stopChild(child),
  };
}

type EachService = [blob: string, queue: string, table: string];

const services = ['Blob', 'Queue', 'Table'];

/** The origins of the three services once all of them listen; rejects when Azurite ends before, or takes too long. */
async function listening(child: ChildProcessByStdio<null, Readable, Readable>): Promise<readonly string[]> {
  const origins = new Map<string, string>();
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4096);
  });
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
  const fail = (): void => reject(new Error(`Azurite did not start: ${errors || 'no answer'}`));
  const timer = setTimeout(fail, startLimitMs);
  child.once('exit', fail);
  child.once('error', reject);
  // The lines are read to the end of the process: a full pipe would stop it.
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [, service, origin] = /^Azurite (\w+) service .*listen\w* (?:at|on) (http:\S+)/.exec(line) ?? [];
    if (service !== undefined && origin !== undefined) origins.set(service, origin);
    const found = services.map((name) => origins.get(name) ?? '');
    if (!found.includes('')) resolve(found);
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    child.off('exit', fail);
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(killer);
}
