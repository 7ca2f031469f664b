// What callers make the product ask of storage: registrations, stops, reads.
import { expect } from 'vitest';
import { parseResource } from '../../../../src/domain/resources.ts';
import { present } from '../../../fixtures/present.ts';
import type { WatchedEvent, Watching } from '../harness.ts';
import { orderly, settle } from '../settle.ts';
import { eachEndedOnce, get, nameNew, post, type Scene, type StorageCall, track } from './storage-call.ts';

/** What a second request may be told: who has been told that it is there finds it there. */
function wordsAfter(told: string): readonly string[] {
  return told === 'storageBusy' ? ['created', 'existing'] : ['existing'];
}

export const registrationCalls: readonly StorageCall[] = [
  {
    call: 'registration',
    is: (what, content) => post(what) && /"RowKey":"known!/i.test(content),
    scene: async (watching) => {
      const named = nameNew(watching);
      watching.setAll([named.resource], 'completed');
      return {
        act: () => track(watching, named),
        told: ['created', 'existing', 'storageBusy'],
        after: async (told) => {
          expect(wordsAfter(told)).toContain((await track(watching, named)).outcome);
          await eachEndedOnce(watching, 1);
        },
      };
    },
  },
  {
    call: 'new beginning',
    is: (what, content) => post(what) && /"RowKey":"live!/i.test(content),
    scene: async (watching) => {
      const [operation] = await watching.begin(1);
      const { key, path } = present(operation);
      const stopped = await watching.app.flows.stop(key, null);
      const generation = stopped.outcome === 'ended' ? stopped.operation.generation : 0;
      const named = present(parseResource(path, watching.app.home));
      watching.setAll([{ path }], 'completed');
      const begin = () => track(watching, named, generation);
      return {
        act: begin,
        told: ['created', 'existing', 'storageBusy'],
        after: async (told) => {
          expect(wordsAfter(told)).toContain((await begin()).outcome);
          const events: WatchedEvent[] = [];
          await settle(watching, { count: 2, events });
          const states = new Set(events.map(({ data }) => `${data.sequence} ${data.current.state}`));
          expect(states).toEqual(new Set(['1 cancelled', '1 succeeded']));
        },
      };
    },
  },
  {
    call: 'look-up before a new beginning',
    is: (what, content) => get(what) && /RowKey='(live|known)!/.test(content),
    isRead: true,
    scene: async (watching) => {
      const [operation] = await watching.begin(1);
      const named = present(parseResource(present(operation).path, watching.app.home));
      watching.setAll([named.resource], 'completed');
      return {
        act: () => track(watching, named),
        told: ['existing', 'refused'],
        after: () => eachEndedOnce(watching, 1),
      };
    },
  },
];

export const callerCalls: readonly StorageCall[] = [
  {
    call: 'stop',
    is: (what, content) => post(what) && /"RowKey":"event!/i.test(content),
    scene: async (watching) => {
      const key = present((await watching.begin(1))[0]).key;
      return {
        act: () => watching.app.flows.stop(key, null),
        told: ['ended', 'storageBusy'],
        after: async (told) => {
          const found = await watching.app.flows.find(key);
          if (told === 'ended') expect(found).toMatchObject({ state: 'cancelled' });
          expect(await watching.app.flows.stop(key, null)).toMatchObject({ outcome: 'ended' });
          const events: WatchedEvent[] = [];
          await settle(watching, { count: 1, events });
          expect(orderly(events).map(({ data }) => data.current.state)).toEqual(['cancelled']);
        },
      };
    },
  },
  {
    call: 'commit of a read on demand',
    is: (what, content) => post(what) && /"RowKey":"event!/i.test(content),
    scene: async (watching) => {
      const [operation] = await watching.begin(1);
      watching.setAll([present(operation)], 'completed');
      const { key } = present(operation);
      return {
        act: () => watching.app.flows.pollNow(key),
        told: ['polled', 'storageBusy'],
        after: async (told) => {
          if (told === 'polled')
            expect(await watching.app.flows.find(key)).toMatchObject({ state: 'succeeded' });
          await eachEndedOnce(watching, 1);
        },
      };
    },
  },
  {
    call: 'read of the memory before a read on demand',
    is: (what, content) => get(what) && content.includes("RowKey='memory'"),
    isRead: true,
    scene: async (watching) => {
      const [operation] = await watching.begin(1);
      watching.setAll([present(operation)], 'completed');
      return {
        act: () => watching.app.flows.pollNow(present(operation).key),
        told: ['polled', 'refused'],
        after: () => eachEndedOnce(watching, 1),
      };
    },
  },
  {
    call: 'look-up of an operation',
    is: (what, content) => get(what) && /RowKey='(live|known)!/.test(content),
    isRead: true,
    scene: (watching) => readScene(watching, (key) => watching.app.flows.find(key)),
  },
  {
    call: 'read of events',
    is: (what, content) => get(what) && content.includes("ge 'event!"),
    isRead: true,
    scene: (watching) => readScene(watching, (key) => watching.app.flows.events(key)),
  },
  {
    call: 'list',
    is: (what, content) => get(what) && /ge '(live|known)!'/.test(content),
    isRead: true,
    scene: (watching) =>
      readScene(watching, () => {
        const all = { kinds: null, states: null, parentId: null, label: null, continuation: null };
        return watching.app.flows.list({ ...all, top: 10 });
      }),
  },
];

/** A caller who reads is told all of it, or that it can't be had. */
async function readScene(watching: Watching, read: (key: string) => Promise<unknown>): Promise<Scene> {
  const [operation] = await watching.begin(1);
  watching.setAll([present(operation)], 'completed');
  await watching.sweep();
  const { key } = present(operation);
  const truth = JSON.stringify(await read(key));
  return {
    act: async () => {
      expect(JSON.stringify(await read(key))).toBe(truth);
    },
    told: ['done', 'refused'],
    after: async () => expect(JSON.stringify(await read(key))).toBe(truth),
  };
}
