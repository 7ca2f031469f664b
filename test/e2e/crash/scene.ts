// Real processes for one death: the host on the mortal app, storage behind a proxy that can move its time, and a Graph. The
// host keeps its port over restarts, as the platform keeps sending to one address.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type ReadyProcess, startReady } from '../../../dev/processes.ts';
import { type Simulator, startSimulator } from '../../../dev/simulator/server.ts';
import { demoSettings } from '../../../dev/start/settings.ts';
import { tenant } from '../../fixtures/issuer.ts';
import { type StorageProxy, startStorageProxy } from '../../fixtures/storage-proxy.ts';
import { openWitness, type Witness } from '../witness.ts';

export type Answer = { readonly status: number; readonly json: Readonly<Record<string, unknown>> };

export type Scene = {
  readonly simulator: Simulator;
  readonly storage: StorageProxy;
  readonly witness: Witness;
  /** @param failPoint where it dies, as FAILPOINT; absent: nowhere. */
  readonly start: (failPoint?: string) => Promise<void>;
  readonly kill: () => Promise<void>;
  readonly url: () => string;
  readonly isDead: () => boolean;
  /** Null when the host died before it answered. */
  readonly ask: (method: string, path: string, body?: unknown) => Promise<Answer | null>;
  /** Runs a function that has no route; resolves when it ended, or the host did. */
  readonly run: (name: string) => Promise<void>;
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
  const nowMs = (): number => Date.now() + storage.aheadMs;
  const simulator = await startSimulator({ now: nowMs });
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
    OPWATCH_CALLS_OPENID_URL: `${simulator.url}/v1.0/.well-known/OpenIdConfiguration`,
    AzureFunctionsWebHost__hostid: id,
    // Started several hundred times: compiled once, it takes a third less.
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
    ...env,
  };
  const witness = openWitness({ storage: azurite, simulator, nowMs, ...names });
  let host: ReadyProcess | undefined;
  let isDead = true;
  let port = '0';
  /** Who waits for a line of the host's log. */
  const listeners = new Set<(message: string) => void>();
  return {
    simulator,
    storage,
    witness,
    start,
    kill: async () => host?.kill(),
    url: () => host?.url ?? '',
    isDead: () => isDead,
    ask,
    run,
    stop,
  };

  async function start(failPoint = ''): Promise<void> {
    const started = await startReady('dev/host/main.ts', {
      args: ['--port', port, '--app', folder],
      env: { ...settings, FAILPOINT: failPoint },
      onErrorLine: hear,
    });
    port = new URL(started.url).port;
    host = started;
    isDead = false;
    void started.ended.finally(() => {
      if (host === started) isDead = true;
    });
  }

  function hear(line: string): void {
    const [, message = ''] = /"message":"(\w+ (?:succeeded|failed))"/.exec(line) ?? [];
    for (const listener of listeners) listener(message);
  }

  async function ask(method: string, path: string, body?: unknown): Promise<Answer | null> {
    try {
      const response = await fetch(`${host?.url}${path}`, {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      const text = await response.text();
      const json = text.startsWith('{') ? JSON.parse(text) : {};
      return { status: response.status, json };
    } catch {
      return null; // the host is dead
    }
  }

  async function run(name: string): Promise<void> {
    // An answer of storage tells the process what time it is.
    await ask('GET', '/api/health/ready');
    const { promise, resolve } = Promise.withResolvers<void>();
    const listener = (message: string): void => {
      if (message.startsWith(`${name} `)) resolve();
    };
    listeners.add(listener);
    const answer = await ask('POST', `/admin/functions/${name}`, { input: '' });
    if (answer !== null) await Promise.race([promise, host?.ended]);
    listeners.delete(listener);
  }

  async function stop(): Promise<void> {
    await host?.stop();
    await simulator.stop();
    await storage.stop();
  }
}
