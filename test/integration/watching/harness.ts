// The watching half of the real app in this process: real Azurite behind a proxy that counts and misbehaves, a Graph on
// loopback, sweeps on demand, and a reader of the queue.
import { randomUUID } from 'node:crypto';
import { QueueClient } from '@azure/storage-queue';
import { inject } from 'vitest';
import { type Simulator, startSimulator } from '../../../dev/simulator/server.ts';
import { type App, createApp } from '../../../src/app.ts';
import { loadConfig } from '../../../src/config.ts';
import type { Kind } from '../../../src/domain/operation.ts';
import { parseResource } from '../../../src/domain/resources.ts';
import { takeMessages } from '../../fixtures/queue-reader.ts';
import { type StorageProxy, startStorageProxy } from '../../fixtures/storage-proxy.ts';

export type WatchedEvent = {
  readonly id: string;
  readonly data: {
    readonly key: string;
    readonly sequence: number;
    readonly current: { readonly state: string; readonly status: string | null };
    readonly evidence: { readonly httpStatus: number; readonly count: number } | null;
  };
};

export type Watching = {
  readonly app: App;
  readonly simulator: Simulator;
  readonly storage: StorageProxy;
  readonly logged: readonly {
    readonly message: string;
    readonly fields: Readonly<Record<string, unknown>>;
  }[];
  /** Makes operations in Graph and tracks them; @returns their keys. */
  readonly begin: (
    count: number,
    kind?: Kind,
  ) => Promise<readonly { readonly key: string; readonly path: string }[]>;
  readonly setAll: (operations: readonly { readonly path: string }[], status: string) => void;
  readonly sweep: (kind?: Kind) => Promise<void>;
  /** Runs the work and says which storage requests it made, by kind. */
  readonly counted: (work: () => Promise<unknown>) => Promise<Readonly<Record<string, number>>>;
  /** All that is on the queue, taken off, past the proxy. */
  readonly takeEvents: () => Promise<readonly WatchedEvent[]>;
  /** Moves the time of storage and of all apps of this harness forward; Graph's own stays. */
  readonly advance: (ms: number) => void;
  /** Another process on the same storage. */
  readonly secondApp: () => App;
  readonly stop: () => Promise<void>;
};

const tracksAtATime = 32;

/** Every read is due at every sweep that is at least a second after the one before. */
export async function startWatching(env: Readonly<Record<string, string>> = {}): Promise<Watching> {
  const simulator = await startSimulator();
  const storage = await startStorageProxy(inject('azurite'));
  const id = randomUUID().replaceAll('-', '').slice(0, 20);
  const logged: { message: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const settings = {
    OPWATCH_STORAGE: storage.connectionString,
    OPWATCH_TABLE: `t${id}`,
    OPWATCH_TRANSITIONS_QUEUE: `transitions-${id}`,
    OPWATCH_SWEEPS_QUEUE: `sweeps-${id}`,
    OPWATCH_GRAPH_CLOUD: 'custom',
    OPWATCH_GRAPH_ROOT: simulator.url,
    OPWATCH_CREDENTIAL: 'static',
    OPWATCH_STATIC_TOKEN: 'x',
    OPWATCH_LOST_GRACE_SECONDS: '0',
    OPWATCH_CONNECTION_OPERATION_FIRST_POLL_SECONDS: '0',
    OPWATCH_CONNECTION_OPERATION_INTERVAL_SECONDS: '1',
    ...env,
  };
  const clocks = {
    wallMs: () => Date.now() + storage.aheadMs,
    monotonicMs: () => performance.now() + storage.aheadMs,
  };
  const newApp = (): App =>
    createApp(
      loadConfig(settings),
      (_level, fields, message) => void logged.push({ message, fields }),
      clocks,
    );
  const app = newApp();
  await app.start();
  const queue = new QueueClient(inject('azurite'), `transitions-${id}`);
  const sweep = (kind: Kind = 'connectionOperation'): Promise<void> => app.pollKind(kind);
  return {
    app,
    simulator,
    storage,
    logged,
    begin,
    setAll,
    sweep,
    counted,
    takeEvents,
    advance: (ms) => {
      storage.aheadMs += ms;
    },
    secondApp: newApp,
    stop,
  };

  async function begin(count: number, kind: Kind = 'connectionOperation') {
    const begun: { key: string; path: string }[] = [];
    while (begun.length < count) {
      const some = Math.min(tracksAtATime, count - begun.length);
      begun.push(...(await Promise.all(Array.from({ length: some }, () => beginOne(kind)))));
    }
    return begun;
  }

  async function beginOne(kind: Kind): Promise<{ readonly key: string; readonly path: string }> {
    const script = [{ afterMs: 0, status: kind === 'connectionOperation' ? 'inprogress' : 'running' }];
    const { path } = simulator.control.addOperation({ kind, script });
    const named = parseResource(path, app.home);
    if (named === null) throw new Error(`No address: ${path}`);
    const what = { label: null, metadata: {}, deadlineMs: null, restartAfter: null } as const;
    await app.flows.track({ named, ...what, trackedBy: 'api' });
    return { key: named.key, path };
  }

  function setAll(operations: readonly { readonly path: string }[], status: string): void {
    for (const { path } of operations) simulator.control.setStatus({ path, status });
  }

  async function counted(work: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
    const before = storage.seen().length;
    await work();
    const counts: Record<string, number> = {};
    for (const what of storage.seen().slice(before)) counts[what] = (counts[what] ?? 0) + 1;
    return counts;
  }

  async function takeEvents(): Promise<readonly WatchedEvent[]> {
    return (await takeMessages(queue)).map((text) => JSON.parse(text) as WatchedEvent);
  }

  async function stop(): Promise<void> {
    await app.stop();
    await simulator.stop();
    await storage.stop();
  }
}
