// The composition root: configuration → adapters → flows. It alone sees everything; nothing is decided here.
// Modules that few functions need (Graph, identity) are loaded when they are first used.
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { createNotifications, type Notifications } from './app/notifications.ts';
import { createAuthorise } from './app/token-checks.ts';
import type { Config } from './config/types.ts';
import { loadConfig } from './config.ts';
import { parseShard, shardOf, shardsOf } from './domain/keys.ts';
import { kindNames } from './domain/kinds.ts';
import type { Kind } from './domain/operation.ts';
import type { GraphHome } from './domain/resources.ts';
import type { Shard } from './domain/stored.ts';
import type { ApiFlows, ProxyFlows } from './flows/api-flows.ts';
import { createCheckReadiness } from './flows/check-readiness.ts';
import { createCleanUp } from './flows/clean-up.ts';
import { createFindByOperationId } from './flows/find-by-operation-id.ts';
import { createFindOperation, createWaitForEnd, findRows } from './flows/find-operation.ts';
import { createRunOnce, idempotencyKeptMs, type RunOnce } from './flows/idempotency.ts';
import { createListOperations } from './flows/list-operations.ts';
import { createPollNow } from './flows/poll-now.ts';
import type { Log, ReadBatch, Tell } from './flows/ports.ts';
import { createProxyRequest, type ProxyPorts } from './flows/proxy-request.ts';
import { createStopOperation } from './flows/stop-operation.ts';
import { isNews } from './flows/sweep-report.ts';
import { createSweepShard } from './flows/sweep-shard.ts';
import { createSweepWhileBehind } from './flows/sweep-while-behind.ts';
import { createTrackOperation } from './flows/track-operation.ts';
import { observationOf } from './graph/answers.ts';
import type { Graph } from './graph/open-graph.ts';
import { type Authorise, createMaySeeDetails, type MaySeeDetails } from './http/caller.ts';
import { type CredentialSettings, createCredential } from './identity/credentials.ts';
import { openStorage, type Storage, type StorageConnection } from './storage/open-storage.ts';
import { createStorageClock, type LocalClocks, type StorageClock } from './storage/storage-clock.ts';
import { logLine } from './telemetry/log-line.ts';
import { createTelemetry, type Telemetry } from './telemetry/telemetry.ts';

export type App = {
  readonly config: Config;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly home: GraphHome;
  readonly flows: ApiFlows & ProxyFlows;
  readonly notifications: Notifications;
  readonly runOnce: RunOnce;
  readonly authorise: Authorise;
  readonly maySeeDetails: MaySeeDetails;
  /** With Entra tokens the app checks the caller itself, and the host asks for no key. */
  readonly authLevel: 'function' | 'anonymous';
  /** What a kind's timer does: sweeps its only shard, or sends one message a shard. */
  readonly pollKind: (kind: Kind) => Promise<void>;
  /** What a sweep message asks for: `{ "shard": "<name>" }`. Rejects for a message that names no shard. */
  readonly sweepShardMessage: (message: unknown) => Promise<void>;
  readonly cleanUp: () => Promise<void>;
  /** Creates table and queues where they are absent, and refuses another number of shards than the stored one. */
  readonly start: () => Promise<void>;
  /**
   * Sweeps under way begin no request to Graph any more and end soon after. Resolves when what was put off for a moment
   * is done.
   */
  readonly stop: () => Promise<void>;
};

/** Well below the host's functionTimeout (10 minutes), so that a sweep ends itself between two requests. */
const sweepBudgetMs = 4 * 60_000;
/** How long requests to Graph may still take after a stop; the host ends the process after ten seconds. */
const giveUpAfterMs = 4000;

let app: App | undefined;

/** The one app of this process, made from its environment at the first call. @throws AppError config_invalid */
export function getApp(): App {
  app ??= createApp(loadConfig(), logLine);
  return app;
}

const systemClocks: LocalClocks = { wallMs: Date.now, monotonicMs: () => performance.now() };

