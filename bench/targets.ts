// What the product promises of its costs, held against a run: met or missed, and by how much. A target that a run did
// not measure is said to be so.
import { outcomeOf, type Result, ratioOf, spreadOfRuns } from './result.ts';
import { type Spread, spreadOf } from './statistics.ts';
import { fairRoundMs } from './workload.ts';

export type Target = {
  readonly name: string;
  /** What is wanted: at most, or at least. */
  readonly limit: { readonly is: 'most' | 'least'; readonly value: number };
  /** What would be better still; null: the limit is all. */
  readonly aim: number | null;
  readonly measured: Spread | null;
  readonly unit: string;
};

export function isMet({ limit, measured }: Target): boolean | null {
  if (measured === null) return null;
  return limit.is === 'most' ? measured.median <= limit.value : measured.median >= limit.value;
}

export function targetsOf(result: Result): readonly Target[] {
  return [
    ...requestTargets(result),
    ...cpuTargets(result),
    ...sweepReadTargets(result),
    ...latencyTargets(result),
    ...scaleTargets(result),
    ...throttleTargets(result),
  ];
}

function requestTargets({ steady, rush }: Result): readonly Target[] {
  const opwatch = outcomeOf(steady, 'opwatch');
  return [
    {
      name: 'Graph HTTP requests a poll',
      limit: most(0.051),
      aim: null,
      measured: spreadOfRuns(opwatch, ({ busy }) => busy.httpPerPoll),
      unit: '',
    },
    {
      name: 'storage operations an unchanged poll',
      limit: most(0.0015),
      aim: null,
      measured: spreadOfRuns(opwatch, ({ quiet }) => quiet?.storagePerPoll),
      unit: '',
    },
    {
      name: 'storage operations a transition, when commits are full',
      limit: most(1.5),
      aim: null,
      measured: spreadOfRuns(outcomeOf(rush, 'opwatch'), (run) => run.storagePerTransition),
      unit: '',
    },
  ];
}

function cpuTargets({ steady, floors }: Result): readonly Target[] {
  const opwatch = outcomeOf(steady, 'opwatch');
  const cheaperThan = (name: 'naive' | 'corelro'): Spread | null =>
    ratioOf(outcomeOf(steady, name), opwatch, ({ busy }) => busy.cpuUsPerPoll);
  const overFloor = (opwatch?.runs ?? []).flatMap(({ quiet }, index) => {
    const floor = floors[index]?.jsonUsPerPoll;
    const unchanged = quiet?.cpuUsPerPoll ?? null;
    return unchanged === null || floor === undefined ? [] : unchanged / floor;
  });
  return [
    {
      name: 'CPU a poll: naive ÷ Opwatch',
      limit: least(25),
      aim: 50,
      measured: cheaperThan('naive'),
      unit: '×',
    },
    {
      name: 'CPU a poll: core-lro ÷ Opwatch',
      limit: least(10),
      aim: null,
      measured: cheaperThan('corelro'),
      unit: '×',
    },
    {
      name: 'CPU an unchanged poll ÷ JSON floor',
      limit: most(8),
      aim: 6,
      measured: overFloor.length === 0 ? null : spreadOf(overFloor),
      unit: '×',
    },
  ];
}

function sweepReadTargets({ sweepReads }: Result): readonly Target[] {
  const ofReads = (figure: (read: Result['sweepReads'][number]) => number): Spread | null =>
    sweepReads.length === 0 ? null : spreadOf(sweepReads.map(figure));
  return [
    {
      name: "requests of a sweep's read, a thousand live rows",
      limit: most(1),
      aim: null,
      measured: ofReads(({ requests, reads, rows }) => requests / reads / Math.ceil(rows / 1000)),
      unit: '',
    },
    {
      name: "CPU of a sweep's read, a thousand live rows",
      limit: most(14),
      aim: 5,
      measured: ofReads(({ cpuMsPerThousand }) => cpuMsPerThousand),
      unit: ' ms',
    },
  ];
}

function latencyTargets({ steady, plan }: Result): readonly Target[] {
  const opwatch = outcomeOf(steady, 'opwatch');
  const { intervalMs, tickMs } = plan.steady;
  const limit = most(tickMs + 2 * plan.latencyMs);
  const over = (name: 'p50' | 'p99', idealMs: number): Spread | null =>
    spreadOfRuns(opwatch, ({ busy }) => busy.latencyMs && busy.latencyMs[name] - idealMs);
  return [
    { name: 'detection, p50 − T/2', limit, aim: null, measured: over('p50', intervalMs / 2), unit: ' ms' },
    { name: 'detection, p99 − T', limit, aim: null, measured: over('p99', intervalMs), unit: ' ms' },
  ];
}

function scaleTargets({ scale, scaleOut, restarts }: Result): readonly Target[] {
  const opwatch = outcomeOf(scale, 'opwatch');
  const restart = restarts.find(({ operations }) => operations === 20_000);
  return [
    {
      name: '100,000 operations: polls in time',
      limit: least(97),
      aim: null,
      measured: spreadOfRuns(opwatch, ({ busy }) => busy.coverage * 100),
      unit: ' %',
    },
    {
      name: '100,000 operations: CPU of one core',
      limit: most(60),
      aim: 40,
      measured: spreadOfRuns(opwatch, ({ busy }) => busy.cpuShare * 100),
      unit: ' %',
    },
    {
      name: 'several processes: polls made ÷ polls wanted',
      limit: most(1.05),
      aim: null,
      measured: spreadOfRuns(scaleOut.at(-1) ?? null, ({ busy }) => busy.coverage),
      unit: '',
    },
    {
      name: 'restart with 20,000: host serves → first read',
      limit: most(3),
      aim: 0.5,
      measured: restart === undefined ? null : spreadOf([restart.firstReadMs / 1000]),
      unit: ' s',
    },
  ];
}

/** Only of a quota: where items are refused by chance, nothing is fair or unfair. */
function throttleTargets({ throttled, plan }: Result): readonly Target[] {
  const workload = plan.throttled?.workload;
  const quota = workload?.throttle?.type === 'quota' ? workload.throttle.itemsPerSecond : null;
  const opwatch = quota === null ? null : outcomeOf(throttled, 'opwatch');
  const fairMs = workload === undefined ? 1 : fairRoundMs(workload);
  return [
    {
      name: 'half the quota: items wasted',
      limit: most(0.5),
      aim: null,
      measured: spreadOfRuns(opwatch, ({ busy }) => busy.wastedShare * 100),
      unit: ' %',
    },
    {
      name: 'half the quota: items that count ÷ quota',
      limit: least(0.99),
      aim: null,
      measured: spreadOfRuns(opwatch, ({ busy }) => busy.itemsPerSecond / (quota ?? 1)),
      unit: '',
    },
    {
      name: 'half the quota: p99 ÷ fair round',
      limit: most(1.25),
      aim: null,
      measured: spreadOfRuns(opwatch, ({ busy }) => busy.latencyMs && busy.latencyMs.p99 / fairMs),
      unit: '',
    },
    {
      name: 'half the quota: items inside an announced wait',
      limit: most(0),
      aim: null,
      measured: spreadOfRuns(opwatch, ({ busy }) => busy.earlyItems),
      unit: '',
    },
  ];
}

function most(value: number): Target['limit'] {
  return { is: 'most', value };
}

function least(value: number): Target['limit'] {
  return { is: 'least', value };
}
