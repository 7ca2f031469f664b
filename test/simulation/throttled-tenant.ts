// A tenant whose quota is half of what is wanted, in virtual time: the product's real sweeps over a table in memory, and
// a Graph that counts what it lets pass, what it refuses, and who comes before the wait that it announced is over.
import type { ReadObservation } from '../../src/domain/observation.ts';
import { throttledCode } from '../../src/domain/observation.ts';
import { parseResource } from '../../src/domain/resources.ts';
import type { BatchRead, ReadTarget } from '../../src/flows/ports.ts';
import { createSweepShard } from '../../src/flows/sweep-shard.ts';
import { createSweepWhileBehind } from '../../src/flows/sweep-while-behind.ts';
import { createTrackOperation } from '../../src/flows/track-operation.ts';
import { createHistory } from '../../src/storage/history.ts';
import { createOperationStore } from '../../src/storage/operation-store.ts';
import { createMemoryTable } from '../fakes/memory-table.ts';
import { home, hour, minute, second, startMs } from '../fixtures/builders.ts';
import { present } from '../fixtures/present.ts';
import { createWorld } from './world.ts';

export type QuotaOptions = {
  readonly seed: number;
  readonly operations: number;
  /** Of another tenant, whom Graph limits in nothing; absent: none. */
  readonly unlimited?: number;
  readonly intervalMs: number;
  readonly tickMs: number;
  readonly itemsPerSecond: number;
  readonly burstItems: number;
  readonly retryAfterMs: number;
  readonly latencyMs: number;
};

/** What Graph saw from one instant to another. */
export type Seen = {
  passed: number;
  refused: number;
  /** Requests sent inside an announced wait. */
  early: number;
  /** Between two reads of the same operation. */
  gapsMs: number[];
  /** The same of the tenant without limits. */
  unlimitedGapsMs: number[];
};

const kind = 'connectionOperation';
const shard = 'connectionOperation-00';
const unlimitedHome = { ...home, tenantId: '22222222-2222-2222-2222-222222222222' };