export function createApp(config: Config, write: Log, clocks: LocalClocks = systemClocks): App {
  const telemetry = openConfiguredTelemetry(config, write);
  const log = telemetry.telling(write);
  const clock = createStorageClock(clocks);
  const { cloud, root, tenantId } = config.graph;
  const home: GraphHome = { cloud, root, tenantId };
  const storage = openConfiguredStorage(config, clock, log);
  const stopping = new AbortController();
  const background = new Set<Promise<void>>();
  const givingUp = new AbortController();
  const ports = {
    ...makePorts({ config, storage, clock, log, tell: telemetry.tell }),
    stopping: stopping.signal,
    inBackground,
  };
  const sweepWhileBehind = createSweepWhileBehind(ports, createSweepShard(ports));
  const removeOld = createCleanUp(ports);
  const authorise = createAuthorise(config);
  const flows = makeFlows({ ...ports, home }, storage);
  return {
    config,
    log,
    telemetry,
    home,
    flows,
    runOnce: createRunOnce({ clock, idempotency: storage.idempotency }),
    authorise,
    maySeeDetails: createMaySeeDetails(config.callerAuth.mode === 'key' ? null : authorise),
    notifications: createNotifications(config, home, {
      ...ports,
      track: flows.track,
      prepare: storage.prepare,
    }),
    authLevel: config.callerAuth.mode === 'key' ? 'function' : 'anonymous',
    pollKind,
    sweepShardMessage,
    cleanUp,
    start: storage.prepare,
    stop,
  };

  function inBackground(work: Promise<void>): void {
    background.add(work);
    void work.finally(() => background.delete(work));
  }

  async function stop(): Promise<void> {
    stopping.abort();
    setTimeout(() => givingUp.abort(), giveUpAfterMs).unref();
    await Promise.all(background);
  }

  async function pollKind(kind: Kind): Promise<void> {
    await storage.prepare();
    const shards = shardsOf(kind, config.shards);
    const [only, ...more] = shards;
    if (only !== undefined && more.length === 0) return sweep(kind, only);
    await Promise.all(shards.map((shard) => storage.sweepsQueue.send(JSON.stringify({ shard }))));
  }

  async function sweepShardMessage(message: unknown): Promise<void> {
    await storage.prepare();
    const name = typeof message === 'object' && message !== null && 'shard' in message ? message.shard : null;
    const target = typeof name === 'string' ? parseShard(name, config.shards) : null;
    if (target === null) throw new TypeError('A sweep message must be {"shard": "<kind>-<two digits>"}.');
    await sweep(target.kind, target.shard);
  }

  async function sweep(kind: Kind, shard: Shard): Promise<void> {
    const deadlineMonotonicMs = clock.monotonicMs() + sweepBudgetMs;
    const limits = { deadlineMonotonicMs, signal: stopping.signal, giveUp: givingUp.signal };
    const swept = sweepWhileBehind({ kind, shard }, limits, (report) => {
      // Lines cost too: the host sends them on.
      if (isNews(report)) log('info', report, 'sweep ended');
      telemetry.recordSweep(shard, report, isNews(report));
    });
    await swept.catch((error: unknown) => {
      log('error', { shard, error }, 'sweep failed');
      throw error;
    });
  }

  async function cleanUp(): Promise<void> {
    await storage.prepare();
    await removeOld(stopping.signal);
    await storage.idempotency.removeBefore(clock.nowMs() - idempotencyKeptMs);
  }
}

type Parts = {
  readonly config: Config;
  readonly storage: Storage;
  readonly clock: StorageClock;
  readonly log: Log;
  readonly tell: Tell;
};

function makePorts({ config, storage, clock, log, tell }: Parts) {
  return {
    ...storage.store,
    clock,
    log,
    tell,
    random: Math.random,
    graphRoot: config.graph.root,
    send: storage.transitionsQueue.send,
    ...lazyGraph(config, clock, log),
    policies: config.kinds,
    retentionMs: config.retentionMs,
    shardCount: config.shards,
    shards: kindNames.flatMap((kind) => shardsOf(kind, config.shards)),
    shardOf: (operation: { readonly kind: Kind; readonly key: string }) =>
      shardOf(operation.kind, operation.key, config.shards),
    maxWaiters: config.maxWaiters,
    sleep: async (delayMs: number, signal: AbortSignal) => {
      await delay(delayMs, undefined, { signal }).catch(() => undefined); // an abort only ends the wait
    },
  };
}

