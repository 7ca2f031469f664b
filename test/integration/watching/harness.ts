// The watching half of the real app in this process: real Azurite behind a proxy that counts and misbehaves, a Graph on
// loopback, sweeps on demand, and a reader of the queue.
import { randomUUID } from 'node:crypto';
import { TableClient } from '@azure/data-tables';
import { QueueClient } from '@azure/storage-queue';

import { type Simulator, startSimulator } from '../../../dev/simulator/server.ts';
import { type App, createApp } from '../../../src/app.ts';
import { loadConfig } from '../../../src/config.ts';
import type { Kind } from '../../../src/domain/operation.ts';
import { parseResource } from '../../../src/domain/resources.ts';
import type { TrackRequest } from '../../../src/domain/tracking.ts';
import type { OperationView } from '../../../src/domain/view.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { takeMessages } from '../../fixtures/queue-reader.ts';
import { type StorageProxy, startStorageProxy } from '../../fixtures/storage-proxy.ts';

export type WatchedEvent = {
  readonly id: string;
  readonly data: {
    readonly key: string;
    readonly sequence: number;
    readonly current: {
      readonly state: string;
      readonly status: string | null;
      readonly statusKnown: boolean;
    };
    readonly previous: { readonly state: string; readonly status: string | null } | null;
    readonly observedBy: string;
    readonly evidence: {
      readonly httpStatus: number;
      readonly count: number;
      readonly firstAt: string;
      readonly lastAt: string;
    } | null;
    readonly error: unknown;
    readonly truncated?: boolean;
  };
};

type Begun = { readonly key: string; readonly path: string };

export type BeginOptions = {
  readonly deadlineMs?: number;
  /** Connection or call; one of its own for each operation when absent. */
  readonly parent?: string;
  readonly tenantId?: string;
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
  readonly begin: (count: number, kind?: Kind, options?: BeginOptions) => Promise<readonly Begun[]>;
  readonly setAll: (operations: readonly { readonly path: string }[], status: string) => void;
  readonly sweep: (kind?: Kind) => Promise<void>;
  /** Runs the work and says which storage requests it made, by kind. */
  readonly counted: (work: () => Promise<unknown>) => Promise<Readonly<Record<string, number>>>;
  /** All that is on the queue, taken off, past the proxy. */
  readonly takeEvents: () => Promise<readonly WatchedEvent[]>;
  /** The same without copies of events that were taken before: a send that took too long is repeated. */
  readonly takeNewEvents: () => Promise<readonly WatchedEvent[]>;
  /** The operation as a caller sees it. */
  readonly find: (key: string) => Promise<OperationView>;
  /** Moves the time of storage, of Graph and of all apps of this harness forward. */
  readonly advance: (ms: number) => void;
  /** Another process on the same storage. */
  readonly secondApp: (env?: Readonly<Record<string, string>>) => App;
  /** Clients of the test's own, past the proxy. */
  readonly table: TableClient;
  readonly transitionsQueue: QueueClient;
  readonly sweepsQueue: QueueClient;
  readonly stop: () => Promise<void>;
};

const tracksAtATime = 32;
const tracksUntilGivenUp = 5;

/**
 * Every read is due at every sweep that is at least a second after the one before.
 * @param time `stopped`: only `advance` moves it, for tests that are about times.
 */
export async function startWatching(
  env: Readonly<Record<string, string>> = {},
  time: 'running' | 'stopped' = 'running',
  storageOf = azurite(),
): Promise<Watching> {
  const storage = await startStorageProxy(storageOf);
  // At a whole second, as the service tells no parts of one.
  if (time === 'stopped') storage.stoppedAtMs = Math.floor(Date.now() / 1000) * 1000;
  const simulator = await startSimulator({ now: storage.nowMs });
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
    wallMs: storage.nowMs,
    monotonicMs: () => (time === 'stopped' ? 0 : performance.now()) + storage.aheadMs,
  };
  const newApp = (more: Readonly<Record<string, string>> = {}): App => {
    const started = createApp(
      loadConfig({ ...settings, ...more }),
      (_level, fields, message) => void logged.push({ message, fields }),
      clocks,
    );
    apps.push(started);
    return started;
  };
  const apps: App[] = [];
  const taken = new Set<string>();
  const app = newApp();
  await app.start();
  const transitionsQueue = new QueueClient(storageOf, `transitions-${id}`);
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
    takeNewEvents,
    find,
    advance: (ms) => {
      storage.aheadMs += ms;
    },
    secondApp: newApp,
    table: TableClient.fromConnectionString(storageOf, `t${id}`, { allowInsecureConnection: true }),
    transitionsQueue,
    sweepsQueue: new QueueClient(storageOf, `sweeps-${id}`),
    stop,
  };

  async function begin(count: number, kind: Kind = 'connectionOperation', options: BeginOptions = {}) {
    const begun: Begun[] = [];
    while (begun.length < count) {
      const some = Math.min(tracksAtATime, count - begun.length);
      begun.push(...(await Promise.all(Array.from({ length: some }, () => beginOne(kind, options)))));
    }
    return begun;
  }

  async function beginOne(kind: Kind, { parent, tenantId, deadlineMs }: BeginOptions): Promise<Begun> {
    const script = [{ afterMs: 0, status: kind === 'connectionOperation' ? 'inprogress' : 'running' }];
    const { path } = simulator.control.addOperation({ kind, script, ...(parent ? { parent } : {}) });
    const named = parseResource(path, { ...app.home, tenantId: tenantId ?? app.home.tenantId });
    if (named === null) throw new Error(`No address: ${path}`);
    const what = { label: null, metadata: {}, restartAfter: null, deadlineMs: deadlineMs ?? null };
    await trackSurely({ named, ...what, trackedBy: 'api' });
    return { key: named.key, path };
  }

  /** A machine under load may take longer than we wait for storage; the same request again changes nothing. */
  async function trackSurely(request: TrackRequest): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { outcome } = await app.flows.track(request);
        if (outcome === 'created' || outcome === 'existing') return;
      } catch (error) {
        if (attempt === tracksUntilGivenUp) throw error;
      }
    }
  }

  async function find(key: string): Promise<OperationView> {
    const view = await app.flows.find(key);
    if (view === null) throw new Error(`Not tracked: ${key}`);
    return view;
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
    return (await takeMessages(transitionsQueue)).map((text) => JSON.parse(text) as WatchedEvent);
  }

  async function takeNewEvents(): Promise<readonly WatchedEvent[]> {
    const fresh: WatchedEvent[] = [];
    for (const event of await takeEvents()) {
      if (!taken.has(event.id)) fresh.push(event);
      taken.add(event.id);
    }
    return fresh;
  }

  async function stop(): Promise<void> {
    await Promise.all(apps.map((one) => one.stop()));
    await simulator.stop();
    await storage.stop();
  }
}