export function createThrottledTenant(options: QuotaOptions) {
  const world = createWorld(options.seed, startMs);
  const clock = { nowMs: world.nowMs, monotonicMs: () => world.nowMs() - startMs };
  const table = createMemoryTable();
  const store = {
    ...createOperationStore({ table, clock, onUnreadableRow: () => {} }),
    ...createHistory(table),
  };
  const policy = {
    firstPollMs: 0,
    intervalMs: options.intervalMs,
    deadlineMs: 10 * hour,
    lostGraceMs: minute,
  };
  const policies = { connectionOperation: policy, commsOperation: policy, onenoteOperation: policy };
  let { itemsPerSecond, burstItems } = options;
  let tokens = burstItems;
  let filledAtMs = startMs;
  let waitUntilMs = 0;
  let seen = nothingSeen();
  const readAtMs = new Map<string, number>();
  let stopping = new AbortController();
  let sweepWhileBehind = startProcess();
  return { begin, run, restart, setQuota };

  function startProcess() {
    const ports = {
      ...store,
      clock,
      log: () => {},
      tell: () => {},
      random: world.random,
      send: async () => {},
      shardOf: () => shard,
      graphRoot: home.root,
      readBatch,
      sleep: (delayMs: number) => new Promise<void>((resolve) => world.after(delayMs, resolve)),
      stopping: stopping.signal,
      inBackground: () => {},
    };
    return createSweepWhileBehind(ports, createSweepShard(ports));
  }

  async function begin(): Promise<void> {
    const track = createTrackOperation({
      ...store,
      clock,
      retentionMs: hour,
      policies,
      shardOf: () => shard,
    });
    for (let number = 0; number < options.operations + (options.unlimited ?? 0); number += 1) {
      const owner = number < options.operations ? home : unlimitedHome;
      const named = present(
        parseResource(`/external/connections/contoso${number}/operations/1.neu.0f3c`, owner),
      );
      const rest = { label: null, metadata: {}, deadlineMs: null, restartAfter: null } as const;
      await track({ named, trackedBy: 'api', ...rest });
    }
    tick();
  }

  /** @returns what was seen meanwhile. */
  async function run(ms: number): Promise<Seen> {
    seen = nothingSeen();
    await world.run(world.nowMs() + ms);
    return seen;
  }

  /** The process dies; the next one knows what is stored. */
  function restart(): void {
    stopping.abort();
    stopping = new AbortController();
    sweepWhileBehind = startProcess();
  }

  function setQuota(items: number): void {
    itemsPerSecond = items;
    burstItems = items;
  }

  function tick(): void {
    world.after(options.tickMs, tick);
    const limits = { deadlineMonotonicMs: clock.monotonicMs() + 4 * minute, signal: stopping.signal };
    void sweepWhileBehind({ kind, shard }, limits, () => {});
  }

  function readBatch(targets: readonly ReadTarget[]): Promise<BatchRead> {
    const isLimited = targets[0]?.resource.tenantId === home.tenantId;
    if (isLimited && world.nowMs() < waitUntilMs) seen.early += 1;
    const sentAtMs = world.nowMs();
    return new Promise((resolve) => {
      world.after(options.latencyMs / 2, () => {
        const verdicts = targets.map(
          ({ key }) => [key, isLimited ? take(key) : look(key, seen.unlimitedGapsMs)] as const,
        );
        const isRefused = verdicts.some(([, passes]) => !passes);
        world.after(options.latencyMs / 2, () => {
          const arrivedAtMs = world.nowMs();
          // Only who has heard of the wait can keep to it.
          if (isRefused) waitUntilMs = Math.max(waitUntilMs, arrivedAtMs + options.retryAfterMs);
          const observations = new Map(
            verdicts.map(([key, passes]) => [key, observation(passes, { sentAtMs, arrivedAtMs })]),
          );
          const pause = isRefused ? { retryAfterMs: options.retryAfterMs, code: 'http_429' } : null;
          resolve({ observations, pause, httpRequests: 1 });
        });
      });
    });
  }

  function take(key: string): boolean {
    const nowMs = world.nowMs();
    tokens = Math.min(burstItems, tokens + ((nowMs - filledAtMs) * itemsPerSecond) / second);
    filledAtMs = nowMs;
    if (tokens < 1) {
      seen.refused += 1;
      return false;
    }
    tokens -= 1;
    seen.passed += 1;
    return look(key, seen.gapsMs);
  }

  function look(key: string, gapsMs: number[]): true {
    const nowMs = world.nowMs();
    const beforeMs = readAtMs.get(key);
    if (beforeMs !== undefined) gapsMs.push(nowMs - beforeMs);
    readAtMs.set(key, nowMs);
    return true;
  }
}

function nothingSeen(): Seen {
  return { passed: 0, refused: 0, early: 0, gapsMs: [], unlimitedGapsMs: [] };
}

function observation(passes: boolean, dates: { sentAtMs: number; arrivedAtMs: number }): ReadObservation {
  if (!passes) return { type: 'unreadable', code: throttledCode, ...dates };
  const details = { error: null, result: null, clientContext: null, percentComplete: null };
  return { type: 'status', observedBy: 'poll', status: 'inprogress', details, ...dates };
}

/** The delay that 99 of 100 ends have at most, where an end may come at any moment of a gap. */
export function p99DelayMs(gapsMs: readonly number[]): number {
  const total = gapsMs.reduce((sum, gap) => sum + gap, 0);
  let least = 0;
  let most = gapsMs.reduce((longest, gap) => Math.max(longest, gap), 0);
  for (let halving = 0; halving < 40; halving += 1) {
    const delay = (least + most) / 2;
    const later = gapsMs.reduce((sum, gap) => sum + Math.max(0, gap - delay), 0);
    if (later > total / 100) least = delay;
    else most = delay;
  }
  return most;
}