function makeFlows(
  ports: ReturnType<typeof makePorts> & { readonly home: GraphHome; readonly stopping: AbortSignal },
  storage: Storage,
): ApiFlows & ProxyFlows {
  const trackPrepared = createTrackOperation(ports);
  const waitForEnd = createWaitForEnd(ports);
  const track: ApiFlows['track'] = async (request) => {
    await storage.prepare();
    return trackPrepared(request);
  };
  return {
    track,
    proxy: createProxyRequest({ ...ports, observationOf, track }),
    findByOperationId: createFindByOperationId(ports),
    find: createFindOperation(ports),
    waitForEnd: (key, waitMs, signal) => waitForEnd(key, waitMs, AbortSignal.any([signal, ports.stopping])),
    stop: createStopOperation(ports),
    pollNow: createPollNow(ports),
    list: createListOperations(ports),
    events: async (key) => {
      const rows = await findRows(ports, key);
      return rows && storage.store.listEvents(rows.shard, key);
    },
    checkReadiness: createCheckReadiness({ ...ports, checkStorage: storage.check }),
  };
}

function openConfiguredStorage(config: Config, clock: StorageClock, log: Log): Storage {
  return openStorage({
    connection: storageConnection(config),
    table: config.table,
    transitionsQueue: config.queues.transitions,
    sweepsQueue: config.queues.sweeps,
    encoding: config.queues.encoding,
    shards: config.shards,
    clock,
    onUnreadableRow: (shard, rowKey) =>
      log('error', { shard, rowKey }, 'row can not be read and is left alone'),
  });
}

/** @param identity who asks where no connection string says it: the app's own, or whoever looks at its storage. */
export function storageConnection(
  { storage, graph }: Pick<Config, 'storage' | 'graph'>,
  identity?: CredentialSettings,
): StorageConnection {
  if (storage.type === 'connectionString')
    return { type: storage.type, connectionString: storage.value.reveal() };
  const { tableServiceUri, queueServiceUri, clientId } = storage;
  const credential = createCredential(identity ?? { type: 'managedIdentity', clientId }, graph);
  return { type: 'identity', tableServiceUri, queueServiceUri, credential };
}

type GraphPorts = {
  readonly readBatch: ReadBatch;
  readonly callGraph: ProxyPorts['callGraph'];
};

/** Graph is loaded by the first call. */
function lazyGraph(config: Config, clock: StorageClock, log: Log): GraphPorts {
  let opening: Promise<Graph> | undefined;
  const graph = (): Promise<Graph> => {
    opening ??= open(config, clock, log);
    return opening;
  };
  return {
    readBatch: async (targets, signal) => (await graph()).readBatch(targets, signal),
    callGraph: async (call) => (await graph()).callGraph(call),
  };
}

async function open(config: Config, clock: StorageClock, log: Log): Promise<Graph> {
  const { openGraph } = await import('./graph/open-graph.ts');
  const { credential, graph } = config;
  const identity =
    credential.type === 'static'
      ? { staticToken: credential.token.reveal() }
      : { credential: createCredential(credential, graph), scope: graph.scope };
  return openGraph({
    root: graph.root,
    identity,
    clock,
    onTokenFailure: (error) => log('error', { error }, 'no token for Graph can be had'),
  });
}

function openConfiguredTelemetry({ telemetry, credential, graph }: Config, log: Log): Telemetry {
  return createTelemetry({
    connectionString: telemetry?.reveal() ?? null,
    // A static token is for a Graph on loopback and for nobody else.
    credential: () => (credential.type === 'static' ? null : createCredential(credential, graph)),
    graphHost: new URL(graph.root).hostname,
    monotonicMs: systemClocks.monotonicMs,
    log,
  });
}
