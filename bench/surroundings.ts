// What all contestants meet, each a process of its own: storage, the counter before it, a Graph with a round trip, and
// a place for telemetry. All of it on loopback.
import { startAzurite } from '../dev/azurite.ts';
import { type ReadyProcess, startReady } from '../dev/processes.ts';
import { startIngestionSink } from '../test/fixtures/ingestion-sink.ts';
import { createGraphControl, type GraphControl } from './graph-control.ts';
import type { CounterState } from './storage-counter.ts';

export type StorageCounts = { readonly table: Counts; readonly queue: Counts };
type Counts = { readonly reads: number; readonly writes: number };

export type Surroundings = {
  readonly graphUrl: string;
  readonly graph: GraphControl;
  readonly pids: { readonly graph: number; readonly storage: number };
  /** Connection string through the counter. */
  readonly storage: string;
  readonly uncountedStorage: string;
  readonly storageCounts: () => Promise<StorageCounts>;
  readonly telemetry: { readonly connectionString: string; readonly env: Readonly<Record<string, string>> };
  readonly stop: () => Promise<void>;
};

export async function startSurroundings(options: {
  readonly latencyMs: number;
  readonly seed: number;
}): Promise<Surroundings> {
  const begun = new AsyncDisposableStack();
  try {
    return await startAll(options, begun);
  } catch (error) {
    await begun.disposeAsync();
    throw error;
  }
}

async function startAll(
  { latencyMs, seed }: { readonly latencyMs: number; readonly seed: number },
  begun: AsyncDisposableStack,
): Promise<Surroundings> {
  const sink = await startIngestionSink();
  begun.defer(sink.stop);
  const azurite = await startAzurite();
  begun.defer(azurite.stop);
  const [counter, graph] = await Promise.all([
    startProcess('bench/storage-counter.ts', ['--table', azurite.tableUrl, '--queue', azurite.queueUrl]),
    startProcess('dev/simulator/main.ts', [
      '--port',
      '0',
      '--keep',
      '0',
      '--latency',
      String(latencyMs),
      '--seed',
      String(seed),
    ]),
  ]);
  const counted = await readCounter(counter.url);
  return {
    graphUrl: graph.url,
    graph: createGraphControl(graph.url),
    pids: { graph: graph.pid, storage: azurite.pid },
    storage: azurite.connectionString
      .replace(azurite.tableUrl, counted.tableUrl)
      .replace(azurite.queueUrl, counted.queueUrl),
    uncountedStorage: azurite.connectionString,
    storageCounts: () => readCounter(counter.url),
    telemetry: { connectionString: sink.connectionString, env: sink.env },
    stop: () => begun.disposeAsync(),
  };

  async function startProcess(script: string, args: readonly string[]): Promise<ReadyProcess> {
    const started = await startReady(script, { args });
    begun.defer(async () => {
      await started.stop();
    });
    return started;
  }
}

async function readCounter(url: string): Promise<CounterState> {
  return (await (await fetch(url)).json()) as CounterState;
}
