// From the environment to a configuration: read once at start, frozen, every bad variable reported by name and never
// by value. The only file that reads the environment.
import { readCredential } from './config/credential.ts';
import { Secret, secretOf } from './config/secret.ts';
import {
  isLoopback,
  kindPrefixes,
  kindSettings,
  type Setting,
  settingNames,
  settings,
  storageNames,
  storageSettings,
} from './config/settings.ts';
import type { CallerAuthConfig, CallsConfig, Config, Env, Report, StorageConfig } from './config/types.ts';
import { AppError } from './domain/errors.ts';
import type { Cloud, Kind } from './domain/operation.ts';
import type { TrackPolicy } from './domain/tracking.ts';

type Values = {
  readonly [Name in keyof typeof settings]: (typeof settings)[Name] extends Setting<infer T>
    ? T | null
    : never;
};

/** Roots and authorities by cloud: Microsoft Graph national cloud deployments. */
const clouds: Readonly<
  Record<Exclude<Cloud, 'custom'>, { readonly root: string; readonly authorityHost: string }>
> = {
  global: { root: 'https://graph.microsoft.com', authorityHost: 'https://login.microsoftonline.com' },
  usgov: { root: 'https://graph.microsoft.us', authorityHost: 'https://login.microsoftonline.us' },
  usgovdod: { root: 'https://dod-graph.microsoft.us', authorityHost: 'https://login.microsoftonline.us' },
};

/** Tenant of resources where a static token stands for the identity: nobody knows another. */
const unknownTenant = '00000000-0000-0000-0000-000000000000';
const dayMs = 86_400_000;

/** A configuration of which the parts that can't be read are null. */
export type ConfigDraft = Omit<Config, OptionalPart> & {
  readonly [Part in OptionalPart]: Config[Part] | null;
};
type OptionalPart = 'storage' | 'credential' | 'callerAuth';

/**
 * Reads the settings of CONTRACT section 2.
 * @throws AppError config_invalid that names every variable that is unknown, missing, malformed or misplaced.
 */
export function loadConfig(env: Env = process.env): Config {
  const { draft, problems } = readSettings(env);
  if (problems.size > 0 || !isComplete(draft)) throw invalid(problems);
  return deepFreeze(draft);
}

/** The same without a verdict: what can be read, and what is wrong with each variable, never its value. */
export function readSettings(env: Env): {
  readonly draft: ConfigDraft;
  readonly problems: ReadonlyMap<string, string>;
} {
  const problems = new Map<string, string>();
  const report = (name: string, problem: string): void => {
    if (!problems.has(name)) problems.set(name, problem);
  };
  reportUnknown(env, report);
  return { draft: assemble(env, readValues(env, report), report), problems };
}

function isComplete(draft: ConfigDraft): draft is Config {
  return draft.storage !== null && draft.credential !== null && draft.callerAuth !== null;
}

function reportUnknown(env: Env, report: Report): void {
  const known = new Set(settingNames);
  for (const name of Object.keys(env)) {
    if (name.startsWith('OPWATCH_') && !known.has(name)) report(name, 'is not a setting of Opwatch');
  }
}

function readValues(env: Env, report: Report): Values {
  const entries = Object.entries(settings).map(([name, one]) => [
    name,
    readOne<unknown>(env, { name, setting: one }, report),
  ]);
  return Object.fromEntries(entries) as Values;
}

/** An empty text counts as absent: portals and templates write such. */
function readOne<T>(
  env: Env,
  { name, setting }: { name: string; setting: Setting<T> },
  report: Report,
): T | null {
  const text = env[name];
  if (text === undefined || text === '') return setting.fallback;
  const parsed = setting.schema.safeParse(text);
  if (parsed.success) return parsed.data;
  report(name, `is not valid (${setting.meaning})`);
  return setting.fallback;
}

