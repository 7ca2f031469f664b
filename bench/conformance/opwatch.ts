// Opwatch on a case: the app as it is deployed, on a storage of its own, told of the operation by the address that Graph
// gave, swept as its timer does, with time moved from poll to poll.
import { randomUUID } from 'node:crypto';
import { startSimulator } from '../../dev/simulator/server.ts';
import { type App, createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { parseResource } from '../../src/domain/resources.ts';
import type { OperationView } from '../../src/domain/view.ts';
import { type StorageProxy, startStorageProxy } from '../../test/fixtures/storage-proxy.ts';
import type { ConformanceCase, Ending, Outcome } from './cases.ts';
import { beginGraphCase, type GraphCase } from './graph-case.ts';

/** Past the last answer, so that who has not ended by then never will. */
const morePolls = 10;
/** An interval and what jitter may add to it. */
const betweenPollsMs = 70_000;

/** @param azurite connection string of a storage to use. */
export async function runOpwatch(one: ConformanceCase, azurite: string): Promise<Outcome> {
  const storage = await startStorageProxy(azurite);
  storage.stoppedAtMs = Math.floor(Date.now() / 1000) * 1000;
  const simulator = await startSimulator({ now: storage.nowMs });
  const app = createApp(loadConfig(settings(storage, simulator.url)), () => undefined, {
    wallMs: storage.nowMs,
    monotonicMs: () => storage.aheadMs,
  });
  try {
    await app.start();
    const graph = await beginGraphCase(simulator, one);
    const key = await track(app, graph);
    const view = await sweepUntilEnd(app, key, {
      maxPolls: one.answers.length + morePolls,
      beforeEach: () => {
        graph.prepare();
        storage.aheadMs += betweenPollsMs;
      },
    });
    const seen = { gets: graph.gets(), lastAnswer: graph.lastAnswer() };
    return { ending: endingOf(view), remark: remarkOf(view), ...seen };
  } finally {
    await app.stop();
    await simulator.stop();
    await storage.stop();
  }
}

function settings(storage: StorageProxy, graphRoot: string): Readonly<Record<string, string>> {
  const id = randomUUID().replaceAll('-', '').slice(0, 20);
  return {
    OPWATCH_STORAGE: storage.connectionString,
    OPWATCH_TABLE: `conformance${id}`,
    OPWATCH_TRANSITIONS_QUEUE: `conformance-${id}`,
    OPWATCH_SWEEPS_QUEUE: `conformance-sweeps-${id}`,
    OPWATCH_GRAPH_CLOUD: 'custom',
    OPWATCH_GRAPH_ROOT: graphRoot,
    OPWATCH_CREDENTIAL: 'static',
    OPWATCH_STATIC_TOKEN: 'only-for-the-simulator',
  };
}

async function track(app: App, { begun }: GraphCase): Promise<string> {
  const named = parseResource(begun.operationUrl, app.home);
  if (named === null) throw new Error(`no address of an operation: ${begun.operationUrl}`);
  const what = { label: null, metadata: {}, restartAfter: null, deadlineMs: null } as const;
  await app.flows.track({ named, ...what, trackedBy: 'api' });
  return named.key;
}

async function sweepUntilEnd(
  app: App,
  key: string,
  { maxPolls, beforeEach }: { readonly maxPolls: number; readonly beforeEach: () => void },
): Promise<OperationView> {
  for (let polls = 1; ; polls += 1) {
    beforeEach();
    await app.pollKind('connectionOperation');
    const view = await app.flows.find(key);
    if (view === null) throw new Error('The operation is not watched any more.');
    if (view.terminal || polls === maxPolls) return view;
  }
}

function endingOf({ state }: OperationView): Ending {
  return state === 'succeeded' || state === 'failed' || state === 'lost' ? state : 'waits';
}

function remarkOf({ state, statusKnown, status, error, health }: OperationView): string | null {
  if (state === 'lost') return `after several 404s: ${health.code}`;
  if (error !== null) return "with Graph's error";
  return statusKnown ? null : `tells "${status}", which is no word of its kind`;
}
