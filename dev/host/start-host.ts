// A local stand-in for the Azure Functions host: runs the built app unchanged, and refuses what it can't run as Azure
// would. One host a process, because the core API is provided to the whole process.
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { createAdmin } from './admin.ts';
import { type LoadedApp, loadApp } from './app-loader.ts';
import { type Clock, systemClock } from './clock.ts';
import { type HttpTrigger, type PlannedFunction, planFunctions } from './function-plan.ts';
import { loadHostJson } from './host-json.ts';
import { type HttpHostServer, startHttpServer } from './http-server.ts';
import { type LibraryServer, openLibraryServer } from './http-stream.ts';
import { createInvoker, type Invoker } from './invoke.ts';
import { createKeyCheck } from './keys.ts';
import { type Listeners, startListeners } from './listeners.ts';
import { createLog, type HostLog, messageOf } from './log.ts';
import { createQueueCommit } from './queue-output.ts';
import { loadSettings, RefusedError, type Settings } from './settings.ts';
import { createConnections } from './storage-connection.ts';

export type HostOptions = {
  /** Folder of host.json and package.json. */
  readonly appDir: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Whether function keys are checked; the key is the setting LOCAL_HOST_KEY. */
  readonly auth?: boolean;
  /** Gets the values of local.settings.json too. Default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  readonly clock?: Clock;
  /** Takes log lines; stderr by default. */
  readonly write?: (line: string) => void;
};

export type RunningHost = {
  readonly url: string;
  readonly port: number;
  /** Ends within 10 seconds, whatever the app does. */
  readonly stop: () => Promise<void>;
};

/** What work under way and appTerminate hooks have together, before everything is cut. */
const graceMs = 8000;
const defaultMaxBodyBytes = 104_857_600;

/** @throws RefusedError, or what the app threw while it loaded: then nothing is left running. */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const { env = process.env, clock = systemClock, port, auth = false } = options;
  const write = options.write ?? ((line) => void process.stderr.write(line));
  const appDir = resolve(options.appDir);
  const settings = await loadSettings(appDir, env);
  const hostJson = await loadHostJson(appDir, settings);
  const log = createLog(hostJson.logLevel, write);
  const checkKey = createKeyCheck(auth, settings);
  const maxBodyBytes = bodyLimit(settings);
  const app = await loadApp(appDir, log);
  let library: LibraryServer | undefined;
  try {
    library = await openLibraryServer(app.model);
    const functions = planFunctions(app.registry, settings);
    const connections = createConnections(settings, functions);
    const commit = createQueueCommit(connections, hostJson.queues.messageEncoding);
    const invoker = createInvoker({ app, log, functionTimeoutMs: hostJson.functionTimeoutMs, commit });
    const hostId = settings['AzureFunctionsWebHost__hostid'] ?? defaultHostId(appDir);
    let isStopping = false;
    const server = await startHttpServer({
      invoker,
      log,
      maxBodyBytes,
      port,
      checkKey,
      routePrefix: hostJson.routePrefix,
      functions: functions.filter(isHttp),
      libraryUrl: library.url,
      serveAdmin: createAdmin({ hostId, functions, invoker, isStopping: () => isStopping }),
    });
    const listeners = startListeners({ functions, hostJson, hostId, invoker, connections, clock, log });
    const parts = { app, log, library, server, listeners, invoker };
    let stopped: Promise<void> | undefined;
    return {
      url: `http://127.0.0.1:${server.port}`,
      port: server.port,
      stop: () => {
        isStopping = true;
        stopped ??= stopHost(parts);
        return stopped;
      },
    };
  } catch (error) {
    library?.close();
    app.unload();
    throw error;
  }
}

type Parts = {
  readonly app: LoadedApp;
  readonly log: HostLog;
  readonly library: LibraryServer;
  readonly server: HttpHostServer;
  readonly listeners: Listeners;
  readonly invoker: Invoker;
};

/** The app hears of the stop first, so that it can end its own work; then everything has the same grace. */
async function stopHost({ app, log, library, server, listeners, invoker }: Parts): Promise<void> {
  const hooks = app.registry.hooks('appTerminate').map(async (hook) => {
    try {
      await hook({ hookData: app.appHookData });
    } catch (error) {
      // A hook that fails must not keep the others, or the host, from ending.
      log('error', { category: 'Host', error: messageOf(error) }, 'an appTerminate hook failed');
    }
  });
  const work = Promise.allSettled([...hooks, listeners.stop(), server.drain(), invoker.idle()]);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((done) => {
    timer = setTimeout(() => {
      log(
        'warning',
        { category: 'Host' },
        `work was still under way after ${graceMs / 1000} s and is cut off`,
      );
      done();
    }, graceMs);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
  server.closeNow();
  library.close();
  app.unload();
}

/** The same for each start of the same folder on the same machine, so that timers know what they missed. */
function defaultHostId(appDir: string): string {
  return createHash('sha256').update(`${hostname()}\n${appDir}`).digest('hex').slice(0, 32);
}

function bodyLimit(settings: Settings): number {
  const name = 'FUNCTIONS_REQUEST_BODY_SIZE_LIMIT';
  const text = settings[name];
  if (text === undefined) return defaultMaxBodyBytes;
  if (!/^\d{1,12}$/.test(text)) throw new RefusedError(`${name} must be a whole number of bytes.`);
  return Number(text);
}

function isHttp(fn: PlannedFunction): fn is PlannedFunction<HttpTrigger> {
  return fn.trigger.type === 'httpTrigger';
}
