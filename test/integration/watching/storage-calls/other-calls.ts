// What is asked of storage for parked notifications, for retention, and for Idempotency-Keys.
import { expect, vi } from 'vitest';
import { parseResource } from '../../../../src/domain/resources.ts';
import { present } from '../../../fixtures/present.ts';
import type { Watching } from '../harness.ts';
import {
  eachEndedOnce,
  get,
  nameNew,
  post,
  type Scene,
  type StorageCall,
  sweepTold,
  track,
} from './storage-call.ts';

const commsEnv = { OPWATCH_COMMS_OPERATION_FIRST_POLL_SECONDS: '0' };

function take({ app }: Watching, path: string, status: string) {
  const item = { changeType: 'updated', resourceUrl: path, resourceData: { status } };
  return app.notifications.takeNotifications([app.notifications.readNotification(item)]);
}

/** What was parked is applied once its operation is registered, and before Graph is read. */
async function parkedEnds(
  watching: Watching,
  named: ReturnType<typeof nameNew>,
  told: string,
): Promise<void> {
  // A sender repeats only what was not taken.
  if (told !== 'taken')
    expect((await take(watching, named.resource.path, 'completed')).outcome).toBe('taken');
  await track(watching, named);
  await eachEndedOnce(watching, 1, 'commsOperation');
}

export const parkedCalls: readonly StorageCall[] = [
  {
    call: 'insert of a parked notification',
    is: (what, content) => post(what) && /"RowKey":"parked!/i.test(content),
    env: commsEnv,
    scene: async (watching) => {
      const named = nameNew(watching, 'commsOperation');
      return {
        act: () => take(watching, named.resource.path, 'completed'),
        told: ['taken', 'storageBusy'],
        after: (told) => parkedEnds(watching, named, told),
      };
    },
  },
  {
    call: 'replacement of a parked notification',
    is: (what, content) => post(what) && /"RowKey":"parked!/i.test(content),
    env: commsEnv,
    scene: async (watching) => {
      const named = nameNew(watching, 'commsOperation');
      await take(watching, named.resource.path, 'running');
      return {
        act: () => take(watching, named.resource.path, 'completed'),
        told: ['taken', 'storageBusy'],
        after: (told) => parkedEnds(watching, named, told),
      };
    },
  },
  {
    call: 'read of a parked notification',
    is: (what, content) => get(what) && content.includes("RowKey='parked!"),
    isRead: true,
    env: commsEnv,
    scene: async (watching) => {
      const named = nameNew(watching, 'commsOperation');
      return {
        act: () => take(watching, named.resource.path, 'completed'),
        told: ['taken', 'storageBusy'],
        after: (told) => parkedEnds(watching, named, told),
      };
    },
  },
  {
    call: 'removal of a parked notification',
    is: (what, content) => post(what) && /DELETE \S+RowKey='parked!/.test(content),
    env: commsEnv,
    scene: async (watching) => {
      const named = nameNew(watching, 'commsOperation');
      await take(watching, named.resource.path, 'completed');
      await track(watching, named);
      return {
        act: () => watching.sweep('commsOperation'),
        told: sweepTold,
        after: () => eachEndedOnce(watching, 1, 'commsOperation'),
      };
    },
  },
];

const size = 3;
const month = 31 * 24 * 3_600_000;

async function retentionScene(watching: Watching): Promise<Scene> {
  const operations = await watching.begin(size);
  watching.setAll(operations, 'completed');
  await watching.sweep();
  await watching.takeEvents();
  watching.advance(month);
  await watching.app.flows.find(present(operations[0]).key); // learns the time
  return {
    act: () => watching.app.cleanUp(),
    told: ['done', 'refused'],
    after: async () => {
      // A removal that is applied late does not come into the middle of the next run, which is a day away.
      await vi.waitUntil(() => watching.storage.underWay() === 0, { timeout: 10_000 });
      await watching.app.cleanUp();
      for (const { key } of operations) {
        expect(await watching.app.flows.find(key)).toBeNull();
        expect(await watching.app.flows.events(key)).toBeNull();
      }
      // A new beginning of the same gets a number of its own.
      const named = present(parseResource(present(operations[0]).path, watching.app.home));
      expect(await track(watching, named)).toMatchObject({ outcome: 'created' });
    },
  };
}

const answer = { status: 202, headers: {}, body: '{}' };

/** A change with an Idempotency-Key: whatever is lost, it is made once at most. */
async function idempotentScene({ app }: Watching): Promise<Scene> {
  let runs = 0;
  const request = { id: 'key', requestHash: 'hash' };
  const run = async () => {
    runs += 1;
    return answer;
  };
  return {
    act: () => app.runOnce({ ...request, runId: 'first' }, run),
    told: ['answered', 'storageBusy', 'refused'],
    after: async (told) => {
      const again = await app.runOnce({ ...request, runId: 'second' }, run);
      expect(runs).toBeLessThanOrEqual(1);
      if (told === 'answered') expect(['answered', 'inProgress']).toContain(again.outcome);
      if (again.outcome === 'answered') expect(again.answer).toEqual(answer);
    },
  };
}

export const otherCalls: readonly StorageCall[] = [
  {
    call: 'list of what ended long ago',
    is: (what, content) => get(what) && content.includes('endedAt lt'),
    isRead: true,
    scene: retentionScene,
  },
  {
    call: 'removal of events',
    is: (what, content) => post(what) && /DELETE \S+RowKey='event!/.test(content),
    scene: retentionScene,
  },
  {
    call: 'removal of an identity',
    is: (what, content) => post(what) && /DELETE \S+RowKey='known!/.test(content),
    scene: retentionScene,
  },
  {
    call: 'read of an idempotency record',
    is: (what, content) => get(what) && content.includes("PartitionKey='idempotency'"),
    isRead: true,
    scene: idempotentScene,
  },
  {
    call: 'idempotency record',
    is: (what, content) => post(what) && content.includes('"idempotency"'),
    scene: idempotentScene,
  },
  {
    call: 'answer in an idempotency record',
    is: (what, content) =>
      post(what) && content.includes('"idempotency"') && content.includes('\\"answer\\":{'),
    scene: idempotentScene,
  },
];
