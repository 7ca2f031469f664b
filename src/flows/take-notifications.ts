// Notifications of the platform: each is applied, or parked where nobody watches its operation yet, before the sender is
// answered; Graph is not asked. What changed is published at once.
// If we die before the commit, nothing was answered: the sender repeats it, or polling finds the rest. After it the event
// is in the outbox, and a sweep publishes what is 15 seconds old.
import { AppError } from '../domain/errors.ts';
import type { Notification } from '../domain/notification.ts';
import type { NamedResource } from '../domain/resources.ts';
import type { Shard } from '../domain/stored.ts';
import { type ApplyPushPorts, createApplyPush, type PushedObservation, type Taken } from './apply-push.ts';
import { createCrowd } from './crowd.ts';
import type { FindByParent } from './find-by-parent.ts';
import type { Log } from './ports.ts';
import { createPushMemory } from './push-memory.ts';
import { createSharedRounds } from './shared-rounds.ts';
import type { SoonPorts } from './soon.ts';

export type TakePorts = Omit<ApplyPushPorts, 'roundsOf' | 'memory'> &
  SoonPorts & {
    readonly findByParent: FindByParent;
    /** What has to be known of storage before anything is written. @throws AppError storage_busy, or refusals */
    readonly prepare: () => Promise<void>;
    readonly log: Log;
  };

export type TakeOutcome =
  /** All that counts is stored. */
  | { readonly outcome: 'taken'; readonly counts: Readonly<Record<Taken, number>> }
  /** Something is not, or not yet: the sender is to repeat it. */
  | { readonly outcome: 'storageBusy' };

/** Senders drop receivers that are slower than three seconds. */
const limitMs = 2500;

type Item = { readonly named: NamedResource; readonly observations: readonly PushedObservation[] };
type Done = { readonly taken: Taken; readonly shard: Shard; readonly named: NamedResource };

export function createTakeNotifications(
  ports: TakePorts,
): (notifications: readonly Notification[]) => Promise<TakeOutcome> {
  const roundsOf = createSharedRounds(ports);
  const memory = createPushMemory(ports);
  const applyPush = createApplyPush({ ...ports, roundsOf, memory });
  const crowd = createCrowd(ports.clock);

  return async function takeNotifications(notifications) {
    if (crowd.isTooMuch()) return { outcome: 'storageBusy' };
    const ending = new AbortController();
    const late = ports.sleep(limitMs, ending.signal);
    try {
      const done = await Promise.race([crowd.join(takeAll(notifications)), late]);
      if (done === undefined) return { outcome: 'storageBusy' };
      for (const { shard, named } of done) memory.pushed(shard, named.resource.parentId, ports.clock.nowMs());
      // What is stored is safe: an answer waits for the queue only as long as the sender has patience.
      await Promise.race([publishAll(done), late]);
      return { outcome: 'taken', counts: countsOf(notifications, done) };
    } catch (error) {
      if (error instanceof AppError && error.code === 'storage_busy') return { outcome: 'storageBusy' };
      throw error;
    } finally {
      ending.abort();
    }
  };

  /** Operations first: the last word of one often comes with the end of its call. */
  async function takeAll(notifications: readonly Notification[]): Promise<readonly Done[]> {
    await ports.prepare();
    const own = await Promise.all(notifications.map(itemsOf));
    const byKey = Map.groupBy(own.flat(), ({ named }) => named.key);
    const done = await Promise.all([...byKey.values()].map(takeInOrder));
    const ofParents = await Promise.all(notifications.map(itemsOfEndedParent));
    const last = await Promise.all(ofParents.flat().map((item) => takeInOrder([item])));
    return [...done, ...last].flat();
  }

  async function itemsOf(notification: Notification): Promise<readonly Item[]> {
    if (notification.type === 'operation') return [notification];
    if (notification.type !== 'context') return [];
    const { kind, parentId, clientContext, observation } = notification;
    const siblings = await ports.findByParent(kind, parentId);
    const meant = siblings.filter((operation) => operation.clientContext === clientContext);
    return meant.length === 1 ? meant.map((named) => ({ named, observations: [observation] })) : [];
  }

  async function itemsOfEndedParent(notification: Notification): Promise<readonly Item[]> {
    if (notification.type !== 'parentEnded') return [];
    const left = await ports.findByParent(notification.kind, notification.parentId);
    return left.map((named) => ({ named, observations: [notification.observation] }));
  }

  async function takeInOrder(items: readonly Item[]): Promise<readonly Done[]> {
    const done: Done[] = [];
    for (const { named, observations } of items) {
      const shard = ports.shardOf(named);
      for (const observation of observations)
        done.push({ taken: await applyPush(shard, named, observation), shard, named });
    }
    return done;
  }

  async function publishAll(done: readonly Done[]): Promise<void> {
    const changed = done.filter(({ taken }) => taken === 'changed');
    await Promise.all(changed.map(({ shard, named }) => roundsOf(shard).settled(named.key)));
  }

  function countsOf(
    notifications: readonly Notification[],
    done: readonly Done[],
  ): Readonly<Record<Taken, number>> {
    const counts = { changed: 0, unchanged: 0, late: 0, parked: 0, ignored: 0 };
    for (const { taken } of done) counts[taken] += 1;
    counts.ignored += notifications.filter(({ type }) => type === 'ignored').length;
    return counts;
  }
}
