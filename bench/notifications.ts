// `npm run bench -- --notifications`, or `node bench/notifications.ts`: what the receiver of call notifications does at
// the rate that a platform sends them with. The simulated platform, Azurite and the host of the built app are processes
// of their own; requests to storage are counted outside the product. Timers are far away: nothing is polled.
// Correctness comes first: a notification that was dropped, or a transition lost, invented or told twice, prints FAIL.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { QueueClient } from '@azure/storage-queue';
import { startAzurite } from '../dev/azurite.ts';
import { buildBundle } from '../dev/build.ts';
import { startReady } from '../dev/processes.ts';
import type { PushLoadReport } from '../dev/simulator/callbacks/push-load.ts';
import { demoBot, demoSettings } from '../dev/start/settings.ts';
import { opwatch } from './contestants/opwatch.ts';
import { startCountingProxy } from './counting-proxy.ts';
import { readProcess } from './process-usage.ts';
import { startQueueReader } from './queue-reader.ts';
import { type ArrivedEvent, type History, judge, problemsOf } from './verdict.ts';

const { values } = parseArgs({
  options: {
    notifications: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    /** V8's own profile of the host, into this folder. */
    profile: { type: 'string' },
  },
});
const ratePerSecond = Number(values.rate);
const seconds = Number(values.seconds ?? (values.quick ? 5 : 20));
/** Shares of the rate that a host which has just started is given, each for so many seconds: no platform begins with all. */
const warmUp = [0.1, 0.25, 0.5, 1] as const;
const warmUpSeconds = 2;
const never = '0 0 0 1 1 *';
let seed = Number(values.seed);

/** What is promised at this rate on an idle machine of two cores. */
const wantedP99Ms = 500;
/** One notification in several brings the first word of an operation that nobody tracks. */
const wanted = { reads: 2, writes: 1, sends: 1 } as const;

/** When an event of an operation was accepted by the queue, by path and word. */
const queuedAtMs = new Map<string, number>();

const bundle = await buildBundle(process.cwd());
const azurite = await startAzurite();
const table = await startCountingProxy(azurite.tableUrl);
const queue = await startCountingProxy(azurite.queueUrl, noteMessage);
const simulator = await startReady('dev/simulator/main.ts', { args: ['--port', '0', '--keep', '0'] });
const storage = azurite.connectionString
  .replace(azurite.tableUrl, table.url)
  .replace(azurite.queueUrl, queue.url);
