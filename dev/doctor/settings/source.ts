// Where settings come from: the stack that `npm start` runs here, this environment over local.settings.json as the host
// reads them, or a list of an app's settings as Azure gives it.
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { settingNames } from '../../../src/config/settings.ts';
import type { Env } from '../../../src/config/types.ts';
import { loadSettings, RefusedError } from '../../host/settings.ts';
import { readRecord } from '../../start/record.ts';

/** The command was not given as it has to be: nothing was looked at. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export type Source = {
  /** `elsewhere`: the app runs in Azure, and its identity is not to be had here. */
  readonly place: 'here' | 'elsewhere';
  /** For a person. */
  readonly label: string;
  readonly env: Env;
  /** Of the app, where the source knows it. */
  readonly url: string | null;
  /** Why the source can't be read; null when it can. */
  readonly problem: string | null;
};

export type SourceOptions = {
  /** A path, `-` for standard input; null: whatever is here. */
  readonly settings: string | null;
  /** Whether a running `npm start` counts. */
  readonly seesStarted: boolean;
  readonly root: string;
  readonly env: Env;
  readonly stdin: AsyncIterable<Uint8Array | string>;
};

/** @throws UsageError when the given file is no list of settings. */
export async function readSource(options: SourceOptions): Promise<Source> {
  if (options.settings !== null) return readList(options.settings, options.stdin);
  const started = options.seesStarted ? await readRecord(options.root) : null;
  const label = 'this environment, over local.settings.json';
  if (started === null) return readHere(options, { label, url: null });
  const { pid, url, settings } = started;
  return readHere(
    { root: options.root, env: { ...options.env, ...settings } },
    { label: `npm start (process ${pid}), over ${label}`, url },
  );
}

async function readHere(
  { root, env }: Pick<SourceOptions, 'root' | 'env'>,
  { label, url }: Pick<Source, 'label' | 'url'>,
): Promise<Source> {
  const found = { place: 'here', label, url } as const;
  try {
    return { ...found, env: await loadSettings(root, { ...env }), problem: null };
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return { ...found, env, problem: error.message };
  }
}

// az functionapp config appsettings list · the file of the local host · az rest …/config/appsettings/list, or names and values
const listed = z.array(z.looseObject({ name: z.string(), value: z.string().nullish() }));
const localFile = z.looseObject({
  IsEncrypted: z.boolean().optional(),
  Values: z.record(z.string(), z.string()),
});
const answered = z.looseObject({ properties: z.record(z.string(), z.string()) });
const plain = z.record(z.string(), z.string());

async function readList(path: string, stdin: SourceOptions['stdin']): Promise<Source> {
  const name = path === '-' ? 'standard input' : path;
  const content = await (path === '-' ? text(stdin) : readFile(path, 'utf8')).catch(() => {
    throw new UsageError(`--settings: ${name} can not be read.`);
  });
  const value = parse(content, name);
  const local = localFile.safeParse(value);
  if (local.success) {
    if (local.data.IsEncrypted === true) throw new UsageError(`--settings: ${name} is encrypted.`);
    return { place: 'here', label: name, env: local.data.Values, url: null, problem: null };
  }
  const env = listed.safeParse(value).data?.map((one) => [one.name, one.value ?? ''] as const);
  const named = answered.safeParse(value).data?.properties ?? plain.safeParse(value).data;
  if (env === undefined && named === undefined)
    throw new UsageError(`--settings: ${name} is no list of settings; docs/doctor.md shows its forms.`);
  return {
    place: 'elsewhere',
    label: name,
    env: env === undefined ? (named ?? {}) : Object.fromEntries(env),
    url: null,
    problem: null,
  };
}

/** The parser's own message may quote what it read, which holds secrets. */
function parse(content: string, name: string): unknown {
  try {
    return JSON.parse(content.replace(/^\uFEFF/, ''));
  } catch {
    throw new UsageError(`--settings: ${name} is no valid JSON.`);
  }
}

const ownNames = new Set([...settingNames, 'AzureWebJobsStorage']);

/** Names that are set and belong to Opwatch or to its storage. */
export function namesSet(env: Env): readonly string[] {
  return Object.keys(env).filter(
    (name) => env[name] && (ownNames.has(name) || /^(OPWATCH_|AzureWebJobsStorage__)/.test(name)),
  );
}

/** Names whose values the platform puts in from elsewhere (Key Vault, App Configuration): only it knows them. */
export function referencesIn(env: Env): readonly string[] {
  return Object.keys(env).filter((name) =>
    /^@Microsoft\.(KeyVault|AppConfiguration)\(/i.test(env[name] ?? ''),
  );
}
