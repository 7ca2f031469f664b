// Writes docs/configuration.md from the tables that the app reads its settings by, so that the document can't be wrong:
// `node dev/docs/configuration.ts`. The gate compares.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import {
  kindPrefixes,
  kindSettings,
  type Setting,
  settings,
  storageSettings,
} from '../../src/config/settings.ts';
import { kindNames } from '../../src/domain/kinds.ts';

export const configurationPath = 'docs/configuration.md';

type Row = { readonly name: string; readonly setting: Setting };
type Group = { readonly title: string; readonly intro: string; readonly pattern: RegExp };

/** Of each setting, the first group whose pattern its name matches. */
const groups: readonly Group[] = [
  {
    title: 'Table, queues and shards',
    intro: 'Table and queues are created at start where they are absent and the identity may create them.',
    pattern: /_(TABLE|QUEUE|ENCODING|SHARDS)$/,
  },
  {
    title: 'Graph and identity',
    intro: 'Which Graph, and who the app is there.',
    pattern: /_(GRAPH_\w+|AUTHORITY_HOST|OPWATCH_TENANT_ID|CREDENTIAL|STATIC_TOKEN)$|^OPWATCH_TENANT_ID$/,
  },
  {
    title: 'Callers',
    intro:
      'With `key` the host checks function keys; with `entra` the app checks bearer tokens and their app roles.',
    pattern: /_(CALLER_AUTH|AUTH_\w+|PATCH_CONFIGURATION|MAX_WAITERS)$/,
  },
  {
    title: 'Notifications',
    intro:
      'Those of calls are off until `OPWATCH_CALLS_APP_ID` names the bot, change notifications until they have a secret.',
    pattern: /_(CALLS|NOTIFICATIONS)_/,
  },
  { title: 'Conclusions, retention and telemetry', intro: 'What is concluded, kept and told.', pattern: /./ },
];

/** Not of the tables: what src/config.ts and the SDK of identities read of the platform. */
export const platformVariables: Readonly<Record<string, string>> = {
  AzureWebJobsStorage:
    'A connection string: state and queues too, where OPWATCH_STORAGE is absent. Or with the suffixes above',
  OPWATCH_STORAGE:
    'A connection string, where state is not in the account of the host. Or with the suffixes above',
  AZURE_TENANT_ID: 'Home tenant, where OPWATCH_TENANT_ID is absent',
  AZURE_CLIENT_ID:
    'User-assigned identity with `managedIdentity`; the app with `environment` and `workloadIdentity`',
  AZURE_CLIENT_SECRET: 'Secret of the app, with `environment`',
  AZURE_CLIENT_CERTIFICATE_PATH: 'Certificate of the app with its key (PEM), with `environment`',
  AZURE_CLIENT_CERTIFICATE_PASSWORD: 'Of the key, where it has one',
  AZURE_CLIENT_SEND_CERTIFICATE_CHAIN:
    '`true` sends the chain: names and issuers are trusted, not thumbprints',
  AZURE_FEDERATED_TOKEN_FILE: 'Token of the platform, with `workloadIdentity`',
  IDENTITY_ENDPOINT:
    'Set by the platform where it offers a managed identity, as `MSI_ENDPOINT` is by older ones',
  MSI_ENDPOINT: 'See `IDENTITY_ENDPOINT`',
};

const learned = `### When polls come

Until a shard knows how long 50 operations of its kind took, an operation that runs is polled once an interval. From then on
polls are close at ages at which operations end and rare at the others: from two an interval to one in two and a half, and one
in eight where next to nothing ever ended. The interval sets the mean delay at which an end is seen, about half of it and
half a tick, before and after; in return for fewer reads of Graph 99 of 100 ends are seen within two and a half
intervals, in place of one. \`nextPollAt\` shows the time that was chosen. First polls, deadlines, polls of what is in
trouble, and rare proofs where notifications come, keep their own times.

Polls can't follow each other more closely than the tick: one of half the interval or less lets the schedule do all it can.
Each shard learns from its own operations. Nothing has to be set up, and the knowledge is a part of the
row \`memory\`: when durations change it is replaced within one or two hundred ends, and when the row is deleted the interval
is fixed again. Why it is so, and what it saves: [decision 11](adr/0011-learned-schedule.md).`;

export function configurationDocument(): string {
  const rows: readonly Row[] = Object.entries(settings).map(([name, one]) => ({
    name,
    setting: one as Setting,
  }));
  return `${[
    '# Configuration',
    '<!-- Made by `node dev/docs/configuration.ts` from src/config/settings.ts. Changes here are lost. -->',
    `Settings are environment variables: application settings in Azure, \`Values\` of local.settings.json on your machine. They
are read once, at start. An empty text counts as absent. An unknown \`OPWATCH_\` variable or a value out of range stops the
start, and the message names the variable, never its value. Numbers are whole. How a deployment sets them:
[deploy.md](deploy.md).`,
    '## Storage',
    'One name, with a suffix each: `OPWATCH_STORAGE__accountName` or `AzureWebJobsStorage__accountName`, and so on.',
    table(
      ['suffix', 'values', 'meaning'],
      Object.entries(storageSettings).map(([name, one]) => [
        code(name),
        valuesOf(one as Setting),
        one.meaning,
      ]),
    ),
    ...groups.flatMap(({ title, intro }, index) => [
      `## ${title}`,
      intro,
      table(
        ['variable', 'default', 'values', 'meaning'],
        rows.filter(({ name }) => groupOf(name) === index).map(settingCells),
      ),
    ]),
    '## Pace of each kind',
    'The prefix names the kind. First poll, interval and deadline hold for what is tracked from then on.',
    table(['variable', ...kindNames, 'values', 'meaning'], Object.keys(kindSettings).map(kindCells)),
    `${code('<KIND>')} is ${kindNames.map((kind) => `${code(kindPrefixes[kind].slice(8, -1))} (${kind})`).join(', ')}.`,
    learned,
    '## Of the platform',
    table(
      ['variable', 'meaning'],
      Object.entries(platformVariables).map(([name, meaning]) => [code(name), meaning]),
    ),
  ].join('\n\n')}\n`;
}

function groupOf(name: string): number {
  return groups.findIndex(({ pattern }) => pattern.test(name));
}

function settingCells({ name, setting }: Row): readonly string[] {
  return [code(name), defaultOf(setting), valuesOf(setting), setting.meaning];
}

function kindCells(name: string): readonly string[] {
  const make = kindSettings[name as keyof typeof kindSettings] as (
    kind: (typeof kindNames)[number],
  ) => Setting;
  const [first] = kindNames;
  if (first === undefined) return [];
  return [
    code(`OPWATCH_<KIND>_${name}`),
    ...kindNames.map((kind) => defaultOf(make(kind))),
    valuesOf(make(first)),
    make(first).meaning,
  ];
}

function defaultOf({ fallback }: Setting): string {
  if (fallback === null) return '–';
  const parts: readonly unknown[] = Array.isArray(fallback) ? fallback : [fallback];
  return parts.map((part) => code(String(part))).join(', ');
}

/** What a setting takes, for a person. */
export function valuesOf({ schema }: Setting): string {
  if (schema instanceof z.ZodEnum) return schema.options.map((one) => code(String(one))).join(', ');
  return schema.description ?? '';
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ').replaceAll('\n', ' ')} |`).join('\n');
}

if (import.meta.main) await writeFile(join(process.cwd(), configurationPath), configurationDocument());
