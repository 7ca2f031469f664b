// Who acts in the world: timers that sweep, callers, the calling platform with its notifications, a consumer, and the
// disasters. Every actor goes on whatever becomes of its requests.
import type { NamedResource } from '../../src/domain/resources.ts';
import type { AppProcess } from './app-process.ts';
import { minute, type Plan, second } from './plan.ts';
import type { Phase, TrueOperation } from './simulated-graph.ts';
import type { SimulatedQueue } from './simulated-storage.ts';
import type { World } from './world.ts';

const never = new AbortController().signal;

/** Who sends notifications. */
const platform = { isAuthentic: true } as const;
const forger = { isAuthentic: false } as const;

/** The app of a process that may be started anew in between. */
export type App = () => AppProcess;

/** A request to a process: heard when it is awake, lost when it dies before. What becomes of it is the flows' to say. */
export function ask(world: World, app: App, request: (app: AppProcess) => Promise<unknown>): void {
  const asked = app();
  world.afterFor(asked.process, 0, () => {
    asked
      .prepare()
      .then(() => request(asked))
      .catch(() => undefined);
  });
}

/** Ticks as a timer does: now and then twice at once, or not at all. */
export function startSweeping(world: World, app: App, plan: () => Plan): void {
  tick();
  function tick(): void {
    world.after(world.between(9 * second, 11 * second), tick);
    const { process } = app();
    if (process.pausedUntilMs > world.nowMs() || world.chance(0.05)) return;
    world.record({ by: process.name, type: 'ticked' });
    ask(world, app, ({ sweep }) => sweep(never));
    if (world.chance(0.05)) ask(world, app, ({ sweep }) => sweep(never));
    if (plan().retentionMs !== null && world.chance(0.2)) ask(world, app, ({ cleanUp }) => cleanUp(never));
  }
}

/** A caller who registers an operation, perhaps several times at once, perhaps again after its end. */
export function startCaller(world: World, app: App, { named, phases }: TrueOperation): void {
  const bornAtMs = phases[0]?.atMs ?? 0;
  const firstMs = bornAtMs - world.nowMs() + world.between(0, 15 * second);
  for (let count = world.between(1, 3); count > 0; count -= 1)
    world.after(firstMs + world.between(0, 100), () => ask(world, app, (asked) => track(asked, null)));
  // The caller keeps asking until somebody has said yes.
  world.after(firstMs + 12 * second, () => ask(world, app, (asked) => track(asked, null)));
  world.after(110 * second, () => ask(world, app, (asked) => track(asked, null)));
  if (world.chance(0.4))
    world.after(firstMs + world.between(20 * second, 80 * second), () => ask(world, app, beginAgain));

  async function track({ process, ...app }: AppProcess, restartAfter: number | null): Promise<void> {
    const asked = await app.track({
      named,
      label: null,
      metadata: {},
      deadlineMs: null,
      restartAfter,
      trackedBy: 'api',
    });
    if (asked.outcome !== 'created' && asked.outcome !== 'existing') return;
    const { key, generation } = asked.operation;
    world.record({
      by: process.name,
      type: 'tracked',
      key,
      generation,
      created: asked.outcome === 'created',
    });
    // Who registers wants to know at once how it stands.
    if (world.chance(0.2)) await app.pollNow(key);
  }

  async function beginAgain(app: AppProcess): Promise<void> {
    const { known } = await app.lookUp(app.shard, named.key);
    if (known === null || known.value.ended === null) return;
    const { generation } = known.value;
    await Promise.all([track(app, generation), track(app, generation)]);
  }
}

