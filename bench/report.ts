// From a result to what people read: Markdown tables, a line for the machine, and what has to be known to read them.
import { machineLine } from './machine.ts';
import type { Restart } from './restart.ts';
import { type GoodRun, type Outcome, outcomeOf, type Result, ratioOf, spreadOfRuns } from './result.ts';
import { type Spread, spreadOf } from './statistics.ts';
import { isMet, type Target, targetsOf } from './targets.ts';
import type { Workload } from './workload.ts';

/** Everything: tables, targets, floors, remarks. */
export function fullReport(result: Result): string {
  const { plan, machine } = result;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const parts = [
    `${machineLine(machine)}. Seed ${plan.seed}, Graph answers after ${plan.latencyMs} ms, \`${plan.mode}\`, ${result.startedAt.slice(0, 10)}.`,
    `${workloadLine(plan.steady)} Median and range of ${plan.repetitions === 1 ? 'one repetition' : `${plan.repetitions} repetitions`}.`,
    contestantTable(result.steady),
    floorLine(result),
    ...(plan.rush === null ? [] : [workloadLine(plan.rush), contestantTable(result.rush)]),
    ...(plan.throttled === null
      ? []
      : [workloadLine(plan.throttled.workload), throttleTable(result.throttled, plan.throttled.workload)]),
    ...(plan.scale === null ? [] : [workloadLine(plan.scale), contestantTable(result.scale)]),
    ...plan.scaleOut.slice(0, 1).flatMap((first) => [workloadLine(first), contestantTable(result.scaleOut)]),
    ...(result.restarts.length === 0 ? [] : [restartTable(result.restarts), memoryLine(result.restarts)]),
    targetTable(targetsOf(result)),
    ...remarksOf(result),
    `Versions: ${versions.join(', ')}.`,
  ];
  return parts.join('\n\n');
}

/** A few lines for those who want to know whether to read more. */
export function shortReport(result: Result): string {
  const targets = targetsOf(result);
  const measured = targets.filter((target) => isMet(target) !== null);
  const missed = measured.filter((target) => isMet(target) === false);
  const verdict = `${measured.length - missed.length} of ${measured.length} targets are met`;
  const { plan, machine } = result;
  return [
    shortTable(result),
    `${plan.steady.operations.toLocaleString('en')} operations every ${plan.steady.intervalMs / 1000} s; ${machineLine(machine)}, seed ${plan.seed}. ${verdict}.`,
  ].join('\n\n');
}

function shortTable({ steady }: Result): string {
  const opwatch = outcomeOf(steady, 'opwatch');
  const rows = steady
    .filter(({ name }) => name === 'opwatch' || name === 'naive' || name === 'corelro')
    .map((outcome) => [
      outcome.title,
      ...shortFigures(outcome),
      outcome.name === 'opwatch' ? '1' : spreadText(cpuRatio(outcome, opwatch), 0),
    ]);
  return table(
    ['', 'Graph requests a poll', 'storage operations a poll', 'CPU a poll', 'CPU ÷ Opwatch'],
    rows,
  );
}

function shortFigures(outcome: Outcome): readonly string[] {
  if (outcome.problems.length > 0) return ['FAIL', 'FAIL', 'FAIL'];
  const of = (figure: (run: GoodRun) => number | null): Spread | null => spreadOfRuns(outcome, figure);
  return [
    spreadText(
      of(({ busy }) => busy.httpPerPoll),
      3,
      false,
    ),
    spreadText(
      of(({ busy }) => busy.storagePerPoll),
      3,
      false,
    ),
    `${spreadText(
      of(({ busy }) => busy.cpuUsPerPoll),
      0,
    )} µs`,
  ];
}

