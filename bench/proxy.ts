// `npm run bench -- --proxy`, or `node bench/proxy.ts`: what the proxy adds to a call of Graph, on this machine. Graph is
// a process of its own that answers at once, so what is measured is the proxy and one round trip on loopback, which is
// shown too. Correctness comes first: a wrong answer, a call too many or a needless write prints FAIL and no figures.
import { Console } from 'node:console';
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { cpus, devNull } from 'node:os';
import { parseArgs } from 'node:util';
import { type HttpHandler, HttpRequest, InvocationContext } from '@azure/functions';
import { Agent, request } from 'undici';
import { startAzurite } from '../dev/azurite.ts';
import { buildBundle } from '../dev/build.ts';
import { startReady } from '../dev/processes.ts';
import { demoSettings } from '../dev/start/settings.ts';
import { type CountingProxy, startCountingProxy } from './counting-proxy.ts';

const { values } = parseArgs({
  options: {
    proxy: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    callers: { type: 'string', default: '16' },
  },
});
const measureMs = 1000 * Number(values.seconds ?? (values.quick ? 2 : 10));
const callers = Number(values.callers);
const warmUpMs = 1000;
/**
 * What one core must manage of calls that write nothing, at the handler. Judged by CPU time, which leaves out Graph's own
 * time and what else the machine does.
 */
const wantedPerCpuSecond = 300;
const never = '0 0 0 1 1 *';

type Call = {
  readonly method: string;
  readonly path: string;
  readonly headers?: Headers;
  readonly body?: string;
};
type Headers = Readonly<Record<string, string>>;
/** @returns the answer's status. */
type Send = (call: Call) => Promise<number>;
type Expected = {
  readonly status: number;
  readonly graphCalls: number;
  readonly reads: number;
  readonly writes: number;
  /** Whether its rate is promised. */
  readonly isPromised: boolean;
};
type Figures = {
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
  readonly cpuMsPerCall: number;
  readonly graphCalls: number;
  readonly reads: number;
  readonly writes: number;
};

const connection = 'v1.0/external/connections/contosohr';
const change = { method: 'PATCH', path: connection, body: '{"name":"People"}' };
const schema = JSON.stringify({ properties: [{ name: 'title', type: 'String' }] });
const free = { reads: 0, writes: 0, isPromised: true };

type Scenario = readonly [name: string, call: () => Call, expected: Expected];
const scenarios: readonly Scenario[] = [
  ['PATCH', () => change, { status: 204, graphCalls: 1, ...free }],
  ['GET', () => ({ method: 'GET', path: connection }), { status: 200, graphCalls: 1, ...free }],
  [
    'PATCH, return=representation',
    () => ({ ...change, headers: { prefer: 'return=representation' } }),
    { status: 200, graphCalls: 2, ...free },
  ],
  [
    'PATCH with an Idempotency-Key',
    () => ({ ...change, headers: { 'idempotency-key': randomUUID() } }),
    { status: 204, graphCalls: 1, reads: 2, writes: 2, isPromised: false },
  ],
  [
    'PATCH of a schema, tracked',
    () => ({ method: 'PATCH', path: `${connection}/schema`, body: schema }),
    { status: 202, graphCalls: 1, reads: 0, writes: 1, isPromised: false },
  ],
];

await buildBundle(process.cwd());
const azurite = await startAzurite();
const table = await startCountingProxy(azurite.tableUrl);
const simulator = await startReady('dev/simulator/main.ts', { args: ['--port', '0', '--keep', '0'] });
const settings = {
  ...demoSettings({
    storage: azurite.connectionString.replace(azurite.tableUrl, table.url),
    graph: simulator.url,
  }),
  OPWATCH_CONNECTION_OPERATION_TICK: never,
  OPWATCH_COMMS_OPERATION_TICK: never,
  OPWATCH_ONENOTE_OPERATION_TICK: never,
};
let isFailed = true;
try {
  isFailed = await measureAll();
} finally {
  await simulator.stop();
  await table.stop();
  await azurite.stop();
}
process.exit(isFailed ? 1 : 0);

/** @returns whether the verdict was FAIL. */
async function measureAll(): Promise<boolean> {
  await post(`${simulator.url}/_control/connections`, { id: 'contosohr' });
  const rows: (readonly [string, Figures])[] = [];
  const problems: string[] = [];
  const run = async (name: string, send: Send, [, call, expected]: Scenario): Promise<void> => {
    const { figures, wrong } = await measure(send, call, expected.status);
    rows.push([name, figures]);
    problems.push(...[...wrong, ...faultsOf(figures, expected)].map((problem) => `${name}: ${problem}`));
  };
  const handler = await loadHandlers();
  for (const scenario of scenarios) await run(`${scenario[0]}, at the handler`, handler, scenario);
  const [patch] = scenarios;
  if (patch === undefined) throw new TypeError('nothing to measure');
  const host = await startReady('dev/host/main.ts', { args: ['--port', '0'], env: settings });
  const rate = { ...patch[2], isPromised: false };
  await run('PATCH, through the local host', overHttp(`${host.url}/api/graph`), [patch[0], patch[1], rate]);
  await host.stop();
  await run('the same calls of Graph without the proxy', overHttp(simulator.url), [patch[0], patch[1], rate]);
  if (problems.length > 0) {
    process.stdout.write(`FAIL\n${problems.join('\n')}\n`);
    return true;
  }
  print(rows);
  return false;
}

