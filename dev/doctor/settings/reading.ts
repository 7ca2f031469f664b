// The settings as the other checks use them: a draft of the configuration, and for each part of it why it can't be
// relied on. A setting that is wrong stops only the checks that would be misled by it.
import type { Env } from '../../../src/config/types.ts';
import { type ConfigDraft, readSettings } from '../../../src/config.ts';
import { openTableClients } from '../../../src/storage/connections.ts';
import { openQueueAccount } from '../../../src/storage/queue-account.ts';
import { referencesIn, type Source } from './source.ts';

/** The variables that a part is read from. */
const parts = {
  storage: /^(AzureWebJobsStorage|OPWATCH_STORAGE)(__|$)/,
  names: /^OPWATCH_(TABLE|TRANSITIONS_QUEUE|SWEEPS_QUEUE)$/,
  encoding: /^OPWATCH_QUEUE_ENCODING$/,
  shards: /^OPWATCH_SHARDS$/,
  graph: /^(OPWATCH_(GRAPH_\w+|AUTHORITY_HOST|TENANT_ID)|AZURE_TENANT_ID)$/,
  credential: /^(OPWATCH_(CREDENTIAL|STATIC_TOKEN)|AZURE_(?!TENANT_ID$)\w+)$/,
  callers: /^OPWATCH_(CALLER_AUTH|AUTH_\w+)$/,
  calls: /^OPWATCH_CALLS_\w+$/,
  telemetry: /^APPLICATIONINSIGHTS_CONNECTION_STRING$/,
} as const satisfies Readonly<Record<string, RegExp>>;

export type Part = keyof typeof parts;

export type Reading = {
  readonly place: Source['place'];
  readonly env: Env;
  readonly draft: ConfigDraft;
  readonly problems: ReadonlyMap<string, string>;
  /** Names whose values only the platform knows. */
  readonly references: readonly string[];
  /** Why what is built on these parts can't be looked at; null when it can. */
  readonly whyNot: (...needed: readonly Part[]) => string | null;
};

export function readReading({ place, env }: Pick<Source, 'place' | 'env'>): Reading {
  const references = referencesIn(env);
  const { draft, problems: found } = readSettings(env);
  const problems = new Map(
    [...found, ...malformedStorage(draft)].filter(([name, problem]) => !isGuess(name, problem)),
  );
  return { place, env, draft, problems, references, whyNot };

  /** A value that nobody here knows can't be wrong, nor can be told what depends on it. */
  function isGuess(name: string, problem: string): boolean {
    if (problem.startsWith('is not a setting')) return false;
    const concerned = Object.values(parts).filter((part) => part.test(name));
    return references.some(
      (reference) => reference === name || concerned.some((part) => part.test(reference)),
    );
  }

  function whyNot(...needed: readonly Part[]): string | null {
    const concerns = (name: string): boolean => needed.some((part) => parts[part].test(name));
    const wrong = [...problems.keys()].find(concerns);
    if (wrong !== undefined) return `${wrong} has to be right first.`;
    const unknown = references.find(concerns);
    return unknown === undefined ? null : `The value of ${unknown} is known to the platform only.`;
  }
}

/** Who opens it knows what a connection string has to say. */
function malformedStorage({ storage }: ConfigDraft): readonly (readonly [name: string, problem: string])[] {
  if (storage?.type !== 'connectionString') return [];
  const connection = { type: storage.type, connectionString: storage.value.reveal() };
  try {
    openTableClients(connection, 'opwatch', () => undefined);
    openQueueAccount(connection);
    return [];
  } catch {
    return [[storage.name, 'is no connection string of a storage account']];
  }
}
