// The process of a peer: takes its task from the bench, says when it watches, and ends when the wire is cut.
import { once } from 'node:events';
import type { Task } from './contestant.ts';
import type { Peer, PeerName, ToPeer } from './peer.ts';

const [given] = (await once(process, 'message')) as [ToPeer];
const peer = await createPeer(given.name, given.task);
process.once('disconnect', () => void peer.stop().then(() => process.exit(0)));
await peer.start();
process.send?.('watching');

/** Each is loaded alone: what a peer imports is part of what it costs. */
async function createPeer(name: PeerName, task: Task): Promise<Peer> {
  switch (name) {
    case 'naive':
      return (await import('./naive.ts')).createNaive(task);
    case 'corelro':
      return (await import('./core-lro.ts')).createCoreLro(task);
    case 'bullmq':
      return (await import('./bullmq.ts')).createBullMq(task);
    case 'pgboss':
      return (await import('./pg-boss.ts')).createPgBoss(task);
  }
}
