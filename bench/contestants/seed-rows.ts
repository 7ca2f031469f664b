// Operations that Opwatch has been watching for a while, as its rows say it: made by its own domain and its own row
// format, written fifty a transaction. By the API each would be a request and a transaction, and its first sight an
// event: minutes of preparation, in which nothing is measured.
import { createRandom } from '../../dev/simulator/random.ts';
import { loadConfig } from '../../src/config.ts';
import { shardOf, shardsOf } from '../../src/domain/keys.ts';
import type { StatusObservation } from '../../src/domain/observation.ts';
import { observe } from '../../src/domain/observe.ts';
import type { Operation } from '../../src/domain/operation.ts';
import { parseResource } from '../../src/domain/resources.ts';
import { emptyMemory } from '../../src/domain/shard-memory.ts';
import type { Shard } from '../../src/domain/stored.ts';
import { beginGeneration, type TrackPolicy } from '../../src/domain/tracking.ts';
import { createAzureTable, createTable } from '../../src/storage/azure-table.ts';
import { openTableClients } from '../../src/storage/connections.ts';
import {
  knownRowKey,
  liveRowKey,
  memoryRowKey,
  writeBegun,
  writeLive,
  writeMemory,
} from '../../src/storage/rows.ts';
import type { TableAction } from '../../src/storage/table.ts';
import type { Task } from './contestant.ts';
import { firstWord } from './words.ts';

/** The one shard of a kind in a deployment with the default number. */
export const seededShard = 'connectionOperation-00';

const operationsATransaction = 50;
const transactionsUnderWay = 4;
/** They began so long ago, each somewhere in the first interval of that hour. */
const ageMs = 3_600_000;
const details = { error: null, result: null, clientContext: null, percentComplete: null } as const;

/**
 * @param env the product's settings for this run.
 * @param sweptAtMs until when all due reads have been made.
 */
export async function seedRows(
  task: Task,
  env: Readonly<Record<string, string>>,
  sweptAtMs?: number,
): Promise<void> {
  const connection = { type: 'connectionString', connectionString: task.uncountedStorage } as const;
  const clients = openTableClients(connection, task.table, () => undefined);
  await createTable(clients.writer);
  const table = createAzureTable(clients);
  const byShard = Map.groupBy(operationsOf(task, env), ({ kind, key }) => shardOf(kind, key, task.shards));
  const chunks = [...byShard].flatMap(([shard, operations]) => chunksOf(shard, operations));
  await Promise.all(Array.from({ length: transactionsUnderWay }, work));
  const memory: TableAction = {
    type: 'create',
    rowKey: memoryRowKey,
    properties: writeMemory({ ...emptyMemory, sweptAtMs: sweptAtMs ?? Date.now() }),
  };
  for (const shard of shardsOf('connectionOperation', task.shards)) await write(shard, [memory]);

  async function work(): Promise<void> {
    for (let chunk = chunks.pop(); chunk !== undefined; chunk = chunks.pop())
      await write(chunk.shard, chunk.operations.flatMap(rowsOf));
  }

  async function write(shard: Shard, actions: readonly TableAction[]): Promise<void> {
    const { applied } = await table.transact(shard, actions);
    if (!applied) throw new Error('storage did not take the rows of the run');
  }
}

type Chunk = { readonly shard: Shard; readonly operations: readonly Operation[] };

function chunksOf(shard: Shard, operations: readonly Operation[]): readonly Chunk[] {
  const count = Math.ceil(operations.length / operationsATransaction);
  return Array.from({ length: count }, (_, index) => ({
    shard,
    operations: operations.slice(index * operationsATransaction, (index + 1) * operationsATransaction),
  }));
}

function operationsOf(task: Task, env: Readonly<Record<string, string>>): readonly Operation[] {
  const { graph, kinds } = loadConfig(env);
  const random = createRandom(task.seed);
  const nowMs = Date.now();
  return task.paths.map((path) => {
    const named = parseResource(path, graph);
    if (named === null) throw new TypeError(`no resource: ${path}`);
    const what = {
      label: null,
      metadata: {},
      deadlineMs: null,
      restartAfter: null,
      trackedBy: 'api',
    } as const;
    const beganAtMs = nowMs - ageMs + Math.floor(random() * task.intervalMs);
    const policy: TrackPolicy = kinds.connectionOperation;
    const begun = beginGeneration({ named, ...what }, { nowMs: beganAtMs, policy, followed: null });
    return observe(begun, firstSight(beganAtMs + task.intervalMs)).operation;
  });
}

function firstSight(atMs: number): StatusObservation {
  return {
    type: 'status',
    observedBy: 'poll',
    status: firstWord,
    details,
    sentAtMs: atMs,
    arrivedAtMs: atMs,
  };
}

function rowsOf(operation: Operation): readonly TableAction[] {
  return [
    { type: 'create', rowKey: knownRowKey(operation.key), properties: writeBegun(operation) },
    { type: 'create', rowKey: liveRowKey(operation.key), properties: writeLive(operation) },
  ];
}
