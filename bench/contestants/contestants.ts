// All contestants, by name. Each peer's own file is what runs in its process.
import { postgresMissing, postgresUse, redisMissing, redisUse } from './brokers.ts';
import type { Contestant, ContestantName } from './contestant.ts';
import { opwatch } from './opwatch.ts';
import { type PeerName, readPeerEvent, startPeer } from './peer.ts';

export const contestants: Readonly<Record<ContestantName, Contestant>> = {
  opwatch,
  naive: peer('naive', { title: 'naive poller', remark: null }),
  corelro: peer('corelro', {
    title: '@azure/core-lro',
    remark: 'keeps nothing: what it knows is gone with its process',
  }),
  bullmq: {
    ...peer('bullmq', { title: 'BullMQ', remark: 'concurrency 64' }),
    missing: redisMissing,
    start: async (task) => ({ ...(await startPeer('bullmq', task)), broker: redisUse }),
  },
  pgboss: {
    ...peer('pgboss', {
      title: 'pg-boss',
      remark: 'bound by its own looking: 4 × 100 jobs every half second',
    }),
    missing: postgresMissing,
    start: async (task) => ({ ...(await startPeer('pgboss', task)), broker: postgresUse }),
  },
};

function peer(name: PeerName, about: Pick<Contestant, 'title' | 'remark'>): Contestant {
  return {
    name,
    ...about,
    missing: async () => null,
    start: (task) => startPeer(name, task),
    readEvent: readPeerEvent,
  };
}
