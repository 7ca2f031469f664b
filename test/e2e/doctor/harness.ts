// A local stack that is right in every way (the shared Azurite, a Graph on loopback, issuers, the built app in a host),
// and the doctor as a command that looks at it. Whoever plants something wrong has it healed afterwards.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { QueueClient } from '@azure/storage-queue';

import { runCommand } from '../../../dev/doctor/command.ts';
import type { Report } from '../../../dev/doctor/report.ts';
import { type ReadyProcess, startReady } from '../../../dev/processes.ts';
import { type Simulator, startSimulator } from '../../../dev/simulator/server.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { type Issuer, makeToken, startIssuer, tenant } from '../../fixtures/issuer.ts';
import { type StorageProxy, startStorageProxy } from '../../fixtures/storage-proxy.ts';

export type Env = Readonly<Record<string, string>>;

/** Values that nobody may ever read in what the doctor prints. */
const canaries = {
  clientState: 'canary-client-state',
  hostKey: 'canary-host-key',
  clientSecret: 'canary-client-secret',
} as const;

/** Roles that the watched kinds need, and no more. */
export const goodRoles = ['ExternalConnection.ReadWrite.OwnedBy', 'Calls.Initiate.All'];

export type Stack = {
  /** Of the app, and of the doctor where nothing is planted. */
  readonly settings: Env;
  readonly host: ReadyProcess;
  readonly simulator: Simulator;
  /** Between the doctor and Azurite; the app has a way of its own. */
  readonly storage: StorageProxy;
  readonly issuer: Issuer;
  readonly transitions: QueueClient;
  readonly poison: QueueClient;
  /** The static token with other claims. */
  readonly tokenWith: (claims: Env | Readonly<Record<string, unknown>>) => string;
  /** Takes away whatever was planted in the stack. */
  readonly heal: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

export async function startStack(): Promise<Stack> {
  const [simulator, issuer, storage] = await Promise.all([
    startSimulator(),
    startIssuer(),
    startStorageProxy(azurite()),
  ]);
  const { privateKey } = issuer.addKey('first');
  const nowSeconds = Math.floor(Date.now() / 1000);
  const claims = { tid: tenant, aud: simulator.url, exp: nowSeconds + 3600, roles: goodRoles };
  const tokenWith: Stack['tokenWith'] = (more) =>
    makeToken(privateKey, { claims: { ...claims, ...more } as Readonly<Record<string, unknown>> });
  const settings = settingsOf({ graph: simulator.url, openId: issuer.openIdUrl, token: tokenWith({}) });
  const host = await startReady('dev/host/main.ts', {
    args: ['--port', '0', '--auth'],
    env: { ...settings, LOCAL_HOST_KEY: canaries.hostKey },
  });
  const queue = (name: string) => new QueueClient(azurite(), name);
  const transitions = queue(settings['OPWATCH_TRANSITIONS_QUEUE'] ?? '');
  const poison = queue(`${settings['OPWATCH_SWEEPS_QUEUE']}-poison`);
  const proxied = { ...settings, AzureWebJobsStorage: storage.connectionString };
  const parts = { host, simulator, storage, issuer, transitions, poison };
  return { ...parts, settings: proxied, tokenWith, heal, stop };

  async function heal(): Promise<void> {
    simulator.control.reset();
    simulator.control.requireToken(undefined);
    issuer.mode = 'keys';
    storage.mode = 'pass';
    storage.aheadMs = 0;
    await Promise.all([transitions.clearMessages(), poison.deleteIfExists()]);
  }

  async function stop(): Promise<void> {
    await host.stop();
    await Promise.all([simulator.stop(), issuer.stop(), storage.stop()]);
  }
}

type Places = { readonly graph: string; readonly openId: string; readonly token: string };

function settingsOf({ graph, openId, token }: Places): Env {
  const id = randomUUID().replaceAll('-', '').slice(0, 20);
  return {
    AzureWebJobsStorage: azurite(),
    AzureFunctionsWebHost__hostid: id,
    OPWATCH_TABLE: `t${id}`,
    OPWATCH_TRANSITIONS_QUEUE: `transitions-${id}`,
    OPWATCH_SWEEPS_QUEUE: `sweeps-${id}`,
    OPWATCH_GRAPH_CLOUD: 'custom',
    OPWATCH_GRAPH_ROOT: graph,
    OPWATCH_TENANT_ID: tenant,
    OPWATCH_CREDENTIAL: 'static',
    OPWATCH_STATIC_TOKEN: token,
    OPWATCH_CALLS_APP_ID: 'aaaaaaaa-0000-4000-8000-000000000002',
    OPWATCH_CALLS_OPENID_URL: openId,
    OPWATCH_NOTIFICATIONS_CLIENT_STATE: canaries.clientState,
  };
}

export type Examined = {
  readonly code: number | null;
  readonly printed: string;
  readonly report: Report;
  /** What neither passed nor was skipped: id, status, and what to do. */
  readonly found: readonly { readonly id: string; readonly status: string; readonly fix: string }[];
};

export type Given = {
  readonly settings: Env;
  readonly url: string;
  /** Beside those that say where settings and app are. */
  readonly args?: readonly string[];
  /** Of the settings: a local.settings.json, or what Azure lists of an app. */
  readonly form?: 'file' | 'list';
  /** Of the doctor's process, which it then has for itself. */
  readonly env?: Env;
};

/** `npm run doctor`, with its settings on standard input and its report as a document. */
export async function examineStack({
  settings,
  url,
  args = [],
  form = 'file',
  env,
}: Given): Promise<Examined> {
  const all = ['--settings', '-', '--url', url, '--output', 'json', '--strict', ...args];
  const input = JSON.stringify(form === 'file' ? { IsEncrypted: false, Values: settings } : listOf(settings));
  const { code, printed } = await (env === undefined
    ? runCommand(all, {
        root: process.cwd(),
        env: {},
        stdin: Readable.from([input]),
        screen: { isColoured: false, width: null },
      })
    : runDoctor(all, { input, env }));
  if (!printed.startsWith('{')) throw new Error(`The doctor ended with ${code}: ${printed}`);
  const report = JSON.parse(printed) as Report;
  const found = report.checks
    .filter(({ status }) => status === 'warn' || status === 'fail')
    .map(({ id, status, fix }) => ({ id, status, fix: fix ?? '' }));
  return { code, printed, report, found };
}

function listOf(settings: Env): readonly object[] {
  return Object.entries(settings).map(([name, value]) => ({ name, slotSetting: false, value }));
}

/** The command as a process: what it printed on both ways out, and the code it ended with. */
export async function runDoctor(
  args: readonly string[],
  { input, env = {} }: { readonly input: string; readonly env?: Env },
): Promise<Pick<Examined, 'code' | 'printed'>> {
  const child = spawn(process.execPath, ['dev/doctor/main.ts', ...args], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, printed: stdout + stderr };
}

/** Parts of these settings that must not be printed: keys, tokens and what proves anything. */
export function secretsIn(settings: Env): readonly string[] {
  const keys = Object.values(settings).flatMap((value) =>
    [...value.matchAll(/(?:AccountKey|InstrumentationKey)=([^;]+)/g)].map(([, key]) => key ?? ''),
  );
  const token = settings['OPWATCH_STATIC_TOKEN'] ?? '';
  return [...Object.values(canaries), ...keys, token, ...token.split('.')].filter((part) => part.length > 7);
}
