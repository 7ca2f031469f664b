// Who has to be left alone, and for how long: the stored memory of a shard and what this process was told itself.
// Another process may have been told to wait a moment ago, so the memory is read again before each wave of requests
// until the last read is younger than 10 seconds; the later of memory and own knowledge holds. A new pause is stored
// when it first appears, so that it survives a restart; one that can't be stored still binds this process.
import type { Rate } from '../domain/rate.ts';
import type { MemoryNews } from '../domain/shard-memory.ts';
import type { Pause, Shard, ShardMemory, Stored } from '../domain/stored.ts';
import {
  identityRefusedCode,
  joinPauses,
  nextPause,
  type PauseRequest,
  type Pauses,
  withoutOldPauses,
} from '../domain/throttle.ts';
import { type MemoryPorts, mergeInto, mergeMemory } from './merge-memory.ts';
import { createRateGate, type RateGate } from './rate-gate.ts';
import { createRequestWindow, type RequestWindow } from './request-window.ts';

export type PausePorts = MemoryPorts & { readonly random: () => number };

/** The memory of one shard during one sweep or request. */
export type ShardPauses = {
  /** How long the tenant is still left alone; null when it may be called now. */
  readonly leftMs: (tenantId: string) => Promise<number | null>;
  /** Whether a pause of the tenant has ended and this process has not called it since: one request is enough to ask. */
  readonly isUntried: (tenantId: string) => boolean;
  /** How many requests may be under way together. */
  readonly requestsInFlight: () => number;
  /** How long the rate at which Graph let us ask holds the tenant back; 0: not now. */
  readonly heldBackMs: (tenantId: string) => number;
  /** Counts what is asked for now. @returns how many of so many items it may be. */
  readonly take: (tenantId: string, items: number) => number;
  /** Takes how many items an answer held and what it says about coming back; null: nothing. */
  readonly settle: (tenantId: string, answered: number, request: PauseRequest | null) => Promise<void>;
  /** How long the longest pause that holds now still lasts; 0 when none does. */
  readonly longestMs: () => number;
  /** Merges other news of the shard into its memory. */
  readonly store: (news: MemoryNews) => Promise<void>;
};

/** The row as it was read at the start of a sweep or request, and when. */
type Start = { readonly stored: Stored<ShardMemory> | null; readonly readAtMonotonicMs: number };

/** A pause that this process was told of itself: its end is known exactly. */
type OwnPause = { readonly pause: Pause; readonly untilMonotonicMs: number };

const freshMs = 10_000;
/** The storage clock follows a header of whole seconds: two processes' clocks differ by less than one, either way. */
const clockStepMs = 1000;

/** @returns the pauses of a shard as they are now; what the process itself learns is kept from one call to the next. */
export function createPauses(ports: PausePorts): (shard: Shard, start: Start) => ShardPauses {
  const learnedOf = new Map<Shard, Learned>();

  return function pausesOf(shard, start) {
    const learned = learnedOf.get(shard) ?? {
      own: new Map(),
      tried: new Map(),
      gates: new Map(),
      window: createRequestWindow(),
    };
    learnedOf.set(shard, learned);
    return createShardPauses(ports, shard, { start, ...learned });
  };
}

type Learned = {
  readonly own: Map<string, OwnPause>;
  /** End of the last pause after which each tenant was called. */
  readonly tried: Map<string, number>;
  readonly gates: Map<string, RateGate>;
  readonly window: RequestWindow;
};

