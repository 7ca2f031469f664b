// Every setting in one table: name, default and meaning. docs/configuration.md and the checks of the deployment are
// made from it; nothing else knows a variable's name.
import { z } from 'zod';
import { kindNames, kinds } from '../domain/kinds.ts';
import type { Kind } from '../domain/operation.ts';

export type Setting<T = unknown> = {
  /** Null: absent is allowed and means what `meaning` says. */
  readonly fallback: T | null;
  readonly schema: z.ZodType<T, string>;
  readonly meaning: string;
};

// What a schema takes stands in its description: docs/configuration.md shows it.
const text = z.string().min(1).describe('text');
/** A list that is set and names nothing would close or open a door by accident. */
const list = z
  .string()
  .transform((value) => splitList(value))
  .refine((parts) => parts.length > 0)
  .describe('texts, separated by commas');

/** Splits a comma-separated list; empty parts are dropped. */
function splitList(value: string): readonly string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function whole(min: number, max: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max)
    .describe(`${min} to ${max}`);
}

/** `https:`, or `http:` on loopback: no token and no state crosses a network in the clear. */
const url = z.string().refine(isSafeUrl).describe('URL: https, or http on loopback');

function isSafeUrl(value: string): boolean {
  const parsed = URL.parse(value);
  if (parsed === null || parsed.username !== '' || parsed.password !== '') return false;
  return parsed.protocol === 'https:' || (parsed.protocol === 'http:' && isLoopback(parsed.hostname));
}

/** An origin; a trailing slash and the protocol's own port are taken off. */
const origin = url
  .refine((value) => /^https?:\/\/[^/?#\\\s]+\/?$/i.test(value))
  .transform((value) => new URL(value).origin)
  .describe('origin: https, or http on loopback');

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Identities are compared as text later, so they are all lower case. */
const guid = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i)
  .transform((value) => value.toLowerCase())
  .describe('GUID');
/** Six fields: seconds first. The host checks the rest. */
const ncrontab = z
  .string()
  .regex(/^([0-9*/,A-Za-z-]+ ){5}[0-9*/,A-Za-z-]+$/)
  .describe('NCRONTAB with seconds');
const tableName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9]{2,62}$/)
  .describe('3 to 63 letters and digits');
const queueName = z
  .string()
  .regex(/^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/)
  .describe('3 to 63 of a–z, 0–9 and single dashes');

function setting<T>(fallback: T | null, schema: z.ZodType<T, string>, meaning: string): Setting<T> {
  return { fallback, schema, meaning };
}

const year = 31_536_000;

