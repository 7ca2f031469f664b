// Notifications of calls, as the calling platform sends them: derived from the world and its clock, told to whoever
// subscribed, and kept apart from everything that is read. Nothing here costs a simulator that nobody subscribed to.
import type { Faults } from '../faults.ts';
import type { Operation, World } from '../operations.ts';
import type { Random } from '../random.ts';
import type { Step } from '../scripts.ts';
import { createAgenda } from './agenda.ts';
import { createDelivery } from './delivery.ts';
import { createOutbox } from './outbox.ts';
import { createPushLoad } from './push-load.ts';
import { createPushLog, type PushStats } from './push-log.ts';
import { createPushTokens } from './push-tokens.ts';
import { createSender } from './sender.ts';
import { createSigningKeys } from './signing-keys.ts';
import { createSubscriptions, type SubscriptionInput } from './targets.ts';
import { createWatch } from './watch.ts';

type Deps = {
  readonly now: () => number;
  readonly random: Random;
  readonly world: World;
  readonly faults: Faults;
  readonly origin: () => string;
  /** How many records of sent notifications are kept. */
  readonly keep: number;
};

/** Counts, and what is still to come. */
export type PushStatsView = PushStats & {
  /** Changes, delayed notifications and redeliveries that wait for their time. */
  readonly waiting: number;
};

export type Pushes = ReturnType<typeof createPushes>;

export function createPushes(deps: Deps) {
  const { now, random, world, faults, keep } = deps;
  const keys = createSigningKeys(now);
  const tokens = createPushTokens(keys, now);
  const subscriptions = createSubscriptions();
  const agenda = createAgenda(now);
  const sender = createSender();
  const log = createPushLog(keep);
  const delivery = createDelivery({ now, faults, agenda, tokens, sender, log });
  const outbox = createOutbox({ ...deps, agenda, subscriptions, delivery, log });
  const callbackOf = (callPath: string) => world.calls.get(callPath)?.callback;
  const watch = createWatch({
    now,
    world,
    agenda,
    isWanted: ({ path, parentPath }) =>
      subscriptions.targetsOf({ path, isOperation: true, callback: callbackOf(parentPath) }).length > 0,
    tell: outbox.tellChange,
  });
  const load = createPushLoad({ random, world, tokens, sender });
  let holdMs = 0;

  /** The first notification would come late if it had to wait for its key. */
  function prepareKey(): void {
    void keys.current();
  }

  world.listen({
    operationPut: watch.follow,
    operationRemoved: watch.forget,
    callPut(call, earlier) {
      if (call.callback && call.callback !== earlier?.callback) {
        prepareKey();
        for (const operation of world.operationsOf(call.path)) watch.follow(operation);
      }
      // A call that was made behind Graph's back has nobody to tell of its beginning, unless it says whom.
      const isNews = earlier ? earlier.state !== call.state : call.callback !== undefined;
      if (isNews) {
        outbox.tellCall(call);
      }
    },
  });

  return {
    keys,
    tokens,
    subscriptions,
    /** @returns the subscription's id; what changes from now on is told. */
    subscribe(input: SubscriptionInput): string {
      const id = subscriptions.add(input);
      prepareKey();
      watch.followAll();
      return id;
    },
    /** What GET shows in place of a step; undefined: not there yet. */
    shown(operation: Operation, step: Step): Step | undefined {
      // A change that is due is told before anybody reads it, or nothing could be early.
      agenda.runDue();
      return watch.shown(operation, step);
    },
    /** Tells of an operation that is being born by a call to Graph, whose answer may have to wait. */
    bear(operation: Operation): void {
      agenda.runDue();
      holdMs = Math.max(holdMs, watch.hiddenMs(operation));
    },
    /** How long the answer that is being made has to wait for notifications that go before it. */
    takeHoldMs(): number {
      const ms = holdMs;
      holdMs = 0;
      return ms;
    },
    settle: delivery.settle,
    load: load.run,
    records: log.records,
    stats: (): PushStatsView => ({ ...log.stats(), waiting: agenda.size }),
    zero: log.zero,
    /** No subscriptions, nothing to come. */
    reset(): void {
      subscriptions.clear();
      watch.clear();
      outbox.clear();
      delivery.forget();
      agenda.clear();
      log.zero();
    },
    async stop(): Promise<void> {
      agenda.stop();
      load.stop();
      await delivery.stop();
    },
  };
}
