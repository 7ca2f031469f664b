// `npm start`: the whole product on this machine. Azurite, the Graph simulator and the local Functions host in one
// process tree on loopback, a demo that makes operations as a user would, and a live list of what a consumer reads.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { startAzurite } from './azurite.ts';
import { buildBundle } from './build.ts';
import { type ReadyProcess, startReady } from './processes.ts';
import { runDemo } from './start/demo.ts';
import { post } from './start/post.ts';
import { removeRecord, writeRecord } from './start/record.ts';
import { demoBot, demoSettings } from './start/settings.ts';
import { createTransitionList } from './start/transition-list.ts';
import { consumeTransitions } from './start/transitions.ts';

const help = `npm start -- [options]

  --port N    port of the API (default 7071, or a free one when that is taken)
  --data DIR  keep storage in this folder between starts (default: in memory)
  --no-demo   start everything and make no operations
  --help      this text

Everything runs on 127.0.0.1 and ends with Ctrl-C.`;

const defaultPort = 7071;
const root = process.cwd();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      data: { type: 'string' },
      'no-demo': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());
  const stack = await startStack({ port: values.port, data: values.data });
  try {
    await writeRecord(root, {
      pid: process.pid,
      url: stack.host.url,
      startedAtMs: Date.now(),
      settings: stack.settings,
    });
    console.log(`ready ${stack.host.url}\n`);
    console.log(urlsToTry(stack.host.url, stack.simulator.url));
    const list = createTransitionList(console.log);
    const consuming = consumeTransitions(stack.connectionString, list.add, stopping.signal);
    if (!values['no-demo'])
      await runDemo({ api: stack.host.url, graph: stack.simulator.url, list, signal: stopping.signal });
    const ended = stack.host.ended.then(() => stopping.abort());
    await consuming;
    void ended;
  } finally {
    await removeRecord(root, process.pid);
    await stack.stop();
  }
}

type Stack = {
  readonly connectionString: string;
  /** What the host was given. */
  readonly settings: Readonly<Record<string, string>>;
  readonly simulator: ReadyProcess;
  readonly host: ReadyProcess;
  readonly stop: () => Promise<void>;
};

async function startStack(options: {
  readonly port: string | undefined;
  readonly data: string | undefined;
}): Promise<Stack> {
  if (options.data !== undefined) await mkdir(options.data, { recursive: true });
  await buildBundle(root);
  // Ctrl-C ends them in our order: the host while storage still answers it, then the others.
  const azurite = await startAzurite({
    hasOwnGroup: true,
    ...(options.data === undefined ? {} : { location: options.data }),
  });
  const simulator = await startReady('dev/simulator/main.ts', {
    args: ['--port', '0'],
    hasOwnGroup: true,
  }).catch(async (error: unknown) => {
    await azurite.stop();
    throw error;
  });
  const stopOthers = async (): Promise<void> => {
    await Promise.all([simulator.stop(), azurite.stop()]);
  };
  const env = demoSettings({ storage: azurite.connectionString, graph: simulator.url });
  try {
    const host = await startHost(options.port, env);
    // All calls of the simulated Graph are the bot's, also those that are made by hand.
    const notified = { uri: `${host.url}/api/notifications/calls`, ...demoBot };
    await post(`${simulator.url}/_control/callbacks`, notified);
    const stop = async (): Promise<void> => {
      await host.stop();
      await stopOthers();
    };
    return { connectionString: azurite.connectionString, settings: env, simulator, host, stop };
  } catch (error) {
    await stopOthers();
    throw error;
  }
}

/** On the wanted port; when none was wanted and the usual one is taken, on a free one. */
async function startHost(
  port: string | undefined,
  env: Readonly<Record<string, string>>,
): Promise<ReadyProcess> {
  const start = (wanted: string): Promise<ReadyProcess> =>
    startReady('dev/host/main.ts', {
      args: ['--port', wanted],
      env,
      onErrorLine: showProblem,
      hasOwnGroup: true,
    });
  if (port !== undefined) return start(port);
  try {
    return await start(String(defaultPort));
  } catch (error) {
    if (!String(error).includes('EADDRINUSE')) throw error;
    console.log(`Port ${defaultPort} is taken; another one is used.`);
    return start('0');
  }
}

/** Of the host's log only what needs attention is shown. */
function showProblem(line: string): void {
  if (/"level":"(error|critical)"/.test(line)) console.error(line);
}

function urlsToTry(api: string, graph: string): string {
  return [
    'Try it:',
    `  curl -s ${api}/api/operations`,
    `  curl -s '${api}/api/operations?state=failed,lost'`,
    `  curl -si -X PATCH ${api}/api/graph/v1.0/external/connections/contosohr/schema \\`,
    `       -H 'content-type: application/json' -d '{"baseType":"microsoft.graph.externalItem","properties":[]}'`,
    `  curl -s ${api}/api/openapi.json`,
    `  curl -s ${graph}/_control/stats        (the simulated Graph)`,
    '  npm run doctor                         (in another terminal: checks all of this)',
    '',
  ].join('\n');
}

if (!existsSync('functions/main.ts')) throw new Error('Run this from the folder of the repository.');
await main();
process.exit(0);
