// Azurite as a child process on free ports: the real storage protocol on this machine, for `npm start` and the tests.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export type Azurite = {
  readonly connectionString: string;
  readonly blobUrl: string;
  readonly queueUrl: string;
  readonly tableUrl: string;
  readonly pid: number;
  /** SIGTERM lets Azurite save its data; it is killed when it has not ended after 10 seconds. */
  readonly stop: () => Promise<void>;
};

/** The public account of every storage emulator; not a secret. */
const accountName = 'devstoreaccount1';
const accountKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const startLimitMs = 30_000;

/** @param options.location folder for the data; without it all is kept in memory. */
export async function startAzurite(options: { readonly location?: string } = {}): Promise<Azurite> {
  const [blobPort, queuePort, tablePort] = [await freePort(), await freePort(), await freePort()];
  const require = createRequire(import.meta.url);
  const script = join(dirname(require.resolve('azurite/package.json')), 'dist/src/azurite.js');
  const where = options.location === undefined ? ['--inMemoryPersistence'] : ['--location', options.location];
  const ports = ['--blobPort', blobPort, '--queuePort', queuePort, '--tablePort', tablePort].map(String);
  const flags = ['--silent', '--skipApiVersionCheck', '--disableTelemetry', '--disableProductStyleUrl'];
  const child = spawn(process.execPath, [script, ...where, ...ports, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4096);
  });
  const urls = [blobPort, queuePort, tablePort].map((port) => `http://127.0.0.1:${port}/${accountName}`);
  await Promise.all(urls.map((url) => answers(url, child, () => errors)));
  const [blobUrl = '', queueUrl = '', tableUrl = ''] = urls;
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

async function answers(url: string, child: ChildProcess, errors: () => string): Promise<void> {
  const untilMs = Date.now() + startLimitMs;
  for (;;) {
    try {
      await fetch(url, { signal: AbortSignal.timeout(1000) });
      return;
    } catch (error) {
      // Not listening yet, unless it has ended or takes too long.
      if (child.exitCode !== null || Date.now() > untilMs) {
        throw new Error(`Azurite did not start: ${errors() || 'no answer'}`, { cause: error });
      }
      await delay(50);
    }
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(killer);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free port could be had.');
  return address.port;
}
