// A world with one clock and one source of chance. Whatever happens later is a task with a time; among the tasks of the
// next 30 ms chance decides which is first, so that what could happen in any order does. A seed is one history.
//
// A call has two moments: its effect, when it arrives, and its answer. A process that died gets no answers, and what it
// had sent may still arrive; one that is paused gets them when it wakes up.
import { createRandom, type Random } from '../../dev/simulator/random.ts';
import type { HistoryEvent } from '../checker/history.ts';

export type Process = {
  readonly name: string;
  /** Answers for an older one are never delivered: that process has died. */
  epoch: number;
  pausedUntilMs: number;
};

export type World = {
  readonly nowMs: () => number;
  readonly random: Random;
  /** True with this probability. */
  readonly chance: (probability: number) => boolean;
  readonly between: (least: number, most: number) => number;
  readonly after: (delayMs: number, task: () => unknown) => void;
  /** As `after`, for a process: not while it is paused, and never once it has died. */
  readonly afterFor: (process: Process, delayMs: number, task: () => unknown) => void;
  readonly record: (event: HistoryEventBody) => void;
  readonly history: readonly HistoryEvent[];
  readonly run: (untilMs: number) => Promise<void>;
};

/** An event without its time, which the world gives. */
export type HistoryEventBody = HistoryEvent extends infer E
  ? E extends HistoryEvent
    ? Omit<E, 'atMs'>
    : never
  : never;

type Task = { readonly atMs: number; readonly run: () => unknown };

const windowMs = 30;

export function createWorld(seed: number, startMs: number): World {
  const random = createRandom(seed);
  const tasks: Task[] = [];
  const history: HistoryEvent[] = [];
  let nowMs = startMs;
  return {
    nowMs: () => nowMs,
    random,
    chance: (probability) => random() < probability,
    between,
    after,
    afterFor,
    record: (event) => void history.push({ atMs: nowMs, ...event }),
    history,
    run,
  };

  function between(least: number, most: number): number {
    return Math.round(least + random() * (most - least));
  }

  function after(delayMs: number, task: () => unknown): void {
    tasks.push({ atMs: nowMs + Math.max(0, Math.round(delayMs)), run: task });
  }

  function afterFor(process: Process, delayMs: number, task: () => unknown): void {
    const { epoch } = process;
    after(delayMs, function attempt() {
      if (process.epoch !== epoch) return undefined;
      if (process.pausedUntilMs <= nowMs) return task();
      return after(process.pausedUntilMs - nowMs, attempt);
    });
  }

  async function run(untilMs: number): Promise<void> {
    for (let next = takeNext(untilMs); next !== null; next = takeNext(untilMs)) {
      nowMs = Math.max(nowMs, next.atMs);
      next.run();
      await settled();
    }
    nowMs = untilMs;
  }

  function takeNext(untilMs: number): Task | null {
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const { atMs } of tasks) earliestMs = Math.min(earliestMs, atMs);
    if (earliestMs > untilMs) return null;
    const candidates = tasks.filter(({ atMs }) => atMs <= earliestMs + windowMs);
    const chosen = candidates[Math.floor(random() * candidates.length)] as Task;
    tasks.splice(tasks.indexOf(chosen), 1);
    return chosen;
  }
}

/** All that waits for nothing but its turn has had it. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/**
 * A call of a process to the outside. `effect` runs when it arrives, once; its result is the answer.
 * @param options.arriveMs and options.answerMs how long each way takes; `answerMs` null: no answer, ever.
 */
export function callOutside<T>(
  world: World,
  process: Process,
  options: {
    readonly arriveMs: number;
    readonly answerMs: number;
    readonly effect: () => Promise<T>;
  },
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const { epoch } = process;
  // Who asks a process that is dead or asleep is served when it is there again.
  const asleepMs = Math.max(0, process.pausedUntilMs - world.nowMs());
  if (asleepMs === Number.POSITIVE_INFINITY) return promise;
  world.after(asleepMs + options.arriveMs, async () => {
    const outcome = await options.effect().then(
      (value) => () => resolve(value),
      (error: unknown) => () => reject(error),
    );
    // Answers to a process that died are lost, and so is what would have waited for them.
    if (process.epoch === epoch) world.afterFor(process, options.answerMs, outcome);
  });
  return promise;
}
