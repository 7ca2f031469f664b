// From what was counted before and after a window to what a poll costs.
import { isEnd } from './contestants/words.ts';
import { percentile } from './statistics.ts';
import type { Detection, History } from './verdict.ts';

/** All counts at one moment, taken outside of the contestant. */
export type Snapshot = {
  readonly atMs: number;
  readonly httpRequests: number;
  /** Operations asked for, each for itself. */
  readonly items: number;
  readonly throttledItems: number;
  /** Items asked for inside a wait that had been announced. */
  readonly earlyItems: number;
  readonly storageReads: number;
  readonly storageWrites: number;
  /** Of a broker of its own. */
  readonly brokerOperations: number;
  readonly cpuMs: number;
  /** Of storage and of a broker of its own; null where nobody can tell. */
  readonly brokerCpuMs: number | null;
  readonly graphCpuMs: number;
  readonly residentBytes: number;
};

/** Of one window; what is null was not to be measured in it: what a poll costs of one without polls. */
export type Figures = {
  readonly seconds: number;
  readonly polls: number;
  /** Polls made ÷ polls that the interval asks for. */
  readonly coverage: number;
  readonly httpPerPoll: number | null;
  /** Requests of table and queue, and operations of a broker. */
  readonly storagePerPoll: number | null;
  readonly cpuUsPerPoll: number | null;
  /** Of one core. */
  readonly cpuShare: number;
  readonly brokerCpuUsPerPoll: number | null;
  readonly graphCpuShare: number;
  readonly residentMb: number;
  /** Items refused ÷ items asked for. */
  readonly wastedShare: number;
  readonly itemsPerSecond: number;
  readonly earlyItems: number;
  readonly transitions: number;
  readonly itemsPerTransition: number | null;
  readonly latencyMs: Latency | null;
};

export type Latency = { readonly p50: number; readonly p90: number; readonly p99: number };

export function figuresOf(
  window: { readonly from: Snapshot; readonly to: Snapshot },
  workload: { readonly intervalMs: number },
  seen: { readonly histories: readonly History[]; readonly detections: readonly Detection[] },
): Figures {
  const { from, to } = window;
  const by = (name: keyof Snapshot): number => (to[name] ?? 0) - (from[name] ?? 0);
  const durationMs = by('atMs');
  const polls = by('items') - by('throttledItems');
  const told = seen.detections.filter(({ arrivedAtMs }) => arrivedAtMs >= from.atMs && arrivedAtMs < to.atMs);
  const storage = by('storageReads') + by('storageWrites') + by('brokerOperations');
  const isBrokerKnown = from.brokerCpuMs !== null && to.brokerCpuMs !== null;
  const aPoll = (amount: number): number | null => (polls === 0 ? null : amount / polls);
  return {
    seconds: durationMs / 1000,
    polls,
    coverage: polls / (liveMs(seen.histories, window) / workload.intervalMs),
    httpPerPoll: aPoll(by('httpRequests')),
    storagePerPoll: aPoll(storage),
    cpuUsPerPoll: aPoll(by('cpuMs') * 1000),
    cpuShare: by('cpuMs') / durationMs,
    brokerCpuUsPerPoll: isBrokerKnown ? aPoll(by('brokerCpuMs') * 1000) : null,
    graphCpuShare: by('graphCpuMs') / durationMs,
    residentMb: to.residentBytes / 1024 / 1024,
    wastedShare: by('throttledItems') / Math.max(1, by('items')),
    itemsPerSecond: polls / (durationMs / 1000),
    earlyItems: by('earlyItems'),
    transitions: told.length,
    itemsPerTransition: told.length === 0 ? null : by('items') / told.length,
    latencyMs: latencyOf(told),
  };
}

/** Above it, the noise of what polls cost hides what a transition adds. */
const maxStoragePerPoll = 0.1;

/**
 * Storage requests that a transition costs: what the busy window has more than its polls alone would.
 * Null without transitions, and for those whose every poll writes.
 */
export function storagePerTransition(quiet: Figures, busy: Figures): number | null {
  const [unchanged, all] = [quiet.storagePerPoll, busy.storagePerPoll];
  if (unchanged === null || all === null || busy.transitions === 0 || unchanged > maxStoragePerPoll)
    return null;
  return ((all - unchanged) * busy.polls) / busy.transitions;
}

function latencyOf(detections: readonly Detection[]): Latency | null {
  const sorted = detections
    .map(({ changedAtMs, arrivedAtMs }) => arrivedAtMs - changedAtMs)
    .toSorted((one, other) => one - other);
  const at = (share: number): number => percentile(sorted, share) ?? 0;
  return sorted.length === 0 ? null : { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

/** For how long operations that had not ended were there to be polled, all of them together. */
function liveMs(
  histories: readonly History[],
  { from, to }: { readonly from: Snapshot; readonly to: Snapshot },
): number {
  return histories.reduce((sum, { changes }) => {
    const end = changes.find(({ status }) => isEnd(status));
    const untilMs = Math.min(end?.atMs ?? Number.POSITIVE_INFINITY, to.atMs);
    return sum + Math.max(0, untilMs - from.atMs);
  }, 0);
}
