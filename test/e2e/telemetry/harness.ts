// The built app in a host process of its own, with a sink of telemetry, a Graph on loopback and the shared Azurite.
// Timers are far away: a sweep runs when a test asks for it.
import { randomUUID } from 'node:crypto';
import { TableClient } from '@azure/data-tables';
import { QueueClient } from '@azure/storage-queue';

import { type ReadyProcess, startReady } from '../../../dev/processes.ts';
import { type Simulator, startSimulator } from '../../../dev/simulator/server.ts';
import { demoBot } from '../../../dev/start/settings.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { type Envelope, type IngestionSink, startIngestionSink } from '../../fixtures/ingestion-sink.ts';
import { takeMessages } from '../../fixtures/queue-reader.ts';

const once = '0 0 0 1 1 *';
const timers = {
  connectionOperation: 'pollConnectionOperations',
  commsOperation: 'pollCommsOperations',
  onenoteOperation: 'pollOnenoteOperations',
} as const;
type Kind = keyof typeof timers;

export type ToldHost = {
  readonly url: string;
  readonly sink: IngestionSink;
  readonly simulator: Simulator;
  readonly process: ReadyProcess;
  /** All that the process printed. */
  readonly lines: readonly string[];
  readonly queue: QueueClient;
  readonly table: TableClient;
  /** @returns the answer's status, headers and text. */
  readonly call: (
    path: string,
    init?: RequestInit,
  ) => Promise<{ status: number; headers: Headers; text: string }>;
  /** Begins operations in Graph and tracks them; @returns their paths. */
  readonly track: (
    count: number,
    given?: { kind?: Kind; headers?: Readonly<Record<string, string>> },
  ) => Promise<readonly string[]>;
  /** Runs a timer's function once. @returns how long it took, in ms, as the host says. */
  readonly sweep: (kind?: Kind) => Promise<number>;
  /** What was published since the last look. */
  readonly events: () => Promise<readonly Readonly<Record<string, unknown>>[]>;
  readonly stop: () => Promise<void>;
};

/** With a LOCAL_HOST_KEY the host checks keys, and every call carries it in its query. */
export async function startToldHost(env: Readonly<Record<string, string>> = {}): Promise<ToldHost> {
  const [sink, simulator] = await Promise.all([startIngestionSink(), startSimulator()]);
  const id = randomUUID().replaceAll('-', '').slice(0, 20);
  const lines: string[] = [];
  const process = await startReady('dev/host/main.ts', {
    args: ['--port', '0', ...(env['LOCAL_HOST_KEY'] === undefined ? [] : ['--auth'])],
    env: {
      ...settings(id, simulator.url),
      ...sink.env,
      APPLICATIONINSIGHTS_CONNECTION_STRING: sink.connectionString,
      ...env,
    },
    onErrorLine: (line) => void lines.push(line),
  });
  const queue = new QueueClient(azurite(), `transitions-${id}`);
  const table = TableClient.fromConnectionString(azurite(), `t${id}`, {
    allowInsecureConnection: true,
  });
  const host = { url: process.url, sink, simulator, process, lines, queue, table };
  return { ...host, call, track, sweep, events, stop };

  async function stop(): Promise<void> {
    await process.stop();
    await simulator.stop();
    await sink.stop();
  }

  async function call(path: string, init: RequestInit = {}) {
    const url = new URL(path, process.url);
    if (env['LOCAL_HOST_KEY'] !== undefined) url.searchParams.set('code', env['LOCAL_HOST_KEY']);
    const response = await fetch(url, init);
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  async function track(
    count: number,
    { kind = 'connectionOperation', headers = {} }: Parameters<ToldHost['track']>[1] = {},
  ) {
    const status = kind === 'connectionOperation' ? 'inprogress' : 'running';
    const paths = Array.from(
      { length: count },
      () => simulator.control.addOperation({ kind, script: [{ afterMs: 0, status }] }).path,
    );
    for (let start = 0; start < count; start += 100) {
      const operations = paths.slice(start, start + 100).map((resource) => ({ resource }));
      const { status: answered } = await call('/api/operations', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ operations }),
      });
      if (answered !== 200) throw new Error(`Tracking failed: ${answered}`);
    }
    return paths;
  }

  async function sweep(kind: Kind = 'connectionOperation'): Promise<number> {
    const name = timers[kind];
    const ended = (): readonly string[] =>
      lines.filter((line) => line.includes(`"${name} succeeded"`) || line.includes(`"${name} failed"`));
    const before = ended().length;
    await call(`/admin/functions/${name}`, { method: 'POST', body: '{"input":""}' });
    const line = await until(() => ended()[before]);
    return (JSON.parse(line) as { readonly durationMs: number }).durationMs;
  }

  async function events() {
    return (await takeMessages(queue)).map((text) => JSON.parse(text) as Readonly<Record<string, unknown>>);
  }
}

function settings(id: string, graph: string): Readonly<Record<string, string>> {
  const kinds = ['CONNECTION_OPERATION', 'COMMS_OPERATION', 'ONENOTE_OPERATION'].flatMap((kind) => [
    [`OPWATCH_${kind}_TICK`, once],
    [`OPWATCH_${kind}_FIRST_POLL_SECONDS`, '0'],
    [`OPWATCH_${kind}_INTERVAL_SECONDS`, '1'],
  ]);
  return {
    AzureWebJobsStorage: azurite(),
    AzureFunctionsWebHost__hostid: id,
    OPWATCH_TABLE: `t${id}`,
    OPWATCH_TRANSITIONS_QUEUE: `transitions-${id}`,
    OPWATCH_SWEEPS_QUEUE: `sweeps-${id}`,
    OPWATCH_GRAPH_CLOUD: 'custom',
    OPWATCH_GRAPH_ROOT: graph,
    OPWATCH_CREDENTIAL: 'static',
    OPWATCH_STATIC_TOKEN: 'only-for-the-simulator',
    OPWATCH_CALLS_APP_ID: demoBot.appId,
    OPWATCH_CALLS_TENANTS: demoBot.tenantId,
    OPWATCH_CALLS_OPENID_URL: `${graph}/v1/.well-known/OpenIdConfiguration`,
    WEBSITE_SITE_NAME: 'opwatch-prod',
    FUNCTIONS_EXTENSION_VERSION: '~4',
    FUNCTIONS_WORKER_RUNTIME: 'node',
    APPLICATION_INSIGHTS_NO_STATSBEAT: 'true',
    ...(Object.fromEntries(kinds) as Record<string, string>),
  };
}

/** Looks again and again until there is something; fails after a minute. */
export async function until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const untilMs = performance.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > untilMs) throw new Error('It did not happen within a minute.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const metricsNamed = (envelopes: readonly Envelope[], name: string) =>
  envelopes.flatMap(({ data, tags }) =>
    (data.baseData.metrics ?? [])
      .filter((metric) => metric.name === name)
      .map((metric) => ({ ...metric, tags, properties: data.baseData.properties ?? {} })),
  );

export const spansNamed = (envelopes: readonly Envelope[], name: string) =>
  envelopes.filter(({ data }) => data.baseType === 'RemoteDependencyData' && data.baseData.name === name);

/** The trace id that the host gave to the last run of a function. */
export function traceIdOf(host: Pick<ToldHost, 'lines'>, name: string): string | undefined {
  const line = host.lines.findLast((one) => one.includes(`"${name} succeeded"`)) ?? '{}';
  return (JSON.parse(line) as { readonly traceId?: string }).traceId;
}