function assemble(env: Env, values: Values, report: Report): ConfigDraft {
  const storage = readStorage(env, report);
  const graph = readGraph(env, values, report);
  const chosen = { type: values.OPWATCH_CREDENTIAL, staticToken: secretOf(values.OPWATCH_STATIC_TOKEN) };
  const credential = readCredential(env, chosen, report);
  const callerAuth = readCallerAuth(values, graph, report);
  if (credential?.type === 'static' && !isLoopback(new URL(graph.root).hostname)) {
    report('OPWATCH_STATIC_TOKEN', 'is only allowed while Graph is on loopback');
  }
  // Each would take the other's messages away.
  if (values.OPWATCH_SWEEPS_QUEUE === values.OPWATCH_TRANSITIONS_QUEUE)
    report('OPWATCH_SWEEPS_QUEUE', 'must differ from OPWATCH_TRANSITIONS_QUEUE');
  return {
    storage,
    table: values.OPWATCH_TABLE ?? '',
    queues: {
      transitions: values.OPWATCH_TRANSITIONS_QUEUE ?? '',
      sweeps: values.OPWATCH_SWEEPS_QUEUE ?? '',
      encoding: values.OPWATCH_QUEUE_ENCODING ?? 'base64',
    },
    shards: values.OPWATCH_SHARDS ?? 1,
    graph,
    credential,
    kinds: readKinds(env, values, report),
    maxWaiters: values.OPWATCH_MAX_WAITERS ?? 0,
    retentionMs: (values.OPWATCH_RETENTION_DAYS ?? 0) * dayMs,
    callerAuth,
    calls: readCalls(values, graph.tenantId),
    clientState: secretOf(values.OPWATCH_NOTIFICATIONS_CLIENT_STATE),
    telemetry: secretOf(values.APPLICATIONINSIGHTS_CONNECTION_STRING),
  };
}

const storageSuffixes = Object.keys(storageSettings);

function readStorage(env: Env, report: Report): StorageConfig | null {
  const name = storageNames.find((one) => env[one] || storageSuffixes.some((suffix) => env[one + suffix]));
  if (name === undefined) {
    report(
      'AzureWebJobsStorage',
      'is missing, and so is OPWATCH_STORAGE: one of them names the storage account',
    );
    return null;
  }
  const value = env[name];
  if (value) return { type: 'connectionString', name, value: new Secret(value) };
  const read = (suffix: keyof typeof storageSettings): string | null =>
    readOne(env, { name: name + suffix, setting: storageSettings[suffix] }, report);
  read('__credential');
  const account = read('__accountName');
  const serviceUri = (service: 'table' | 'queue'): string | null =>
    read(`__${service}ServiceUri`) ?? (account && `https://${account}.${service}.core.windows.net`);
  const tableServiceUri = serviceUri('table');
  const queueServiceUri = serviceUri('queue');
  if (tableServiceUri === null || queueServiceUri === null) {
    report(`${name}__accountName`, 'is missing, and so are the URIs of the table and queue service');
    return null;
  }
  return { type: 'identity', name, tableServiceUri, queueServiceUri, clientId: read('__clientId') };
}

function readGraph(env: Env, values: Values, report: Report): Config['graph'] {
  const cloud = values.OPWATCH_GRAPH_CLOUD ?? 'global';
  const isStatic = values.OPWATCH_CREDENTIAL === 'static';
  const azureTenant = { name: 'AZURE_TENANT_ID', setting: settings.OPWATCH_TENANT_ID };
  const tenantId =
    values.OPWATCH_TENANT_ID ?? readOne(env, azureTenant, report) ?? (isStatic ? unknownTenant : null);
  if (tenantId === null) report('OPWATCH_TENANT_ID', 'is missing, and so is AZURE_TENANT_ID');
  const customOnly = ['OPWATCH_GRAPH_ROOT', 'OPWATCH_GRAPH_SCOPE', 'OPWATCH_AUTHORITY_HOST'] as const;
  if (cloud !== 'custom') {
    for (const name of customOnly)
      if (env[name]) report(name, 'is only allowed with OPWATCH_GRAPH_CLOUD=custom');
    return {
      cloud,
      ...clouds[cloud],
      scope: `${clouds[cloud].root}/.default`,
      tenantId: tenantId ?? unknownTenant,
    };
  }
  for (const name of isStatic ? customOnly.slice(0, 1) : customOnly) {
    if (!env[name] && name !== 'OPWATCH_GRAPH_SCOPE')
      report(name, 'is missing: OPWATCH_GRAPH_CLOUD=custom needs it');
  }
  const root = values.OPWATCH_GRAPH_ROOT ?? 'http://127.0.0.1';
  const scope = values.OPWATCH_GRAPH_SCOPE ?? `${root}/.default`;
  return {
    cloud,
    root,
    scope,
    authorityHost: values.OPWATCH_AUTHORITY_HOST ?? '',
    tenantId: tenantId ?? unknownTenant,
  };
}

