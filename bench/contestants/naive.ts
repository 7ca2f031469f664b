// The poller that everybody writes first: a timer an operation, a GET by the Graph client as it comes out of its box, the
// row of the operation written at every poll, a message when the status is another one.
import { TableClient } from '@azure/data-tables';
import { QueueClient } from '@azure/storage-queue';
import { Client } from '@microsoft/microsoft-graph-client';
import { pollEach } from './cadence.ts';
import type { Task } from './contestant.ts';
import { type Peer, peerMessage } from './peer.ts';
import { firstWord, isEnd } from './words.ts';

/** Twice what 2,000 polls a second need at 50 ms; without a bound it drowns in connections. */
const maxUnderWay = 256;

export function createNaive(task: Task): Peer {
  const graph = Client.init({ baseUrl: `${task.graphUrl}/`, authProvider: (done) => done(null, 'x') });
  const table = TableClient.fromConnectionString(task.storage, task.table, { allowInsecureConnection: true });
  const queue = new QueueClient(task.storage, task.queue);
  const known = new Map<string, unknown>();
  let polling: { readonly stop: () => void } | undefined;
  return {
    start: async () => {
      await table.createTable();
      polling = pollEach(task.paths, { ...task, maxUnderWay }, poll);
    },
    stop: async () => polling?.stop(),
  };

  async function poll(path: string): Promise<boolean> {
    const { status } = (await graph.api(path).version('v1.0').get()) as { readonly status: unknown };
    const partitionKey = path.split('/')[3] ?? '';
    const rowKey = path.split('/').at(-1) ?? '';
    await table.upsertEntity({ partitionKey, rowKey, status, polledAt: new Date() }, 'Replace');
    const isNews = status !== (known.get(path) ?? firstWord);
    // Known only once it is told: a send that failed is tried again by the next poll.
    if (isNews) await queue.sendMessage(peerMessage(path, status));
    known.set(path, status);
    return isEnd(status);
  }
}