const columns: readonly (readonly [
  title: string,
  figure: (run: GoodRun) => number | null,
  digits: number,
])[] = [
  ['polls in time', ({ busy }) => busy.coverage, 2],
  ['Graph requests a poll', ({ busy }) => busy.httpPerPoll, 4],
  ['storage operations an unchanged poll', ({ quiet }) => quiet?.storagePerPoll ?? null, 4],
  ['a transition', (run) => run.storagePerTransition, 2],
  ['CPU an unchanged poll, µs', ({ quiet }) => quiet?.cpuUsPerPoll ?? null, 0],
  ['CPU a poll, µs', ({ busy }) => busy.cpuUsPerPoll, 0],
  ['broker CPU a poll, µs', ({ busy }) => busy.brokerCpuUsPerPoll, 0],
  ['items a transition', ({ busy }) => busy.itemsPerTransition, 0],
  ['RSS, MB', ({ busy }) => busy.residentMb, 0],
  ['p50, ms', ({ busy }) => busy.latencyMs?.p50 ?? null, 0],
  ['p99, ms', ({ busy }) => busy.latencyMs?.p99 ?? null, 0],
  ['late at the close', ({ late }) => late, 0],
];

function contestantTable(outcomes: readonly Outcome[]): string {
  const opwatch = outcomeOf(outcomes, 'opwatch');
  const rows = outcomes.map((outcome) => [
    outcome.title,
    ...columns.map(([, figure, digits]) => cell(outcome, spreadOfRuns(outcome, figure), digits)),
    outcome.name === 'opwatch' ? '1' : cell(outcome, cpuRatio(outcome, opwatch), 1),
  ]);
  return table(['', ...columns.map(([title]) => title), 'CPU ÷ Opwatch'], rows);
}

function throttleTable(outcomes: readonly Outcome[], workload: Workload): string {
  const quota = workload.throttle?.type === 'quota' ? workload.throttle.itemsPerSecond : null;
  const rows = outcomes.map((outcome) => {
    const text = (figure: (run: GoodRun) => number | null, digits: number): string =>
      cell(outcome, spreadOfRuns(outcome, figure), digits);
    return [
      outcome.title,
      text(({ busy }) => busy.wastedShare * 100, 1),
      text(({ busy }) => (quota === null ? null : busy.itemsPerSecond / quota), 3),
      text(({ busy }) => busy.earlyItems, 0),
      text(({ busy }) => busy.latencyMs?.p50 ?? null, 0),
      text(({ busy }) => busy.latencyMs?.p99 ?? null, 0),
      text(({ late }) => late, 0),
      text(({ busy }) => busy.cpuUsPerPoll, 0),
    ];
  });
  const titles = [
    'wasted, %',
    'used ÷ quota',
    'items in announced waits',
    'p50, ms',
    'p99, ms',
    'late at the close',
  ];
  return table(['', ...titles, 'CPU a poll, µs'], rows);
}

function restartTable(restarts: readonly Restart[]): string {
  const rows = restarts.map(({ operations, readyMs, firstReadMs, allReadMs, residentBytes }) => [
    operations.toLocaleString('en'),
    ...[readyMs, firstReadMs, allReadMs, residentBytes / 1024 / 1024].map((value) => numberText(value, 0)),
  ]);
  const titles = [
    'operations at a restart',
    'host serves, ms',
    'first read, ms later',
    'last read, ms later',
  ];
  return table([...titles, 'RSS, MB'], rows);
}

/** What the process has beside operations is in both. */
function memoryLine(restarts: readonly Restart[]): string {
  const [few, many] = [restarts[0], restarts.at(-1)];
  if (few === undefined || many === undefined || few === many) return '';
  const bytes = (many.residentBytes - few.residentBytes) / (many.operations - few.operations);
  return `Memory an operation, by the difference: ${numberText(bytes / 1024, 1)} KiB.`;
}

function targetTable(targets: readonly Target[]): string {
  const rows = targets.map((target) => {
    const { name, limit, aim, measured, unit } = target;
    const sign = limit.is === 'most' ? '≤' : '≥';
    const wanted = `${sign} ${limit.value}${unit}${aim === null ? '' : `, aim ${aim}`}`;
    return [name, wanted, measured === null ? '–' : `${spreadText(measured)}${unit}`, verdictOf(target)];
  });
  return table(['target', 'wanted', 'measured', ''], rows);
}