/** Callers who stop, read on demand, and look through the proxy. */
export function startVisitors(world: World, app: App, operations: readonly TrueOperation[]): void {
  for (const { named } of operations) {
    if (world.chance(0.15))
      world.after(world.between(5 * second, 90 * second), () =>
        ask(world, app, (asked) => stop(asked, named)),
      );
    for (let count = world.between(0, 2); count > 0; count -= 1)
      world.after(world.between(3 * second, 95 * second), () =>
        ask(world, app, ({ pollNow }) => pollNow(named.key)),
      );
    if (world.chance(0.3))
      world.after(world.between(3 * second, 95 * second), () =>
        ask(world, app, (asked) => look(asked, named)),
      );
  }

  /** A caller stops what it has seen. */
  async function stop({ process, ...app }: AppProcess, { key }: NamedResource): Promise<void> {
    const { live } = await app.lookUp(app.shard, key);
    if (live === null) return;
    const { generation } = live.value;
    world.record({ by: process.name, type: 'stopAsked', key, generation });
    const stopped = await app.stop(key, generation);
    if (stopped.outcome === 'ended') world.record({ by: process.name, type: 'stopped', key, generation });
  }

  async function look(app: AppProcess, named: NamedResource): Promise<void> {
    const target = { resource: named.kind, version: 'v1.0', path: named.resource.path, id: '', named };
    await app.proxy({
      target: target as unknown as Parameters<AppProcess['proxy']>[0]['target'],
      change: null,
      ifMatch: null,
      clientRequestId: 'x',
      wantsRepresentation: false,
    });
  }
}

/** Notifications of each change: some lost, late, early, doubled; repeated for a while when they are not taken. */
export function startPlatform(world: World, app: App, operations: readonly TrueOperation[]): void {
  for (const operation of operations) {
    for (const phase of operation.phases) {
      if (world.chance(0.2)) continue;
      const lateMs = world.chance(0.2) ? world.between(5 * second, 60 * second) : world.between(0, second);
      for (let count = world.chance(0.2) ? 2 : 1; count > 0; count -= 1)
        world.after(phase.atMs - world.nowMs() + lateMs + world.between(0, 200), () =>
          deliver(operation.named, phase, 4),
        );
    }
  }

  // Somebody who is not the platform says that things have ended.
  for (const { named } of operations)
    if (world.chance(0.2)) world.after(world.between(second, minute), () => void deliverForged(named));

  async function deliverForged(named: NamedResource): Promise<void> {
    await app()
      .takeFrom(forger, {
        changeType: 'deleted',
        resourceUrl: named.resource.path,
        resourceData: { status: 'failed' },
      })
      .catch(() => undefined);
  }

  async function deliver(named: NamedResource, phase: Phase, tries: number): Promise<void> {
    const isTaken = await send(named, phase).catch(() => false);
    if (isTaken || tries === 1) return;
    world.after(world.between(3 * second, 8 * second), () => deliver(named, phase, tries - 1));
  }

  async function send(named: NamedResource, { word, gone }: Phase): Promise<boolean> {
    const { process, prepare, takeFrom } = app();
    await prepare();
    const { path, operationId } = named.resource;
    const isEnd = gone !== null || word?.toLowerCase() === 'completed' || word?.toLowerCase() === 'failed';
    const item = {
      changeType: isEnd ? 'deleted' : 'updated',
      resourceUrl: path,
      resourceData: gone === null ? { id: operationId, status: word } : undefined,
    };
    const what = gone === null ? String(word) : 'deleted';
    world.record({
      by: process.name,
      type: 'observed',
      key: named.key,
      how: 'push',
      what,
      sentAtMs: world.nowMs(),
    });
    const taken = await takeFrom(platform, item);
    if (taken.outcome !== 'taken') return false;
    world.record({
      by: process.name,
      type: 'pushAcked',
      key: named.key,
      word: gone === null ? word : null,
      parked: taken.counts.parked > 0,
    });
    return true;
  }
}

/** Receives now and then; forgets some, which come again. */
export function startConsumer(world: World, queue: SimulatedQueue): { readonly drain: () => void } {
  let place = 0;
  receive();
  return { drain };

  function receive(): void {
    world.after(world.between(second, 3 * second), receive);
    const end = Math.min(queue.bodies.length, place + world.between(0, 8));
    for (; place < end; place += 1) take(queue.bodies[place] ?? '');
  }

  function drain(): void {
    for (; place < queue.bodies.length; place += 1) take(queue.bodies[place] ?? '');
  }

  function take(body: string): void {
    world.record({ by: 'consumer', type: 'received', body });
  }
}

export const lifeOfFaultsMs = 100 * second;
export const calmMs = 4 * minute;
