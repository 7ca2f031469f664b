// host.json says what the code relies on; a default of the host that differs would not fail, but cost or delay.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseTimeSpan } from '../host/time-span.ts';
import type { Outcome } from './outcome.ts';

const minuteMs = 60_000;

type Rule = { readonly path: string; readonly must: string; readonly holds: (value: unknown) => boolean };
export type BrokenRule = Pick<Rule, 'path' | 'must'>;

const between = (least: number, most: number) => (value: unknown) => {
  const ms = parseTimeSpan(String(value)) ?? -1;
  return ms >= least && ms <= most;
};
/** A setting that replaces a member is text. */
const is = (wanted: string | number) => (value: unknown) => String(value) === String(wanted);

const rules: readonly Rule[] = [
  // A sweep ends itself after four minutes; other plans than Flex allow ten at most.
  { path: 'functionTimeout', must: 'be 5 to 10 minutes', holds: between(5 * minuteMs, 10 * minuteMs) },
  { path: 'extensions.http.routePrefix', must: 'be api, as in every link', holds: is('api') },
  // The default is a minute, by which each shard's sweep would be later than its tick.
  { path: 'extensions.queues.maxPollingInterval', must: 'be 1 to 5 seconds', holds: between(1000, 5000) },
  // Zero would try a failed message again at once, five times within a second.
  {
    path: 'extensions.queues.visibilityTimeout',
    must: 'be 1 second to a minute',
    holds: between(1000, minuteMs),
  },
  { path: 'extensions.queues.maxDequeueCount', must: 'be 5, as the runbook says', holds: is(5) },
  { path: 'extensions.queues.messageEncoding', must: 'be base64, as the app sends', holds: is('base64') },
  // Two lines for each run of each timer would be most of the logs.
  { path: 'logging.logLevel.Function', must: 'be Warning', holds: is('Warning') },
  {
    path: 'logging.applicationInsights.samplingSettings.excludedTypes',
    must: 'leave requests unsampled',
    holds: (value) => String(value).split(';').includes('Request'),
  },
];

export async function checkHostJson(root: string): Promise<Outcome> {
  const host: unknown = JSON.parse(await readFile(join(root, 'host.json'), 'utf8').catch(() => '{}'));
  return {
    problems: brokenRules(host).map(({ path, must }) => `host.json: ${path} must ${must}`),
    seen: `${rules.length} rules`,
  };
}

/** @param host what host.json says, with what settings replace in it. */
export function brokenRules(host: unknown): readonly BrokenRule[] {
  return rules.filter(({ path, holds }) => !holds(valueIn(host, path)));
}

function valueIn(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], value);
}
