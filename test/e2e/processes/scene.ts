// Real processes: the host, storage behind a proxy that can move its time, and a Graph. The host keeps its port over
// restarts, as the platform keeps sending to one address.
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Simulator, startSimulator } from '../../../dev/simulator/server.ts';
import { demoSettings } from '../../../dev/start/settings.ts';
import { tenant } from '../../fixtures/issuer.ts';
import { type StorageProxy, startStorageProxy } from '../../fixtures/storage-proxy.ts';
import { type HostProcess, startHostProcess } from './host-process.ts';
import { openWitness, type Witness } from './witness.ts';

export type Scene = Pick<HostProcess, 'ask' | 'run' | 'kill' | 'isDead'> & {
  readonly simulator: Simulator;
  readonly storage: StorageProxy;
  readonly witness: Witness;
  /** @param failPoint where it dies, as FAILPOINT; absent: nowhere. */
  readonly start: (failPoint?: string) => Promise<void>;
  /** Another process on the same storage. @param app its folder; absent: the same app. */
  readonly startBeside: (app?: string) => Promise<HostProcess>;
  readonly url: () => string;
  /** The last process. */
  readonly current: () => HostProcess | undefined;
  /** Of the last process: its exit code, or null when a signal ended it. */
  readonly exitCode: () => Promise<number | null>;
  readonly stop: () => Promise<void>;
};

export type SceneOptions = {
  /** Connection string of Azurite. */
  readonly azurite: string;
  /** The app that the host runs. */
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
};

export const bot = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
/** Every call of Graph is one that the scene asked for. */
const never = '0 0 0 1 1 *';

export async function openScene({ azurite, folder, env = {} }: SceneOptions): Promise<Scene> {
  const storage = await startStorageProxy(azurite);
  const simulator = await startSimulator({ now: storage.nowMs });
  const id = randomUUID().replaceAll('-', '').slice(0, 20);
  const names = { table: `t${id}`, queue: `transitions-${id}` };
  const settings = {
    ...demoSettings({ storage: azurite, graph: simulator.url }),
    OPWATCH_STORAGE: storage.connectionString,
    OPWATCH_TABLE: names.table,
    OPWATCH_TRANSITIONS_QUEUE: names.queue,
    OPWATCH_SWEEPS_QUEUE: `sweeps-${id}`,
    OPWATCH_TENANT_ID: tenant,
    OPWATCH_CONNECTION_OPERATION_TICK: never,
    OPWATCH_COMMS_OPERATION_TICK: never,
    OPWATCH_ONENOTE_OPERATION_TICK: never,
    OPWATCH_CONNECTION_OPERATION_FIRST_POLL_SECONDS: '0',
    OPWATCH_COMMS_OPERATION_FIRST_POLL_SECONDS: '0',
    OPWATCH_CALLS_APP_ID: bot,
    OPWATCH_CALLS_TENANTS: tenant,
    OPWATCH_CALLS_OPENID_URL: `${simulator.url}/v1.0/.well-known/OpenIdConfiguration`,
    AzureFunctionsWebHost__hostid: id,
    ...env,
  };
  const witness = openWitness({ storage: azurite, simulator, nowMs: storage.nowMs, ...names });
  let host: HostProcess | undefined;
  let port: number | undefined;
  const others: HostProcess[] = [];
  return {
    simulator,
    storage,
    witness,
    start,
    startBeside,
    url: () => host?.url ?? '',
    current: () => host,
    isDead: () => host?.isDead() ?? true,
    exitCode: async () => (await host?.ended) ?? null,
    kill: async () => host?.kill(),
    ask: async (...asked) => (await host?.ask(...asked)) ?? null,
    run: async (name) => host?.run(name),
    stop,
  };

  async function start(failPoint = ''): Promise<void> {
    port ??= await portForLong();
    host = await startHostProcess({ folder, port: String(port), env: envOf(failPoint) });
  }

  async function startBeside(app = folder): Promise<HostProcess> {
    const other = await startHostProcess({ folder: app, port: '0', env: envOf('') });
    others.push(other);
    return other;
  }

  function envOf(failPoint: string): Readonly<Record<string, string>> {
    // Started several hundred times: compiled once, it takes a third less.
    return { ...settings, FAILPOINT: failPoint, NODE_COMPILE_CACHE: join(folder, 'compiled') };
  }

  async function stop(): Promise<void> {
    await Promise.all([...(host === undefined ? [] : [host]), ...others].map((one) => one.stop()));
    await simulator.stop();
    await storage.stop();
  }
}

/** Below those that systems hand out: while its host is dead, nobody else shall get it. */
const [lowestPort, highestPort] = [15_000, 30_000];

async function portForLong(): Promise<number> {
  for (;;) {
    const port = randomInt(lowestPort, highestPort);
    const server = createServer();
    const listening = once(server, 'listening');
    server.listen(port, '127.0.0.1');
    const isFree = await listening.then(
      () => true,
      () => false,
    );
    server.close();
    if (isFree) return port;
  }
}
