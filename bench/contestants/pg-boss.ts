// A job an operation in pg-boss: fetched by the hundred, asked of Graph by the client as it comes, put in again in bulk for
// its next time. Its pace is bound by its own looking: four workers, a hundred jobs each, every half second.
import { QueueClient } from '@azure/storage-queue';
import { Client } from '@microsoft/microsoft-graph-client';
import PgBoss from 'pg-boss';
import { createRandom } from '../../dev/simulator/random.ts';
import { postgresUrl } from './brokers.ts';
import type { Task } from './contestant.ts';
import { type Peer, peerMessage } from './peer.ts';
import { firstWord, isEnd } from './words.ts';

type Watch = { readonly path: string; readonly status: unknown; readonly dueAtMs: number };

const jobName = 'watch';
const workers = 4;
const workOptions = { batchSize: 100, pollingIntervalSeconds: 0.5 };
const bulkSize = 1000;

export function createPgBoss(task: Task): Peer {
  const schema = `bench_${task.table}`;
  const boss = new PgBoss({ connectionString: postgresUrl(), schema });
  const graph = Client.init({ baseUrl: `${task.graphUrl}/`, authProvider: (done) => done(null, 'x') });
  const events = new QueueClient(task.storage, task.queue);
  boss.on('error', (error) => process.stderr.write(`pg-boss: ${error.message}\n`));
  return { start, stop };

  async function start(): Promise<void> {
    await boss.start();
    await boss.createQueue(jobName);
    const random = createRandom(task.seed);
    const startedMs = Date.now();
    const watches = task.paths.map(
      (path): Watch => ({ path, status: firstWord, dueAtMs: startedMs + random() * task.intervalMs }),
    );
    for (let first = 0; first < watches.length; first += bulkSize)
      await insert(watches.slice(first, first + bulkSize));
    for (let worker = 0; worker < workers; worker += 1)
      await boss.work<Watch>(jobName, workOptions, async (jobs) => pollAll(jobs.map(({ data }) => data)));
  }

  async function pollAll(watches: readonly Watch[]): Promise<void> {
    const polled = await Promise.all(watches.map(poll));
    await insert(polled.filter(({ status }) => !isEnd(status)));
  }

  async function poll({ path, status: before, dueAtMs }: Watch): Promise<Watch> {
    const status = await readStatus(path).catch(() => before);
    if (status !== before) await events.sendMessage(peerMessage(path, status));
    return { path, status, dueAtMs: Math.max(dueAtMs + task.intervalMs, Date.now()) };
  }

  async function readStatus(path: string): Promise<unknown> {
    return ((await graph.api(path).version('v1.0').get()) as { readonly status: unknown }).status;
  }

  async function insert(watches: readonly Watch[]): Promise<void> {
    const jobs = watches.map((data) => ({ name: jobName, data, startAfter: new Date(data.dueAtMs) }));
    if (jobs.length > 0) await boss.insert(jobs);
  }

  async function stop(): Promise<void> {
    await boss.stop({ graceful: false, wait: true, close: false });
    await boss.getDb().executeSql(`DROP SCHEMA IF EXISTS ${schema} CASCADE`, []);
  }
}
