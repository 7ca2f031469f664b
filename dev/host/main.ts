// Command line of the local Functions host. Prints `ready <url>` on stdout, and nothing else there; SIGTERM and SIGINT
// end it with 0 within 10 seconds.
import { Console } from 'node:console';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from './log.ts';
import { startHost } from './start-host.ts';

const usage = `Runs a built Functions app on this machine. This is not the Azure Functions host.

  npm run host -- [options]

  --port N     port on 127.0.0.1, 0 for any free one (default 7071)
  --app DIR    folder of host.json and package.json (default: the current one)
  --build      build the bundle of this repository first; npm run host does
  --auth       check function keys, also for /admin; the key is LOCAL_HOST_KEY
  --help       this text

Settings come from the environment, over Values in local.settings.json. Bindings: httpTrigger, timerTrigger,
queueTrigger, queue output. Log lines are JSON on stderr.
`;

const banner =
  'This is a local stand-in, not the Azure Functions host. It serves HTTP, timers, queue triggers and queue output.\n';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '7071' },
      app: { type: 'string', default: '.' },
      build: { type: 'boolean', default: false },
      auth: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535) {
    throw new RangeError('--port must be a whole number from 0 to 65535');
  }
  process.stderr.write(banner);
  // What the app prints is log, as under the worker: stdout stays free for `ready`.
  globalThis.console = new Console({ stdout: process.stderr, stderr: process.stderr });
  let stop = async (): Promise<void> => undefined;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => void stop().then(() => process.exit(0)));
  }

  const appDir = resolve(values.app);
  process.chdir(appDir);
  // Here and not in a command before this one: a shell between npm and the host would keep npm's signals to itself.
  if (values.build) {
    const { buildBundle } = await import('../build.ts');
    await buildBundle(appDir);
  }
  const host = await startHost({ appDir, port: Number(values.port), auth: values.auth });
  stop = host.stop;
  process.stdout.write(`ready ${host.url}\n`);
}

try {
  await main();
} catch (error) {
  const stack = error instanceof Error && process.env['DEBUG'] ? error.stack : undefined;
  process.stderr.write(`${stack ?? messageOf(error)}\n`);
  process.exit(1);
}