const trouble: string[] = [];
const host = await startReady('dev/host/main.ts', {
  args: ['--port', '0'],
  env: {
    ...demoSettings({ storage, graph: simulator.url }),
    OPWATCH_CONNECTION_OPERATION_TICK: never,
    OPWATCH_COMMS_OPERATION_TICK: never,
    OPWATCH_ONENOTE_OPERATION_TICK: never,
    ...(values.profile ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${values.profile}` } : {}),
  },
  onErrorLine: (line) => {
    if (/"level":"(error|warn)/.test(line)) trouble.push(line);
  },
});
let isFailed = true;
try {
  isFailed = await measure();
} finally {
  await host.stop();
  await simulator.stop();
  await Promise.all([table.stop(), queue.stop()]);
  await azurite.stop();
}
process.exit(isFailed ? 1 : 0);

/** @returns whether the verdict was FAIL. */
async function measure(): Promise<boolean> {
  const reports: PushLoadReport[] = [];
  for (const share of warmUp) reports.push(await load(share * ratePerSecond, warmUpSeconds));
  const before = await snapshot();
  const report = await load(ratePerSecond, seconds);
  const after = await snapshot();
  const events = await readEvents();
  const truth = (await read<{ readonly value: readonly History[] }>('truth')).value;
  const problems = problemsOf(judge(events, truth.map(beforeItsFirstWord), after.atMs));
  const dropped = [...reports, report].flatMap(droppedOf);
  if (problems.length > 0 || dropped.length > 0) {
    console.log(`FAIL\n${[...dropped, ...problems].slice(0, 20).join('\n')}`);
    return true;
  }
  print({ before, after, report, events, truth });
  return false;
}

/** Each when the queue accepted it; those of an operation by sequence, for committers may overtake each other. */
async function readEvents(): Promise<readonly ArrivedEvent[]> {
  const reader = startQueueReader(new QueueClient(azurite.connectionString, 'opwatch-transitions'));
  await reader.stop();
  const events = reader.messages.map(({ text, arrivedAtMs }): ArrivedEvent => {
    const event = opwatch.readEvent(text);
    return { ...event, arrivedAtMs: queuedAtMs.get(placeOf(event)) ?? arrivedAtMs };
  });
  return events.toSorted((one, other) => (one.sequence ?? 0) - (other.sequence ?? 0));
}

/** Here nobody was told the first word when the watching began: it is news. */
function beforeItsFirstWord({ path, changes }: History): History {
  return { path, changes: [{ status: undefined, atMs: 0 }, ...changes] };
}

function placeOf({ path, status }: { readonly path: string; readonly status: unknown }): string {
  return `${path} ${String(status)}`;
}

function load(rate: number, forSeconds: number): Promise<PushLoadReport> {
  seed += 1; // other operations each time
  return post<PushLoadReport>('pushes/load', {
    uri: `${host.url}/api/notifications/calls`,
    ...demoBot,
    ratePerSecond: rate,
    seconds: forSeconds,
    seed,
  });
}

/** What was not answered with 202: a platform may never send it again. */
function droppedOf({ sent, byOutcome, byStatus }: PushLoadReport): readonly string[] {
  return byStatus['202'] === sent ? [] : [`of ${sent} sent: ${JSON.stringify({ byOutcome, byStatus })}`];
}

type Snapshot = Awaited<ReturnType<typeof snapshot>>;

async function snapshot() {
  const { httpRequests } = await read<{ readonly httpRequests: number }>('stats');
  return {
    atMs: Date.now(),
    graphCalls: httpRequests,
    table: table.counts(),
    queue: queue.counts(),
    host: readProcess(host.pid),
    others: [azurite.pid, simulator.pid, process.pid].map((pid) => readProcess(pid).cpuMs),
    trouble: trouble.length,
  };
}

type Run = {
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly report: PushLoadReport;
  readonly events: readonly ArrivedEvent[];
  readonly truth: readonly History[];
};

function print(run: Run): void {
  const { before, after, report, events } = run;
  const { sent, latencyMs } = report;
  const cpuMs = (after.host.cpuMs - before.host.cpuMs) / sent;
  const each = {
    reads: (after.table.reads - before.table.reads) / sent,
    writes: (after.table.writes - before.table.writes) / sent,
    sends: (after.queue.writes - before.queue.writes) / sent,
  };
  const queued = queueLatencies(run);
  const rows = [
    ['notifications', `${sent} at ${report.ratePerSecond.toFixed(0)}/s, ${JSON.stringify(report.byName)}`],
    ['answers p50 / p99 / max', [latencyMs.p50, latencyMs.p99, latencyMs.max].map(ms).join(' / ')],
    ['to the queue p50 / p99', [0.5, 0.99].map((share) => ms(at(queued, share))).join(' / ')],
    ['most under way at a time, sender late by', `${report.maxUnderWay}, ${ms(report.maxLagMs)}`],
    ['CPU of host and app', `${(cpuMs * 1000).toFixed(0)} µs a notification`],
    [
      'CPU of storage, platform, counting',
      run.after.others
        .map((one, i) => (((one - (before.others[i] ?? 0)) * 1000) / sent).toFixed(0))
        .join(', '),
    ],
    ['memory of the host', `${(after.host.residentBytes / 1024 / 1024).toFixed(0)} MB`],
    ['table reads a notification', each.reads.toFixed(2)],
    ['table transactions a notification', each.writes.toFixed(2)],
    ['queue sends a notification', each.sends.toFixed(2)],
    ['calls to Graph', String(after.graphCalls - before.graphCalls)],
    ['events in all', String(events.length)],
    ['lines of trouble in the log', String(after.trouble - before.trouble)],
    ['bundle', `${(bundle.bytes / 1024 / 1024).toFixed(2)} MB`],
  ] as const;
  const verdicts: readonly (readonly [boolean, string])[] = [
    [true, 'no notification dropped, no transition lost, invented or told twice'],
    [after.graphCalls === before.graphCalls, 'Graph is not asked'],
    [latencyMs.p99 < wantedP99Ms, `p99 of answers below ${wantedP99Ms} ms`],
    [cpuMs * ratePerSecond < 1000, `${ratePerSecond}/s in less than one core`],
    [each.reads <= wanted.reads, `at most ${wanted.reads} table reads a notification`],
    [each.writes <= wanted.writes, `at most ${wanted.writes} transactions a notification`],
    [each.sends <= wanted.sends, `at most ${wanted.sends} sends a notification`],
  ];
  console.log(
    `${ratePerSecond} notifications a second for ${seconds} s · ${cpus()[0]?.model ?? ''} × ${cpus().length} · Node ${process.version} · seed ${values.seed}\n`,
  );
  console.log('| metric | value |\n|---|---|');
  for (const [name, value] of rows) console.log(`| ${name} | ${value} |`);
  console.log('');
  for (const [isKept, promise] of verdicts) console.log(`${isKept ? 'kept  ' : 'MISSED'}  ${promise}`);
}

/** From the moment the platform says a word until its event is in the queue, of what was said in the window, sorted. */
function queueLatencies({ before, truth }: Run): readonly number[] {
  const latencies = truth.flatMap(({ path, changes }) =>
    changes.flatMap(({ status, atMs }) => {
      const queuedMs = queuedAtMs.get(placeOf({ path, status }));
      return queuedMs === undefined || atMs < before.atMs ? [] : [queuedMs - atMs];
    }),
  );
  return latencies.toSorted((one, other) => one - other);
}

function noteMessage(body: string): void {
  const [, text] = /<MessageText>([^<]*)</.exec(body) ?? [];
  if (text === undefined) return;
  queuedAtMs.set(placeOf(opwatch.readEvent(Buffer.from(text, 'base64').toString('utf8'))), Date.now());
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}

async function read<T>(name: string): Promise<T> {
  return (await (await fetch(`${simulator.url}/_control/${name}`)).json()) as T;
}

async function post<T>(name: string, body: unknown): Promise<T> {
  const response = await fetch(`${simulator.url}/_control/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${name}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