function verdictOf(target: Target): string {
  const { limit, aim, measured } = target;
  const met = isMet(target);
  if (met === null || measured === null) return 'not measured in this mode';
  if (!met) return `**missed** ${missedBy(limit.value, measured.median)}`;
  const isAimMet = aim !== null && (limit.is === 'most' ? measured.median <= aim : measured.median >= aim);
  if (aim === null) return 'met';
  return isAimMet ? 'met, and the aim' : 'met, not the aim';
}

function missedBy(wanted: number, measured: number): string {
  return wanted === 0 ? '' : `(${numberText(measured / wanted)} of it)`;
}

function floorLine({ floors, sweepReads }: Result): string {
  const [json, undici] = [floors.map((one) => one.jsonUsPerPoll), floors.map((one) => one.undiciUsPerPoll)];
  if (json.length === 0) return 'No floor was measured.';
  const reads = sweepReads.map((one) => one.cpuMsPerThousand);
  return [
    `Floors of the same run, CPU a poll: JSON alone ${spreadText(spreadOf(json), 2)} µs, undici with \`$batch\` ${spreadText(spreadOf(undici), 1)} µs.`,
    reads.length === 0
      ? ''
      : `A sweep's read of a thousand live rows: ${spreadText(spreadOf(reads), 1)} ms of CPU.`,
  ].join(' ');
}

function remarksOf({ steady, rush, throttled, scale, scaleOut }: Result): readonly string[] {
  const remarks = new Set([...steady, ...rush, ...throttled, ...scale, ...scaleOut].flatMap(remarkOf));
  return remarks.size === 0 ? [] : [[...remarks].map((remark) => `- ${remark}`).join('\n')];
}

function remarkOf({ title, remark, skipped, problems }: Outcome): readonly string[] {
  if (skipped !== null) return [`${title}: skipped, ${skipped}.`];
  const failures = problems.slice(0, 3).map((problem) => `${title}: FAIL, ${problem}.`);
  return remark === null ? failures : [...failures, `${title}: ${remark}.`];
}

function cpuRatio(outcome: Outcome, opwatch: Outcome | null): Spread | null {
  return ratioOf(outcome, opwatch, ({ busy }) => busy.cpuUsPerPoll);
}

function cell({ skipped, problems }: Outcome, spread: Spread | null, digits: number): string {
  if (skipped !== null) return 'skipped';
  return problems.length > 0 ? 'FAIL' : spreadText(spread, digits);
}

function spreadText(spread: Spread | null, digits?: number, hasRange = true): string {
  if (spread === null) return '–';
  const text = (value: number): string => numberText(value, digits);
  const { median, min, max } = spread;
  return !hasRange || text(min) === text(max) ? text(median) : `${text(median)} (${text(min)}–${text(max)})`;
}

/** Three digits that count, unless said otherwise. */
function numberText(value: number, digits?: number): string {
  const places = digits ?? Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 1e-9))));
  const rounded = Number(value.toFixed(Math.min(places, 6)));
  return rounded.toLocaleString('en', { maximumFractionDigits: 6 });
}

function workloadLine(workload: Workload): string {
  const { operations, intervalMs, tickMs, transitionRate, durations, throttle, shards } = workload;
  const limited =
    throttle?.type === 'quota'
      ? ` Graph allows ${throttle.itemsPerSecond} items a second.`
      : throttle && ` Graph refuses ${throttle.share * 100} % of all items.`;
  const parts = shards === 1 ? '' : ` in ${shards} shards`;
  return `${operations.toLocaleString('en')} operations (${durations})${parts}, each polled every ${intervalMs / 1000} s, sweeps every ${tickMs / 1000} s, ${transitionRate * 100} % of polls find a change.${limited ?? ''}`;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  return [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
