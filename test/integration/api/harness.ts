// The built app in the local Functions host, a process of its own, before the shared Azurite and a Graph on loopback.
// Every answer is held against the OpenAPI document, and every refusal against the one shape that refusals have.
import { randomUUID } from 'node:crypto';
import { QueueClient } from '@azure/storage-queue';

import { type ReadyProcess, startReady } from '../../../dev/processes.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../../dev/simulator/server.ts';
import { demoSettings } from '../../../dev/start/settings.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { expectDocumented } from '../../fixtures/documented.ts';
import { takeMessages } from '../../fixtures/queue-reader.ts';
import { type Answer, type Asked, createClient } from './client.ts';
import { expectHarmless, functionKey } from './refusals.ts';

export const tenant = '11111111-2222-4333-8444-555555555555';

type Kind = 'connectionOperation' | 'commsOperation' | 'onenoteOperation';

export type Tracked = { readonly key: string; readonly path: string; readonly generation: number };

export type Api = {
  readonly host: ReadyProcess;
  readonly simulator: Simulator;
  /** Log lines of the host and the app. */
  readonly lines: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  /** As the caller of the options. @param path from the root: `/api/operations?top=1`. */
  readonly send: (method: string, path: string, asked?: Asked) => Promise<Answer>;
  /** As nobody. */
  readonly sendBare: Api['send'];
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>;
  /** `POST /api/operations`. */
  readonly post: (body: unknown, headers?: Readonly<Record<string, string>>) => Promise<Answer>;
  /** Makes an operation that runs, in Graph; @returns its path. */
  readonly addOperation: (kind?: Kind, parent?: string) => string;
  /** Makes one and tracks it. */
  readonly track: (more?: Readonly<Record<string, unknown>>) => Promise<Tracked>;
  /** Messages on the queue since the last call, oldest first. */
  readonly takeMessages: () => Promise<readonly string[]>;
  /** Runs a function that has no route, as its trigger would; @returns the status of the answer. */
  readonly runFunction: (name: string) => Promise<number>;
  readonly stop: () => Promise<void>;
};

export type ApiOptions = {
  /** What the caller sends with each request. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Of storage, where it is not the shared Azurite's. */
  readonly storage?: string;
  /** How Graph is started. */
  readonly graph?: SimulatorOptions;
};

/** Timers never fire by themselves, so that every call to Graph is one that a test asked for. */
const never = '0 0 0 1 1 *';

/** Settings of a host that shares nothing with others but Azurite. */
export function settingsFor(graph: string, id: string): Record<string, string> {
  return {
    ...demoSettings({ storage: azurite(), graph }),
    OPWATCH_CONNECTION_OPERATION_TICK: never,
    OPWATCH_COMMS_OPERATION_TICK: never,
    OPWATCH_ONENOTE_OPERATION_TICK: never,
    OPWATCH_TENANT_ID: tenant,
    OPWATCH_STATIC_TOKEN: 'canary-graph-token',
    OPWATCH_TABLE: `t${id}`,
    OPWATCH_TRANSITIONS_QUEUE: `transitions-${id}`,
    OPWATCH_SWEEPS_QUEUE: `sweeps-${id}`,
    AzureFunctionsWebHost__hostid: id,
    LOCAL_HOST_KEY: functionKey,
  };
}

export async function startApi(options: ApiOptions = {}): Promise<Api> {
  const { env = {}, args = [], storage } = options;
  const simulator = await startSimulator(options.graph);
  const id = randomUUID().replaceAll('-', '').slice(0, 20);
  const lines: string[] = [];
  const settings = {
    ...settingsFor(simulator.url, id),
    ...(storage === undefined ? {} : { OPWATCH_STORAGE: storage }),
    ...env,
  };
  const host = await startReady('dev/host/main.ts', {
    args: ['--port', '0', ...args],
    env: settings,
    onErrorLine: (line) => void lines.push(line),
  });
  const client = createClient(host.url);
  const queue = new QueueClient(azurite(), `transitions-${id}`);

  const send: Api['send'] = (method, path, asked) =>
    sendBare(method, path, { ...asked, headers: { ...options.headers, ...asked?.headers } });

  async function sendBare(method: string, path: string, asked: Asked = {}): Promise<Answer> {
    const answer = await client.send(method, path, asked);
    expectDocumented({ method, path }, answer);
    expectHarmless(answer);
    return answer;
  }

  const api: Api = {
    host,
    simulator,
    lines,
    settings,
    send,
    sendBare,
    get: (path, headers = {}) => send('GET', path, { headers }),
    post: (body, headers = {}) => send('POST', '/api/operations', { body, headers }),
    addOperation,
    track,
    takeMessages: () => takeMessages(queue),
    runFunction: async (name) =>
      (await client.send('POST', `/admin/functions/${name}`, { ...options, body: { input: '' } })).status,
    stop: async () => {
      client.close();
      await host.stop();
      await simulator.stop();
    },
  };
  return api;

  function addOperation(kind: Kind = 'connectionOperation', parent?: string): string {
    const script = [{ afterMs: 0, status: kind === 'connectionOperation' ? 'inprogress' : 'running' }];
    return simulator.control.addOperation({ kind, script, ...(parent === undefined ? {} : { parent }) }).path;
  }

  async function track(more: Readonly<Record<string, unknown>> = {}): Promise<Tracked> {
    const path = addOperation();
    const { status, json } = await api.post({ resource: path, ...more });
    if (status !== 201) throw new Error(`Tracking answered ${status}`);
    return { path, key: String(json['key']), generation: Number(json['generation']) };
  }
}
