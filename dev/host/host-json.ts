// host.json, as far as this host obeys it. Each default is the real host's in its Development environment.
import { join } from 'node:path';
import { z } from 'zod';
import type { LogLevel } from './core-types.ts';
import { RefusedError, readJson, type Settings } from './settings.ts';
import { parseTimeSpan } from './time-span.ts';

export type QueueSettings = {
  readonly batchSize: number;
  readonly newBatchThreshold: number;
  readonly maxPollingIntervalMs: number;
  readonly visibilityTimeoutMs: number;
  readonly maxDequeueCount: number;
  readonly messageEncoding: 'base64' | 'none';
};

export type SingletonSettings = {
  readonly lockPeriodMs: number;
  readonly recoveryPollingMs: number;
};

export type HostJson = {
  readonly routePrefix: string;
  /** Undefined: no limit. */
  readonly functionTimeoutMs: number | undefined;
  readonly logLevel: LogLevel;
  readonly queues: QueueSettings;
  readonly singleton: SingletonSettings;
};

const timeSpan = z.string().transform((text, context) => {
  const ms = parseTimeSpan(text);
  if (ms === undefined) context.addIssue({ code: 'custom', message: 'no TimeSpan (hh:mm:ss)' });
  return ms ?? 0;
});
const between = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
const logLevels = ['trace', 'debug', 'information', 'warning', 'error', 'critical', 'none'] as const;
const logLevel = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(logLevels));

const queues = z.object({
  batchSize: between(1, 32).default(16),
  newBatchThreshold: between(0, 1000).optional(),
  maxPollingInterval: timeSpan.default(2000),
  visibilityTimeout: timeSpan.default(0),
  maxDequeueCount: between(1, 1000).default(5),
  messageEncoding: z
    .string()
    .transform((text) => text.toLowerCase())
    .pipe(z.enum(['base64', 'none']))
    .default('base64'),
});

/** A blob lease lasts 15 to 60 seconds. 15 is what the real host uses in Development. */
const lockPeriod = timeSpan.refine((ms) => ms >= 15_000 && ms <= 60_000, '00:00:15 to 00:01:00');
const singleton = z.object({
  listenerLockPeriod: lockPeriod.default(15_000),
  listenerLockRecoveryPollingInterval: timeSpan.default(2000),
});

const hostJson = z.object({
  version: z.literal('2.0'),
  functionTimeout: z.union([z.literal('-1').transform(() => undefined), timeSpan]).default(30 * 60_000),
  logging: z
    .object({ logLevel: z.object({ default: logLevel.default('information') }).prefault({}) })
    .prefault({}),
  singleton: singleton.prefault({}),
  extensions: z
    .object({
      http: z.object({ routePrefix: z.string().default('api') }).prefault({}),
      queues: queues.prefault({}),
    })
    .prefault({}),
});

/** @throws RefusedError naming the member of host.json that is wrong. */
export async function loadHostJson(appDir: string, settings: Settings): Promise<HostJson> {
  const parsed = hostJson.safeParse(await readHostJson(appDir, settings));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new RefusedError(
      `host.json is not valid at ${issue?.path.join('.') || 'its root'}: ${issue?.message}.`,
    );
  }
  const { extensions, functionTimeout, logging, singleton: lock } = parsed.data;
  const queue = extensions.queues;
  return {
    routePrefix: extensions.http.routePrefix.replaceAll(/^\/+|\/+$/g, ''),
    functionTimeoutMs: functionTimeout,
    logLevel: logging.logLevel.default,
    queues: {
      batchSize: queue.batchSize,
      newBatchThreshold: queue.newBatchThreshold ?? Math.floor(queue.batchSize / 2),
      maxPollingIntervalMs: queue.maxPollingInterval,
      visibilityTimeoutMs: queue.visibilityTimeout,
      maxDequeueCount: queue.maxDequeueCount,
      messageEncoding: queue.messageEncoding,
    },
    singleton: {
      lockPeriodMs: lock.listenerLockPeriod,
      recoveryPollingMs: lock.listenerLockRecoveryPollingInterval,
    },
  };
}

/** The file as it is, with what settings replace in it. @throws RefusedError when there is none. */
export async function readHostJson(appDir: string, settings: Settings): Promise<unknown> {
  const file = await readJson(join(appDir, 'host.json'));
  if (file === undefined) throw new RefusedError(`There is no host.json in ${appDir}.`);
  return override(file, settings);
}

const overridePrefix = 'AzureFunctionsJobHost__';

/**
 * A setting `AzureFunctionsJobHost__a__b` replaces the member a.b of host.json.
 * @see "Override host.json values" in the Azure Functions documentation
 */
function override(file: unknown, settings: Settings): unknown {
  const copy: unknown = structuredClone(file);
  if (!isObject(copy)) return copy;
  for (const [name, value] of Object.entries(settings)) {
    if (!name.startsWith(overridePrefix) || value === undefined) continue;
    setMember(copy, name.slice(overridePrefix.length).split('__'), value);
  }
  return copy;
}

function setMember(
  target: Record<string, unknown>,
  [first = '', ...rest]: readonly string[],
  value: string,
): void {
  const name = Object.keys(target).find((key) => key.toLowerCase() === first.toLowerCase()) ?? first;
  if (rest.length === 0) {
    target[name] = value;
    return;
  }
  const inner = isObject(target[name]) ? target[name] : {};
  target[name] = inner;
  setMember(inner, rest, value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
