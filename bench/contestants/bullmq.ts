// A job an operation in BullMQ: it asks Graph by the client as it comes, and delays itself until its next time. State and
// schedule are in Redis; what changes is told by the same queue as everybody's.
import { QueueClient } from '@azure/storage-queue';
import { Client } from '@microsoft/microsoft-graph-client';
import { DelayedError, type Job, Queue, Worker } from 'bullmq';
import { createRandom } from '../../dev/simulator/random.ts';
import { redisConnection } from './brokers.ts';
import type { Task } from './contestant.ts';
import { type Peer, peerMessage } from './peer.ts';
import { firstWord, isEnd } from './words.ts';

type Watch = { readonly path: string; readonly status: unknown; readonly dueAtMs: number };

const concurrency = 64;
const bulkSize = 500;

export function createBullMq(task: Task): Peer {
  const connection = redisConnection();
  const graph = Client.init({ baseUrl: `${task.graphUrl}/`, authProvider: (done) => done(null, 'x') });
  const events = new QueueClient(task.storage, task.queue);
  const jobs = new Queue<Watch>(task.queue, { connection });
  let worker: Worker<Watch> | undefined;
  return { start, stop };

  async function start(): Promise<void> {
    const random = createRandom(task.seed);
    const startedMs = Date.now();
    for (let first = 0; first < task.paths.length; first += bulkSize) {
      const bulk = task.paths.slice(first, first + bulkSize).map((path) => {
        const dueAtMs = startedMs + random() * task.intervalMs;
        const opts = { delay: Math.max(0, dueAtMs - Date.now()), removeOnComplete: true, removeOnFail: true };
        return { name: 'watch', data: { path, status: firstWord, dueAtMs }, opts };
      });
      await jobs.addBulk(bulk);
    }
    worker = new Worker<Watch>(task.queue, poll, { connection, concurrency });
  }

  async function poll(job: Job<Watch>, token?: string): Promise<void> {
    const { path, status: before } = job.data;
    const nextMs = Math.max(job.data.dueAtMs + task.intervalMs, Date.now());
    const status = await readStatus(path).catch(() => before);
    if (status !== before) await events.sendMessage(peerMessage(path, status));
    if (isEnd(status)) return;
    await job.updateData({ path, status, dueAtMs: nextMs });
    await job.moveToDelayed(nextMs, token);
    throw new DelayedError();
  }

  async function readStatus(path: string): Promise<unknown> {
    return ((await graph.api(path).version('v1.0').get()) as { readonly status: unknown }).status;
  }

  async function stop(): Promise<void> {
    await worker?.close(true);
    await jobs.obliterate({ force: true });
    await jobs.close();
  }
}
