// `npm run bench`: what watching costs, on this machine. Simulator, Azurite and the host of the built app are processes
// of their own; requests are counted outside the product. Correctness comes first: a lost or invented transition prints
// FAIL and no figures.
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { QueueClient } from '@azure/storage-queue';
import { startAzurite } from '../dev/azurite.ts';
import { buildBundle } from '../dev/build.ts';
import { startReady } from '../dev/processes.ts';
import { demoSettings } from '../dev/start/settings.ts';
import { startCountingProxy } from './counting-proxy.ts';
import { readProcess } from './process-usage.ts';
import { judgeEvents, readQueue, type Truth } from './verdict.ts';

// Other measurements, which end the process themselves.
if (process.argv.includes('--proxy')) await import('./proxy.ts');
if (process.argv.includes('--notifications')) await import('./notifications.ts');

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    operations: { type: 'string', default: '2000' },
    'interval-seconds': { type: 'string', default: '10' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});
const operations = Number(values.operations);
const intervalSeconds = Number(values['interval-seconds']);
const measureSeconds = Number(values.seconds ?? (values.quick ? 30 : 90));

const bundle = await buildBundle(process.cwd());
const azurite = await startAzurite();
const proxy = await startCountingProxy(azurite.tableUrl);
const simulator = await startReady('dev/simulator/main.ts', { args: ['--port', '0', '--keep', '0'] });
const storage = azurite.connectionString.replace(azurite.tableUrl, proxy.url);
const problems: string[] = [];
const host = await startReady('dev/host/main.ts', {
  args: ['--port', '0'],
  env: {
    ...demoSettings({ storage, graph: simulator.url }),
    OPWATCH_CONNECTION_OPERATION_FIRST_POLL_SECONDS: String(intervalSeconds),
    OPWATCH_CONNECTION_OPERATION_INTERVAL_SECONDS: String(intervalSeconds),
    OPWATCH_COMMS_OPERATION_TICK: '0 0 0 1 1 *',
    OPWATCH_ONENOTE_OPERATION_TICK: '0 0 0 1 1 *',
  },
  onErrorLine: (line) => problems.push(line),
});
let isFailed = true;
try {
  isFailed = await measure();
} finally {
  await host.stop();
  await simulator.stop();
  await proxy.stop();
  await azurite.stop();
}
process.exit(isFailed ? 1 : 0);

/** @returns whether the verdict was FAIL. */
async function measure(): Promise<boolean> {
  await control('load', {
    kind: 'connectionOperation',
    count: operations,
    perParent: 1,
    family: 'exponential',
    meanMs: intervalSeconds * 100_000,
    seed: Number(values.seed),
    waits: false,
  });
  const paths = await ids();
  for (let start = 0; start < paths.length; start += 100) {
    await post(`${host.url}/api/operations`, {
      operations: paths.slice(start, start + 100).map((resource) => ({ resource })),
    });
  }
  // The first sight of every operation is a transition: the steady state begins when all of them were seen.
  await waitForEvents(operations);
  const before = await snapshot();
  await delay(measureSeconds * 1000); // the window of the measurement
  const after = await snapshot();
  const events = await readQueue(queue());
  const verdict = judgeEvents(events, await truth(), {
    settledBeforeMs: after.atMs - 3 * intervalSeconds * 1000,
  });
  if (verdict.problems.length > 0) {
    console.log(`FAIL\n${verdict.problems.slice(0, 20).join('\n')}`);
    return true;
  }
  print(before, after, verdict.latenessMs);
  return false;
}

type Snapshot = Awaited<ReturnType<typeof snapshot>>;

async function snapshot() {
  const stats = (await (await fetch(`${simulator.url}/_control/stats`)).json()) as {
    httpRequests: number;
    items: number;
  };
  return { atMs: Date.now(), ...stats, storage: proxy.counts(), host: readProcess(host.pid) };
}

function print(before: Snapshot, after: Snapshot, latenessMs: readonly number[]): void {
  const polls = after.items - before.items;
  const seconds = (after.atMs - before.atMs) / 1000;
  const cpuMs = after.host.cpuMs - before.host.cpuMs;
  const wanted = (operations * seconds) / intervalSeconds;
  const sorted = latenessMs.toSorted((one, other) => one - other);
  const at = (share: number): string =>
    `${Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0)} ms`;
  const rows = [
    ['polls', `${polls} (${((polls / wanted) * 100).toFixed(1)} % of those wanted)`],
    ['Graph requests a poll', ((after.httpRequests - before.httpRequests) / polls).toFixed(4)],
    ['table reads', String(after.storage.reads - before.storage.reads)],
    ['table writes (transactions)', String(after.storage.writes - before.storage.writes)],
    ['transitions in the window', String(sorted.length)],
    [
      'CPU of the host',
      `${((cpuMs / (seconds * 1000)) * 100).toFixed(1)} % of one core, ${((cpuMs * 1000) / polls).toFixed(0)} µs a poll`,
    ],
    ['memory of the host', `${(after.host.residentBytes / 1024 / 1024).toFixed(0)} MB`],
    ['detection p50 / p99', `${at(0.5)} / ${at(0.99)}`],
    [
      'lines of trouble in the log',
      String(problems.filter((line) => /"level":"(error|warn)/.test(line)).length),
    ],
    ['bundle', `${(bundle.bytes / 1024 / 1024).toFixed(2)} MB`],
  ];
  console.log(
    `${operations} operations every ${intervalSeconds} s for ${seconds.toFixed(0)} s · ${cpus()[0]?.model ?? ''} × ${cpus().length} · Node ${process.version} · seed ${values.seed}\n`,
  );
  console.log('| metric | value |\n|---|---|');
  for (const [name, value] of rows) console.log(`| ${name} | ${value} |`);
}

function queue(): QueueClient {
  return new QueueClient(azurite.connectionString, 'opwatch-transitions');
}

async function waitForEvents(count: number): Promise<void> {
  for (;;) {
    const { approximateMessagesCount } = await queue().getProperties();
    if ((approximateMessagesCount ?? 0) >= count) return;
    await delay(200);
  }
}

async function ids(): Promise<readonly string[]> {
  return (await read<readonly { readonly path: string }[]>('ids')).map(({ path }) => path);
}

function truth(): Promise<Truth> {
  return read<Truth>('truth');
}

async function read<T>(name: string): Promise<T> {
  const answer = (await (await fetch(`${simulator.url}/_control/${name}`)).json()) as { readonly value: T };
  return answer.value;
}

function control(name: string, body: unknown): Promise<unknown> {
  return post(`${simulator.url}/_control/${name}`, body);
}

async function post(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}