/** The product's own functions, as the Functions host would call them: the environment is read when they load. */
async function loadHandlers(): Promise<Send> {
  Object.assign(process.env, settings);
  // Audit lines are written as ever, but not to whoever reads the figures.
  const nowhere = createWriteStream(devNull);
  globalThis.console = new Console({ stdout: nowhere, stderr: nowhere });
  const { updateGraphResource } = await import('../functions/update-graph-resource.ts');
  const { readGraphResource } = await import('../functions/read-graph-resource.ts');
  const { getApp } = await import('../src/app.ts');
  await getApp().start();
  const context = new InvocationContext();
  return async ({ method, path, headers, body }) => {
    const handle: HttpHandler = method === 'GET' ? readGraphResource : updateGraphResource;
    const url = `http://127.0.0.1/api/graph/${path}`;
    const sent = { ...anyone(), ...headers };
    const call = new HttpRequest({ method, url, headers: sent, ...(body ? { body: { string: body } } : {}) });
    const answer = await handle(call, context);
    return (answer as { readonly status?: number }).status ?? 200;
  };
}

function overHttp(root: string): Send {
  const agent = new Agent({ connections: callers });
  return async ({ method, path, headers, body }) => {
    const answer = await request(`${root}/${path}`, {
      dispatcher: agent,
      method: method === 'GET' ? 'GET' : 'PATCH',
      headers: { ...anyone(), ...headers },
      body: body ?? null,
    });
    await answer.body.dump();
    return answer.statusCode;
  };
}

/** Another caller each time: one is limited to 20 changes a second. */
function anyone(): Headers {
  return { 'content-type': 'application/json', 'x-functions-key': randomUUID() };
}

async function measure(
  send: Send,
  call: () => Call,
  status: number,
): Promise<{ readonly figures: Figures; readonly wrong: readonly string[] }> {
  await work(send, call, warmUpMs);
  const [calls, counts, cpu] = [await graphCalls(), table.counts(), process.cpuUsage()];
  const startedMs = performance.now();
  const done = await work(send, call, measureMs);
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const [callsAfter, countsAfter] = [await graphCalls(), table.counts()];
  const count = done.latenciesMs.length;
  const wrong = [...done.statuses].filter(([one]) => one !== status);
  return {
    figures: {
      perSecond: count / seconds,
      latenciesMs: done.latenciesMs.toSorted((one, other) => one - other),
      cpuMsPerCall: (user + system) / 1000 / count,
      graphCalls: (callsAfter - calls) / count,
      ...perCall(counts, countsAfter, count),
    },
    wrong: wrong.map(([one, times]) => `answered ${one} in ${times} of ${count} calls`),
  };
}

/** As many calls as there are callers are under way until the time is over. */
async function work(send: Send, call: () => Call, forMs: number) {
  const latenciesMs: number[] = [];
  const statuses = new Map<number, number>();
  const endMs = performance.now() + forMs;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      for (let sentMs = performance.now(); sentMs < endMs; sentMs = performance.now()) {
        const status = await send(call());
        latenciesMs.push(performance.now() - sentMs);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    }),
  );
  return { latenciesMs, statuses };
}

type Counts = ReturnType<CountingProxy['counts']>;

function perCall(before: Counts, after: Counts, calls: number): Counts {
  return { reads: (after.reads - before.reads) / calls, writes: (after.writes - before.writes) / calls };
}

async function graphCalls(): Promise<number> {
  const stats = (await (await fetch(`${simulator.url}/_control/stats`)).json()) as { httpRequests: number };
  return stats.httpRequests;
}

function faultsOf(figures: Figures, expected: Expected): readonly string[] {
  const faults: string[] = [];
  for (const name of ['graphCalls', 'reads', 'writes'] as const) {
    // The first use of storage prepares it, once a process.
    if (Math.abs(figures[name] - expected[name]) > 0.01)
      faults.push(`${figures[name].toFixed(3)} ${name} a call, not ${expected[name]}`);
  }
  const perCpuSecond = 1000 / figures.cpuMsPerCall;
  if (expected.isPromised && perCpuSecond < wantedPerCpuSecond)
    faults.push(`${perCpuSecond.toFixed(0)} calls a second of CPU, fewer than ${wantedPerCpuSecond}`);
  return faults;
}

function print(rows: readonly (readonly [string, Figures])[]): void {
  const at = (sorted: readonly number[], share: number): string =>
    `${(sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1)} ms`;
  const lines = rows.map(([name, figures]) => {
    const { perSecond, latenciesMs, cpuMsPerCall, graphCalls: calls, reads, writes } = figures;
    const cells = [
      name,
      perSecond.toFixed(0),
      at(latenciesMs, 0.5),
      at(latenciesMs, 0.99),
      `${(cpuMsPerCall * 1000).toFixed(0)} µs (${(1000 / cpuMsPerCall).toFixed(0)}/s a core)`,
      ...[calls, reads, writes].map((one) => String(Math.round(one * 100) / 100)),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  process.stdout.write(
    `${callers} callers for ${measureMs / 1000} s each · ${cpus()[0]?.model ?? ''} × ${cpus().length} · Node ${process.version}\n\n` +
      '| calls | a second | p50 | p99 | CPU a call: product, caller, counting | Graph calls | table reads | table writes |\n' +
      `|---|---|---|---|---|---|---|---|\n${lines.join('\n')}\n`,
  );
}

async function post(url: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${await response.text()}`);
}
