// A shard, its operations and the processes that sweep it, as far as the mark is concerned: what is read is drawn, and
// compared with what the operations' grids ask for. A sweep does here what src/flows/sweep-shard.ts does.
import { keyOf } from '../../../src/domain/keys.ts';
import { kinds } from '../../../src/domain/kinds.ts';
import type { Observation } from '../../../src/domain/observation.ts';
import { observe } from '../../../src/domain/observe.ts';
import { isTerminal, type Operation } from '../../../src/domain/operation.ts';
import type { Outlook } from '../../../src/domain/outlook.ts';
import { nextPollAtMs } from '../../../src/domain/schedule.ts';
import { advanceMark, dueAtMs, noMark, type SweepMark } from '../../../src/domain/sweep-mark.ts';
import {
  aGone,
  anOperation,
  anUnreadable,
  aStatus,
  hour,
  minute,
  second,
  startMs,
} from '../../fixtures/builders.ts';

export type Step = {
  readonly afterMs: number;
  readonly action: 'sweep' | 'track' | 'push' | 'die' | 'dieWhileSweeping';
  /** Which process or operation does it. */
  readonly which: number;
  /** Decide what is read, and what the reads bring. */
  readonly bits: number;
};

/** `owedAndNotDue` must be empty always, `earlyAgain` where nobody else sweeps. */
export type Seen = {
  readonly owedAndNotDue: readonly string[];
  readonly earlyAgain: readonly string[];
  readonly read: number;
  readonly early: number;
};

/** An operation as it is stored, when it was read last, and the instant up to which its points are served. */
type Live = { operation: Operation; readMs: number; servedMs: number };
/** `mayReadEarly` holds what was live when the process began. */
type Sweeper = { mark: SweepMark; hasRead: boolean; readonly mayReadEarly: Set<string> };

const storedEveryMs = minute;
const nothing: Seen = { owedAndNotDue: [], earlyAgain: [], read: 0, early: 0 };

export function keyNumber(number: number): string {
  return keyOf(kinds.connectionOperation, { cloud: 'global', tenantId: 't', identityPath: String(number) });
}