function readKinds(env: Env, values: Values, report: Report): Config['kinds'] {
  const lostGraceMs = (values.OPWATCH_LOST_GRACE_SECONDS ?? 0) * 1000;
  const read = (kind: Kind): TrackPolicy & { tick: string } => {
    const seconds = (suffix: 'FIRST_POLL_SECONDS' | 'INTERVAL_SECONDS' | 'DEADLINE_SECONDS'): number =>
      readOne(env, { name: kindPrefixes[kind] + suffix, setting: kindSettings[suffix](kind) }, report) ?? 0;
    return {
      tick:
        readOne(env, { name: `${kindPrefixes[kind]}TICK`, setting: kindSettings.TICK(kind) }, report) ?? '',
      firstPollMs: seconds('FIRST_POLL_SECONDS') * 1000,
      intervalMs: seconds('INTERVAL_SECONDS') * 1000,
      deadlineMs: seconds('DEADLINE_SECONDS') * 1000,
      lostGraceMs,
    };
  };
  return {
    connectionOperation: read('connectionOperation'),
    commsOperation: read('commsOperation'),
    onenoteOperation: read('onenoteOperation'),
  };
}

function readCallerAuth(values: Values, graph: Config['graph'], report: Report): CallerAuthConfig | null {
  if (values.OPWATCH_CALLER_AUTH !== 'entra') {
    return { mode: 'key', mayPatchConfiguration: values.OPWATCH_PATCH_CONFIGURATION === 'allow' };
  }
  const tenantId = values.OPWATCH_AUTH_TENANT_ID ?? graph.tenantId;
  const audience = values.OPWATCH_AUTH_AUDIENCE;
  if (audience === null) report('OPWATCH_AUTH_AUDIENCE', 'is missing: OPWATCH_CALLER_AUTH=entra needs it');
  // Callers' tokens come from the authority of the same cloud; a Graph with a static token has none.
  const authority = `${graph.authorityHost || clouds.global.authorityHost}/${tenantId}`;
  return (
    (audience && {
      mode: 'entra',
      tenantId,
      audience,
      clients: values.OPWATCH_AUTH_CLIENTS,
      issuer: values.OPWATCH_AUTH_ISSUER ?? `${authority}/v2.0`,
      jwksUrl: values.OPWATCH_AUTH_JWKS_URL ?? `${authority}/discovery/v2.0/keys`,
    }) ||
    null
  );
}

function readCalls(values: Values, homeTenant: string): CallsConfig | null {
  const appId = values.OPWATCH_CALLS_APP_ID;
  return (
    (appId && {
      appId,
      tenants: values.OPWATCH_CALLS_TENANTS ?? [homeTenant],
      openIdUrl: values.OPWATCH_CALLS_OPENID_URL ?? '',
      issuers: values.OPWATCH_CALLS_ISSUERS ?? [],
      autoTrack: values.OPWATCH_CALLS_AUTO_TRACK ?? true,
    }) ||
    null
  );
}

function invalid(problems: ReadonlyMap<string, string>): AppError {
  const lines = [...problems].map(([name, problem]) => `${name} ${problem}.`);
  return new AppError('config_invalid', ['The settings are not valid.', ...lines].join('\n'), {
    action: 'refuse',
  });
}

function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object' && !(value instanceof Secret))
    Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
