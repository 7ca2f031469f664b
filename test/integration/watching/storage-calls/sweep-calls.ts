// What a sweep asks of storage.
import { expect } from 'vitest';
import type { WatchedEvent, Watching } from '../harness.ts';
import { orderly, settle } from '../settle.ts';
import { eachEndedOnce, get, post, type Scene, type StorageCall, sweepTold } from './storage-call.ts';

const size = 3;

/** Sweeps in which several operations are seen for the first time, ended. */
async function sweepScene(watching: Watching): Promise<Scene> {
  const operations = await watching.begin(size);
  watching.setAll(operations, 'completed');
  return { act: () => watching.sweep(), told: sweepTold, after: () => eachEndedOnce(watching, size) };
}

export const sweepCalls: readonly StorageCall[] = [
  {
    call: 'read of a shard',
    is: (what, content) => get(what) && content.includes("lt 'parked!~'"),
    isRead: true,
    scene: sweepScene,
  },
  {
    call: 'write of the memory',
    is: (what, content) => post(what) && /"RowKey":"memory"/i.test(content),
    scene: sweepScene,
  },
  {
    call: 'shared commit',
    is: (what, content) => post(what) && /"RowKey":"event!/i.test(content),
    scene: sweepScene,
  },
  { call: 'send', is: (what) => what === 'queue POST', scene: sweepScene },
  {
    call: 'clear',
    is: (what, content) => post(what) && /DELETE \S+RowKey='outbox!/.test(content),
    scene: sweepScene,
  },
  {
    call: 'send of a sweep message',
    is: (what, content) => what === 'queue POST' && content.includes('/sweeps-'),
    env: { OPWATCH_SHARDS: '2' },
    scene: async (watching) => {
      const operations = await watching.begin(size);
      watching.setAll(operations, 'completed');
      return {
        act: () => watching.sweep(),
        told: sweepTold,
        after: async () => {
          const events: WatchedEvent[] = [];
          // The next tick's messages do what the lost ones did not.
          const sweep = async (): Promise<void> => {
            for (const shard of ['connectionOperation-00', 'connectionOperation-01'])
              await watching.app.sweepShardMessage({ shard });
          };
          await settle({ ...watching, sweep }, { count: size, events });
          expect(orderly(events).length).toBe(size);
        },
      };
    },
  },
];