/** @param outlook what the shard knows, which stays as it is. */
export function createSweepWorld(
  sweeperCount: number,
  outlook: Outlook,
): { readonly step: (step: Step) => Seen } {
  let nowMs = startMs;
  let storedMs: number | null = null;
  let tracked = 0;
  let live: Live[] = [];
  const sweepers = Array.from({ length: sweeperCount }, begin);
  for (let number = 0; number < 5; number += 1) track(0);
  return { step };

  function step({ afterMs, action, which, bits }: Step): Seen {
    nowMs += afterMs;
    if (action === 'track') track(bits % (30 * second));
    if (action === 'push') push(live[which % Math.max(1, live.length)]);
    const place = which % sweeperCount;
    const seen =
      action.endsWith('weep') || action === 'dieWhileSweeping' ? sweep(place, bits, action) : nothing;
    if (action.startsWith('die')) sweepers[place] = begin();
    return seen;
  }

  function begin(): Sweeper {
    return {
      mark: noMark,
      hasRead: false,
      mayReadEarly: new Set(live.map(({ operation }) => operation.key)),
    };
  }

  /** A commit takes a while: a sweep that read the shard meanwhile did not see the operation. */
  function track(delayMs: number): void {
    const policies = [
      { firstPollMs: 0, intervalMs: 15 * second },
      { firstPollMs: 5 * second, intervalMs: minute },
      { firstPollMs: minute, intervalMs: second },
    ];
    const trackedAtMs = nowMs - delayMs;
    const operation = anOperation({
      key: keyNumber(tracked),
      policy: policies[tracked % policies.length] ?? { firstPollMs: 0, intervalMs: minute },
      trackedAtMs,
      changedAtMs: trackedAtMs,
      graceUntilMs: trackedAtMs + minute,
      deadlineAtMs: trackedAtMs + (tracked % 4 === 3 ? 5 * minute : 20 * hour),
      health: { status: 'ok', sinceAtMs: trackedAtMs },
    });
    tracked += 1;
    live.push({ operation, readMs: trackedAtMs - 1, servedMs: trackedAtMs - 1 });
  }

  /**
   * News from outside. It serves the points so far of an operation that was never seen before, and those of the grid
   * that it is read by from now on, where the news changes that.
   */
  function push(one: Live | undefined): void {
    if (one === undefined) return;
    const before = one.operation;
    apply(one, aStatus('inprogress', nowMs - startMs, { observedBy: 'push' }));
    if (before.state === 'pending' || one.operation.health !== before.health) one.servedMs = nowMs;
  }

  function sweep(place: number, bits: number, action: Step['action']): Seen {
    const sweeper = sweepers[place];
    if (sweeper === undefined) return nothing;
    const mark = { ...sweeper.mark, sweptAtMs: Math.max(sweeper.mark.sweptAtMs, storedMs ?? 0) };
    const due = live.filter(({ operation }) => dueAtMs(operation, mark, outlook) <= nowMs);
    const owed = live.filter(isOwed);
    const read = due.filter((_, index) => ((bits >> (index % 24)) & 3) !== 0);
    const early = read.filter(({ operation, readMs }) => nextPollAtMs(operation, readMs, outlook) > nowMs);
    const seen = {
      owedAndNotDue: keysOf(owed.filter((one) => !due.includes(one))),
      earlyAgain: keysOf(early).filter((key) => !sweeper.mayReadEarly.delete(key)),
      read: read.length,
      early: early.length,
    };
    const unreadDues = due
      .filter((one) => !read.includes(one))
      .map(({ operation }) => dueAtMs(operation, mark, outlook));
    const done = {
      startedAtMs: nowMs,
      read: read.map(({ operation }) => ({ operation, atMs: nowMs })),
      pendingKeys: new Set(keysOf(live.filter(({ operation }) => operation.state === 'pending'))),
      earliestUnreadDueAtMs: unreadDues.length === 0 ? null : Math.min(...unreadDues),
    };
    for (const [index, one] of read.entries()) {
      one.readMs = nowMs;
      one.servedMs = nowMs;
      apply(one, news(one, bits >> (index % 16)));
    }
    if (action === 'dieWhileSweeping') return seen;
    sweeper.mark = advanceMark(mark, done);
    store(sweeper, read.length);
    return seen;
  }

  /** The two last looks are owed whatever else was seen. */
  function isOwed({ operation, servedMs, readMs }: Live): boolean {
    const lastLooks = [operation.deadlineAtMs, operation.deadlineAtMs + minute];
    const hasPassed = lastLooks.some((pointMs) => pointMs > readMs && pointMs <= nowMs);
    return hasPassed || nextPollAtMs(operation, servedMs, outlook) <= nowMs;
  }

  /** What a read brings: mostly nothing new. */
  function news({ operation }: Live, bits: number): Observation {
    const atMs = nowMs - startMs;
    const same = operation.state === 'pending' ? aGone(atMs) : aStatus(operation.status, atMs);
    const others = [aStatus('inprogress', atMs), anUnreadable(atMs), aGone(atMs), aStatus('completed', atMs)];
    return others[bits % 32] ?? same;
  }

  /** A change that can't be committed now is left: its operation was read all the same. */
  function apply(one: Live, observation: Observation): void {
    one.operation = observe(one.operation, observation).operation;
    live = live.filter(({ operation }) => !isTerminal(operation.state));
  }

  /** The first mark of a process that has read something, and then one a minute. */
  function store(sweeper: Sweeper, read: number): void {
    if (read === 0) return;
    const isOld = sweeper.mark.sweptAtMs - (storedMs ?? 0) >= storedEveryMs;
    if (!sweeper.hasRead || isOld) storedMs = Math.max(storedMs ?? 0, sweeper.mark.sweptAtMs);
    sweeper.hasRead = true;
  }
}

function keysOf(some: readonly Live[]): readonly string[] {
  return some.map(({ operation }) => operation.key);
}
