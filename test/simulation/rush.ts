// A rush hour in calm weather: several operations end at the same moment, and a sweep, a reader on demand, a stop and a new
// beginning all want the same rows. Nothing fails here but by their getting into each other's way.
import { type App, ask } from './actors.ts';
import type { AppProcess } from './app-process.ts';
import { drawOperation } from './life.ts';
import { type Plan, second } from './plan.ts';
import type { SimulatedGraph, TrueOperation } from './simulated-graph.ts';
import type { World } from './world.ts';

/** After the beginning of the run: just before a poll that all of them are due for. */
const endsAfterMs = 135 * second;
/** After the faults. Polls are due 2 s after the registration and every 10 s from then, each half a second sooner or later. */
const trackedMs = 4 * second;
const dueMs = trackedMs + 32.5 * second;
const size = 4;

export function drawRush(world: World, kind: Plan['kind'], parent: string): readonly TrueOperation[] {
  const endsAtMs = world.nowMs() + endsAfterMs;
  return Array.from({ length: size }, (_, index) => {
    // In both versions, so that a sweep needs two requests for them.
    const { named } = drawOperation(world, { kind, parent, version: index % 2 === 0 ? 'v1.0' : 'beta' });
    const running = { atMs: world.nowMs(), word: 'running', gone: null };
    return { named, phases: [running, { atMs: endsAtMs, word: 'completed', gone: null }] };
  });
}

/** Called when the faults are over, half a minute before the rush. */
export function startRush(
  world: World,
  { sweeper, api, graph }: { sweeper: App; api: App; graph: SimulatedGraph },
  rush: readonly TrueOperation[],
): void {
  const [first, second_] = rush;
  if (first === undefined || second_ === undefined) return;
  if (world.chance(0.3)) sleepInMidSweep(first);
  for (const operation of rush)
    world.after(trackedMs, () => ask(world, api, (app) => track(app, operation, null)));
  const rushMs = dueMs + world.between(0, second);
  world.after(
    rushMs,
    () =>
      void sweeper()
        .sweep(never)
        .catch(() => undefined),
  );
  world.after(
    rushMs + world.between(0, 120),
    () =>
      void api()
        .pollNow(first.named.key)
        .catch(() => undefined),
  );
  world.after(
    rushMs + world.between(0, 200),
    () => void stopAndBeginAgain(api(), second_).catch(() => undefined),
  );

  /** A sweeper falls asleep between two requests; while it sleeps, somebody else is told to wait for longer. */
  function sleepInMidSweep({ named }: TrueOperation): void {
    world.after(14 * second, () => {
      ask(world, sweeper, ({ sweep }) => sweep(never));
      world.after(world.between(50, 200), () => {
        const { process } = sweeper();
        process.pausedUntilMs = world.nowMs() + 20 * second;
        world.record({ by: process.name, type: 'paused' });
      });
      world.after(4 * second, () => {
        graph.throttledUntilMs = world.nowMs() + 40 * second;
        ask(world, api, ({ pollNow }) => pollNow(named.key));
      });
    });
  }

  /** Somebody stops what they see while somebody else sees its end and begins it anew. */
  async function stopAndBeginAgain(app: AppProcess, operation: TrueOperation): Promise<void> {
    const { key } = operation.named;
    const { live } = await app.lookUp(app.shard, key);
    if (live === null) return;
    const { generation } = live.value;
    world.record({ by: app.process.name, type: 'stopAsked', key, generation });
    ask(world, api, () => app.pollNow(key));
    for (let count = 0; count < 20; count += 1)
      world.after(100 + count * 20, () => ask(world, api, () => track(app, operation, generation)));
    world.after(world.between(60, 300), () => ask(world, api, () => app.stop(key, generation)));
  }

  async function track(
    app: AppProcess,
    { named }: TrueOperation,
    restartAfter: number | null,
  ): Promise<void> {
    const what = { named, label: null, metadata: {}, deadlineMs: null, restartAfter } as const;
    const asked = await app.track({ ...what, trackedBy: 'api' });
    if (asked.outcome !== 'created' && asked.outcome !== 'existing') return;
    const { key, generation } = asked.operation;
    const created = asked.outcome === 'created';
    world.record({ by: app.process.name, type: 'tracked', key, generation, created });
  }
}

const never = new AbortController().signal;