export const settings = {
  OPWATCH_TABLE: setting('opwatch', tableName, 'Table of all state; created at start when absent'),
  OPWATCH_TRANSITIONS_QUEUE: setting(
    'opwatch-transitions',
    queueName,
    'Queue on which transitions are published',
  ),
  OPWATCH_SWEEPS_QUEUE: setting(
    'opwatch-sweeps',
    queueName,
    'Queue of sweep messages, used with several shards',
  ),
  OPWATCH_QUEUE_ENCODING: setting(
    'base64',
    z.enum(['base64', 'text']),
    'What Functions consumers expect is base64',
  ),
  OPWATCH_SHARDS: setting(1, whole(1, 64), 'Shards a kind, chosen once before first use'),
  OPWATCH_GRAPH_CLOUD: setting(
    'global',
    z.enum(['global', 'usgov', 'usgovdod', 'custom']),
    'Which Microsoft Graph',
  ),
  OPWATCH_GRAPH_ROOT: setting(null, origin, 'Origin of Graph, only with cloud custom'),
  OPWATCH_GRAPH_SCOPE: setting(null, text, 'Scope of Graph tokens, only with cloud custom'),
  OPWATCH_AUTHORITY_HOST: setting(null, origin, 'Authority for tokens, only with cloud custom'),
  OPWATCH_TENANT_ID: setting(null, guid, 'Home tenant; AZURE_TENANT_ID when absent'),
  OPWATCH_CREDENTIAL: setting(
    null,
    z.enum(['managedIdentity', 'environment', 'workloadIdentity', 'azureCli', 'static']),
    'Who the app is; managed identity where the platform offers one, else environment',
  ),
  OPWATCH_STATIC_TOKEN: setting(
    null,
    text,
    'Token of credential static; refused unless Graph is on loopback',
  ),
  OPWATCH_MAX_WAITERS: setting(8, whole(0, 1000), 'Answers that one instance holds for `wait` at a time'),
  OPWATCH_LOST_GRACE_SECONDS: setting(120, whole(0, year), '404 before this age is replication lag'),
  OPWATCH_RETENTION_DAYS: setting(30, whole(1, 3650), 'How long ended operations and their events are kept'),
  OPWATCH_CALLER_AUTH: setting(
    'key',
    z.enum(['key', 'entra']),
    'Function keys (host) or bearer tokens (app)',
  ),
  OPWATCH_AUTH_TENANT_ID: setting(null, guid, 'Tenant whose tokens callers bring, with entra'),
  OPWATCH_AUTH_AUDIENCE: setting(null, text, 'Audience of callers’ tokens, with entra'),
  OPWATCH_AUTH_CLIENTS: setting(null, list, 'Client ids that may call; absent: all of the tenant'),
  OPWATCH_AUTH_ISSUER: setting(null, url, 'Issuer of callers’ tokens; the tenant’s when absent'),
  OPWATCH_AUTH_JWKS_URL: setting(null, url, 'Keys of that issuer; the tenant’s when absent'),
  OPWATCH_PATCH_CONFIGURATION: setting(
    'deny',
    z.enum(['deny', 'allow']),
    'Whether key callers may write configuration',
  ),
  OPWATCH_CALLS_APP_ID: setting(null, guid, 'App id of the calling bot; absent: call notifications are off'),
  OPWATCH_CALLS_TENANTS: setting(
    null,
    list,
    'Accepted tenants of call notifications; the home tenant when absent',
  ),
  OPWATCH_CALLS_OPENID_URL: setting(
    'https://api.aps.skype.com/v1/.well-known/OpenIdConfiguration',
    url,
    'OpenID configuration of the calls platform',
  ),
  OPWATCH_CALLS_ISSUERS: setting(
    ['https://graph.microsoft.com', 'https://api.botframework.com'],
    list,
    'Issuers of call notifications',
  ),
  OPWATCH_CALLS_AUTO_TRACK: setting(
    true,
    z
      .enum(['true', 'false'])
      .transform((value) => value === 'true')
      .describe('true, false'),
    'Whether a notification of an unknown operation begins its tracking',
  ),
  OPWATCH_NOTIFICATIONS_CLIENT_STATE: setting(
    null,
    text,
    'Secret of change-notification subscriptions; absent: none is accepted',
  ),
  APPLICATIONINSIGHTS_CONNECTION_STRING: setting(null, text, 'Telemetry; off when absent'),
} as const;

/** Settings that every kind has; their names begin with `OPWATCH_<KIND>_`. */
export const kindSettings = {
  TICK: (kind: Kind) => setting(kinds[kind].policy.tick, ncrontab, 'NCRONTAB of the kind’s timer'),
  FIRST_POLL_SECONDS: (kind: Kind) =>
    setting(kinds[kind].policy.firstPollMs / 1000, whole(0, year), 'Age at the first poll'),
  INTERVAL_SECONDS: (kind: Kind) =>
    setting(
      kinds[kind].policy.intervalMs / 1000,
      whole(1, year),
      'Between polls, ±10 %, until durations are known',
    ),
  DEADLINE_SECONDS: (kind: Kind) =>
    setting(kinds[kind].policy.deadlineMs / 1000, whole(1, year), 'Age at which it expires'),
} as const;

export const kindPrefixes: Readonly<Record<Kind, string>> = {
  connectionOperation: 'OPWATCH_CONNECTION_OPERATION_',
  commsOperation: 'OPWATCH_COMMS_OPERATION_',
  onenoteOperation: 'OPWATCH_ONENOTE_OPERATION_',
};

/** Storage is one name with suffixes, as the Functions host reads its own connections. */
export const storageNames = ['OPWATCH_STORAGE', 'AzureWebJobsStorage'] as const;
export const storageSettings = {
  __accountName: setting(
    null,
    z
      .string()
      .regex(/^[a-z0-9]{3,24}$/)
      .describe('3 to 24 of a–z and 0–9'),
    'Storage account',
  ),
  __tableServiceUri: setting(null, url, 'Table service, where the account name does not say it'),
  __queueServiceUri: setting(null, url, 'Queue service, where the account name does not say it'),
  __blobServiceUri: setting(null, url, 'Blob service, which only the Functions host uses'),
  __credential: setting(
    null,
    z
      .string()
      .regex(/^managedidentity$/i)
      .describe('managedidentity'),
    'Always managedidentity',
  ),
  __clientId: setting(null, guid, 'A user-assigned identity; the system-assigned one when absent'),
} as const;

/** Every variable of Opwatch; those of the platform and of the SDK of identities have other names. */
export const settingNames: readonly string[] = [
  ...Object.keys(settings),
  ...kindNames.flatMap((kind) => Object.keys(kindSettings).map((suffix) => kindPrefixes[kind] + suffix)),
  'OPWATCH_STORAGE',
  ...Object.keys(storageSettings).map((suffix) => `OPWATCH_STORAGE${suffix}`),
];
