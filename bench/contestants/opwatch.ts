// The product: its built bundle in the local Functions host, woken by its timer, with the settings of a deployment and
// telemetry on. Only pace, addresses and names are the bench's.
import { randomUUID } from 'node:crypto';
import { type ReadyProcess, startReady } from '../../dev/processes.ts';
import type { Contestant, Running, SeenEvent, Task } from './contestant.ts';
import { seedRows } from './seed-rows.ts';

export const opwatch: Contestant = {
  name: 'opwatch',
  title: 'Opwatch',
  remark: null,
  missing: async () => null,
  prepare: (task) => seedRows(task, opwatchSettings(task)),
  start,
  readEvent,
};

/** What makes the product watch what it is given, and nothing that makes it faster. */
export function opwatchSettings(task: Omit<Task, 'paths'>): Readonly<Record<string, string>> {
  const seconds = String(task.intervalMs / 1000);
  return {
    AzureWebJobsStorage: task.uncountedStorage, // the host's own locks
    AzureFunctionsWebHost__hostid: `bench-${randomUUID().slice(0, 8)}`,
    OPWATCH_STORAGE: task.storage,
    OPWATCH_TABLE: task.table,
    OPWATCH_TRANSITIONS_QUEUE: task.queue,
    OPWATCH_SWEEPS_QUEUE: `${task.queue}-sweeps`,
    OPWATCH_SHARDS: String(task.shards),
    OPWATCH_GRAPH_CLOUD: 'custom',
    OPWATCH_GRAPH_ROOT: task.graphUrl,
    OPWATCH_CREDENTIAL: 'static',
    OPWATCH_STATIC_TOKEN: 'only-for-the-simulator',
    OPWATCH_CONNECTION_OPERATION_TICK: `*/${task.tickMs / 1000} * * * * *`,
    OPWATCH_CONNECTION_OPERATION_FIRST_POLL_SECONDS: seconds,
    OPWATCH_CONNECTION_OPERATION_INTERVAL_SECONDS: seconds,
    APPLICATIONINSIGHTS_CONNECTION_STRING: task.telemetry.connectionString,
    ...task.telemetry.env,
  };
}

async function start(task: Task): Promise<Running> {
  const env = opwatchSettings(task);
  const startHost = (): Promise<ReadyProcess> =>
    startReady('dev/host/main.ts', { args: ['--port', '0'], env });
  // One after another: the first makes tables and queues, as at a deployment's first start.
  const hosts: ReadyProcess[] = [];
  while (hosts.length < task.hosts) hosts.push(await startHost());
  return {
    pids: hosts.map(({ pid }) => pid),
    stop: async () => {
      await Promise.all(hosts.map((host) => host.stop()));
    },
  };
}

type CloudEvent = {
  readonly id: string;
  readonly data: {
    readonly sequence: number;
    readonly current: { readonly status: string | null };
    readonly resource: { readonly path: string };
  };
};

function readEvent(text: string): SeenEvent {
  const { id, data } = JSON.parse(text) as CloudEvent;
  const { sequence, current, resource } = data;
  return { path: resource.path, status: current.status, id, sequence };
}
