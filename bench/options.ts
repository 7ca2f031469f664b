// Options of `npm run bench`, from words to a plan: what is measured, how often, and for how long.
import { parseArgs } from 'node:util';
import { type ContestantName, contestantNames } from './contestants/contestant.ts';
import { type DurationFamily, durationFamilies, type Throttle, type Workload } from './workload.ts';

export type PeerName = Exclude<ContestantName, 'opwatch'>;

export type Plan = {
  readonly mode: 'quick' | 'default' | 'full';
  readonly seed: number;
  /** Of Graph: how long each of its answers takes. */
  readonly latencyMs: number;
  readonly peers: readonly PeerName[];
  readonly repetitions: number;
  /** Of peers that bring a broker, which are slow to prepare. */
  readonly brokerRepetitions: number;
  readonly steady: Workload;
  /** So many changes that commits are full; null: not in this mode. */
  readonly rush: Workload | null;
  /** Half of what is wanted is allowed; null: not in this mode. */
  readonly throttled: { readonly workload: Workload; readonly contestants: readonly ContestantName[] } | null;
  /** As many as one process has to bear; null: not in this mode. */
  readonly scale: Workload | null;
  /** The same work for several processes; empty: not in this mode. */
  readonly scaleOut: readonly Workload[];
  /** How long a process takes to begin; empty: not in this mode. */
  readonly restarts: readonly Workload[];
  /** Whether the documents are to show this run. */
  readonly isWritten: boolean;
  readonly jsonPath: string;
};

export const usage = `npm run bench -- [options]

  --quick | --full       at most a minute, once; or 20,000 and 100,000 operations (default: under five minutes)
  --ops N                operations watched          --interval N   seconds between polls of one
  --tick N               seconds between sweeps      --latency N    milliseconds that Graph takes
  --transition-rate N    changes a poll              --durations F  exponential, lognormal or bimodal
  --throttle T           quota:N items a second, or p:N, the share of items that is refused
  --peers LIST           of naive,corelro,bullmq,pgboss; the last two where BENCH_REDIS or BENCH_POSTGRES answers
  --reps N               repetitions                 --seed N       of everything that is drawn
  --json PATH            where the figures go        --write        show this run in README.md and docs/performance.md
  --proxy                what the PATCH proxy adds to a call; has options of its own
  --notifications        what the receiver of call notifications bears; the same
`;

/** All of them want about 2,000 polls a second. 3,900 rows and the shard's memory are four pages. */
const modes = {
  quick: {
    operations: 3900,
    seconds: 2,
    repetitions: 1,
    phases: { warmUp: 2, quiet: 1, settle: 1, busy: 1 },
  },
  default: {
    operations: 3900,
    seconds: 2,
    repetitions: 3,
    phases: { warmUp: 3, quiet: 1, settle: 1, busy: 2 },
  },
  full: {
    operations: 20_000,
    seconds: 10,
    repetitions: 3,
    phases: { warmUp: 2, quiet: 1, settle: 1, busy: 2 },
  },
} as const;
/** After it a poll of Opwatch costs half of what it costs at first, and no less any more. */
const sweeperWarmUpMs = 18_000;
/** The first sweeps still read what was begun just before, and Azurite takes seconds for that. */
const many = {
  operations: 100_000,
  shards: 2,
  tickMs: 5000,
  phases: { warmUp: 12, quiet: 4, settle: 2, busy: 6 },
} as const;
/** More shards than a host takes at a time, so that there is something left for the others; a tick is no interval, so that
 * a host which knows nothing of the reads of another would read too much. */
const shared = { operations: 20_000, intervalMs: 30_000, tickMs: 10_000, shards: 32 } as const;
/** By then each host has had each shard: who comes new to one may read its operations once too often. */
const sharedPhases = { warmUp: 3, quiet: 0, settle: 9, busy: 6 } as const;
const restarted = [20_000, 100_000] as const;
/** About 900 changes a sweep: the thirty and more that a transaction holds are there before it begins. */
const rush = {
  operations: 3000,
  intervalMs: 3000,
  tickMs: 3000,
  transitionRate: 0.3,
  sweeperWarmUpMs: 0,
} as const;
/** By then the rate that the first refusals taught is as good as it gets. */
const learningTicks = 30;
/** Long enough for a refusal, the wait after it, and what is made up for: a shorter window shows the one or the other. */
const limitedTicks = 30;
const limited = { operations: 2000, intervalMs: 2000, tickMs: 1000, sweeperWarmUpMs: 0 } as const;