function createShardPauses(
  ports: PausePorts,
  shard: Shard,
  { start, own, tried, gates, window }: Learned & { readonly start: Start },
): ShardPauses {
  const { clock } = ports;
  let pauses = withOwn(start.stored?.value.pauses ?? {});
  let isStartCurrent = true;
  let { readAtMonotonicMs } = start;
  let hasNews = false;
  let writing: Promise<void> | null = null;
  return { leftMs, isUntried, requestsInFlight: window.size, heldBackMs, take, settle, store, longestMs };

  async function leftMs(tenantId: string): Promise<number | null> {
    while (clock.monotonicMs() - readAtMonotonicMs >= freshMs) await look();
    const mine = own.get(tenantId);
    const ownLeftMs = mine === undefined ? 0 : mine.untilMonotonicMs - clock.monotonicMs();
    const pause = pauses[tenantId];
    const isOthers = pause !== undefined && pause.untilMs > (mine?.pause.untilMs ?? 0);
    const left = Math.max(ownLeftMs, isOthers ? othersLeftMs(pause) : 0);
    return left > 0 ? left : null;
  }

  async function look(): Promise<void> {
    const lookedAtMonotonicMs = ports.clock.monotonicMs();
    const stored = await ports.readMemory(shard);
    if (stored !== null) pauses = joinPauses(pauses, stored.value.pauses);
    readAtMonotonicMs = lookedAtMonotonicMs;
  }

  /** What another process was told, by its clock. */
  function othersLeftMs({ untilMs }: Pause): number {
    const left = untilMs - clock.nowMs();
    return left > 0 ? left : left + clockStepMs;
  }

  function isUntried(tenantId: string): boolean {
    const pause = pauses[tenantId];
    return pause !== undefined && pause.untilMs !== tried.get(tenantId);
  }

  function heldBackMs(tenantId: string): number {
    return gateOf(tenantId).waitMs(rateOf(tenantId));
  }

  function take(tenantId: string, items: number): number {
    return gateOf(tenantId).take(items, rateOf(tenantId));
  }

  function rateOf(tenantId: string): Rate | null {
    return pauses[tenantId]?.rate ?? null;
  }

  async function settle(tenantId: string, answered: number, request: PauseRequest | null): Promise<void> {
    const nowMs = clock.nowMs();
    const before = pauses[tenantId] ?? null;
    const mine = own.get(tenantId);
    const gate = gateOf(tenantId);
    window.settle(request !== null);
    gate.settle(answered, request !== null, rateOf(tenantId));
    const pause = request && nextPause(before, request, { nowMs, random: ports.random() });
    if (pause !== null && pause !== before) {
      const untilMonotonicMs = clock.monotonicMs() + pause.untilMs - nowMs;
      learn(tenantId, { pause: withRate(pause, gate, before?.rate), untilMonotonicMs });
      hasNews = true;
      writing ??= write();
    } else if (before !== null && before.untilMs <= nowMs) {
      tried.set(tenantId, before.untilMs);
    } else if (mine !== undefined && mine.pause === before) {
      // What was asked for before the refusal is answered after it.
      learn(tenantId, { ...mine, pause: withRate(before, gate, before.rate) });
    }
    if (request !== null) await writing;
  }

  function learn(tenantId: string, pause: OwnPause): void {
    own.set(tenantId, pause);
    pauses = withOwn(pauses);
  }

  function gateOf(tenantId: string): RateGate {
    const gate = gates.get(tenantId) ?? createRateGate(clock);
    gates.set(tenantId, gate);
    return gate;
  }

  /** A wave that is refused as a whole is stored by a write or two: each takes all that is known when it begins. */
  async function write(): Promise<void> {
    try {
      while (hasNews) {
        hasNews = false;
        await store({});
      }
    } finally {
      writing = null;
    }
  }

  function longestMs(): number {
    const nowMs = clock.nowMs();
    return Math.max(0, ...Object.values(pauses).map(({ untilMs }) => untilMs - nowMs));
  }

  function withOwn(others: Pauses): Pauses {
    return withoutOldPauses(joinPauses(others, ownPauses()), clock.nowMs());
  }

  function ownPauses(): Pauses {
    return Object.fromEntries([...own].map(([tenantId, { pause }]) => [tenantId, pause]));
  }

  /** The first write replaces the row as it was read at the start, which saves a look. */
  async function store(news: MemoryNews): Promise<void> {
    const { stored } = start;
    const isFirst = isStartCurrent;
    isStartCurrent = false;
    const all = { ...news, pauses: ownPauses() };
    await (isFirst ? mergeInto(ports, shard, { news: all, stored }) : mergeMemory(ports, shard, all));
  }
}

/** A refused identity says nothing of how fast to ask. */
function withRate(pause: Pause, gate: RateGate, before: Rate | undefined): Pause {
  const { sinceAtMs: sinceMs = pause.untilMs, untilMs, code } = pause;
  const rate = code === identityRefusedCode ? before : gate.rateAfter({ sinceMs, untilMs });
  return { ...pause, rate: rate ?? undefined };
}