/** @throws RangeError for a value that makes no sense; TypeError for an unknown option. */
export function parseOptions(args: readonly string[]): Plan {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      ops: { type: 'string' },
      interval: { type: 'string' },
      tick: { type: 'string' },
      latency: { type: 'string', default: '50' },
      'transition-rate': { type: 'string', default: '0.01' },
      durations: { type: 'string', default: 'exponential' },
      throttle: { type: 'string' },
      peers: { type: 'string' },
      reps: { type: 'string' },
      seed: { type: 'string', default: '1' },
      json: { type: 'string', default: '.opwatch/bench.json' },
      write: { type: 'boolean', default: false },
    },
  });
  if (values.quick && values.full) throw new RangeError('--quick or --full, not both');
  const long = values.full ? 'full' : 'default';
  const mode = values.quick ? 'quick' : long;
  const usual = modes[mode];
  const seconds = whole('interval', values.interval, usual.seconds);
  const steady: Workload = {
    operations: whole('ops', values.ops, usual.operations),
    intervalMs: seconds * 1000,
    tickMs: tickMs(whole('tick', values.tick, seconds)),
    transitionRate: share('transition-rate', values['transition-rate']),
    durations: familyOf(values.durations),
    throttle: null,
    phases: usual.phases,
    sweeperWarmUpMs: mode === 'quick' ? 0 : sweeperWarmUpMs,
    shards: 1,
    hosts: 1,
  };
  return {
    mode,
    seed: whole('seed', values.seed, 1),
    latencyMs: values.latency === '0' ? 0 : whole('latency', values.latency, 50),
    peers: peersOf(values.peers ?? (mode === 'quick' ? 'naive,corelro' : 'naive,corelro,bullmq,pgboss')),
    repetitions: whole('reps', values.reps, usual.repetitions),
    brokerRepetitions: mode === 'full' ? whole('reps', values.reps, usual.repetitions) : 1,
    steady,
    rush:
      mode === 'quick' ? null : { ...steady, ...rush, phases: { warmUp: 1, quiet: 1, settle: 1, busy: 2 } },
    throttled: throttledOf(mode, steady, values.throttle),
    scale: mode === 'full' ? { ...steady, ...many } : null,
    scaleOut:
      mode === 'full'
        ? [1, 2, 4].map((hosts) => ({ ...steady, ...shared, phases: sharedPhases, hosts }))
        : [],
    restarts: mode === 'full' ? restarted.map((operations) => ({ ...steady, operations })) : [],
    isWritten: values.write,
    jsonPath: values.json,
  };
}

function throttledOf(mode: Plan['mode'], steady: Workload, given: string | undefined): Plan['throttled'] {
  if (mode === 'quick' && given === undefined) return null;
  const halfOfDemand = limited.operations / (limited.intervalMs / 1000) / 2;
  const throttle =
    given === undefined ? ({ type: 'quota', itemsPerSecond: halfOfDemand } as const) : throttleOf(given);
  return {
    workload: {
      ...steady,
      ...limited,
      throttle,
      phases: { warmUp: 2, quiet: 0, settle: learningTicks, busy: limitedTicks },
    },
    contestants: mode === 'full' ? ['opwatch', 'naive', 'corelro'] : ['opwatch'],
  };
}

function throttleOf(text: string): Throttle {
  const [, type, amount = ''] = /^(quota|p):([\d.]+)$/.exec(text) ?? [];
  if (type === 'quota') return { type: 'quota', itemsPerSecond: positive('throttle', amount) };
  if (type === 'p') return { type: 'probability', share: share('throttle', amount) };
  throw new RangeError('--throttle must be quota:N or p:N');
}

function peersOf(text: string): readonly PeerName[] {
  return text
    .split(',')
    .filter((name) => name !== '')
    .map((name) => {
      const known = contestantNames.find((one) => one === name);
      if (known === undefined || known === 'opwatch')
        throw new RangeError(`--peers: ${name} is none of naive, corelro, bullmq, pgboss`);
      return known;
    });
}

function familyOf(text: string): DurationFamily {
  const family = durationFamilies.find((name) => name === text);
  if (family === undefined) throw new RangeError(`--durations must be one of ${durationFamilies.join(', ')}`);
  return family;
}

/** A timer's seconds: NCRONTAB begins anew every minute. */
function tickMs(seconds: number): number {
  if (60 % seconds !== 0 || seconds > 30) throw new RangeError('--tick must divide a minute, 30 at most');
  return seconds * 1000;
}

function whole(name: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new RangeError(`--${name} must be a whole number from 1`);
  return Number(text);
}

function share(name: string, text: string): number {
  const value = positive(name, text);
  if (value > 1) throw new RangeError(`--${name} must be at most 1`);
  return value;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new RangeError(`--${name} must be a number above 0`);
  return value;
}
