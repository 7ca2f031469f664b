// Alerts, workbook and runbook ask for things that exist: each query is valid Kusto, and speaks of no metric, attribute
// or log line that the app does not have.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BicepFile, readBicepFiles } from '../bicep/file.ts';
import { literalOf, propertyOf } from '../bicep/syntax.ts';
import { analyseQuery } from '../kusto/analyse.ts';
import { readWorkbook } from '../kusto/workbook.ts';
import type { Outcome } from './outcome.ts';

const names = 'src/telemetry/names.ts';
const alertsPath = 'infra/modules/alerts.bicep';
const runbookPath = 'docs/runbook.md';
const workbookPath = 'infra/workbook.json';

type Query = { readonly at: string; readonly text: string };
type Rule = { readonly name: string; readonly query: string; readonly dimension: string };
/** What the app sends, by the kinds of things that a query can ask for. */
export type KnownNames = {
  readonly telemetry: ReadonlySet<string>;
  readonly attributes: ReadonlySet<string>;
  readonly logLines: ReadonlySet<string>;
};

/** Attributes that the host, or the exporter, adds. */
const hostAttributes = [
  '_MS.links',
  'Category',
  'EventName',
  'HostInstanceId',
  'LogLevel',
  'ProcessId',
  'prop__functionName',
];

export async function checkQueries(root: string): Promise<Outcome> {
  const known = await readNames(root);
  const rules = rulesOf((await readBicepFiles(root)).find(({ path }) => path === alertsPath));
  const workbook = readWorkbook(await readFile(join(root, workbookPath), 'utf8').catch(() => '{}'));
  const queries = [
    ...(await alertQueries(root)),
    ...workbook.queries.map(({ name, query }) => ({ at: `${workbookPath} ${name}`, text: query })),
    ...(await documentQueries(root)),
  ];
  const analysed = await Promise.all(queries.map((query) => queryProblems(query, known)));
  return {
    problems: [
      ...(queries.length === 0 ? ['infra/queries: there is no query'] : []),
      ...(rules.length === 0 ? [`${alertsPath}: there is no rule`] : []),
      ...workbook.problems.map((problem) => `${workbookPath}: ${problem}`),
      ...analysed.flat(),
      ...(await Promise.all(rules.map((rule) => ruleProblems(root, rule)))).flat(),
      ...(await unusedProblems(root, rules)),
    ],
    seen: `${queries.length} queries, ${rules.length} alerts`,
  };
}

/** Collects every `name` of the exported tables, the attributes, and the messages of log lines. */
async function readNames(root: string): Promise<KnownNames> {
  const path = resolve(root, names);
  const loaded: unknown = existsSync(path) ? await import(pathToFileURL(path).href) : {};
  const module = loaded as Readonly<Record<string, unknown>>;
  const keysOf = (table: unknown): readonly string[] => Object.keys(table ?? {});
  return {
    telemetry: new Set(namesIn(module)),
    attributes: new Set([...keysOf(module['attributes']), ...hostAttributes]),
    logLines: new Set(keysOf(module['logEvents'])),
  };
}

function namesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'name' in value && typeof value.name === 'string' ? [value.name] : [];
  return [...own, ...Object.values(value).flatMap(namesIn)];
}

async function alertQueries(root: string): Promise<readonly Query[]> {
  const files = await readdir(join(root, 'infra/queries')).catch(() => []);
  return Promise.all(
    files.map(async (file) => ({
      at: `infra/queries/${file}`,
      text: await readFile(join(root, 'infra/queries', file), 'utf8'),
    })),
  );
}

async function documentQueries(root: string): Promise<readonly Query[]> {
  const files = (await readdir(join(root, 'docs')).catch(() => [])).filter((file) => file.endsWith('.md'));
  const perFile = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(root, 'docs', file), 'utf8');
      return [...text.matchAll(/```kusto\n([^]*?)```/g)].map(({ index, 1: query = '' }) => ({
        at: `docs/${file}:${text.slice(0, index).split('\n').length + 1}`,
        text: query,
      }));
    }),
  );
  return perFile.flat();
}

/** Pure but for the analysis: what is wrong with one query. */
async function queryProblems({ at, text }: Query, known: KnownNames): Promise<readonly string[]> {
  const { problems } = await analyseQuery(text);
  const said = (pattern: RegExp): readonly string[] =>
    [...text.matchAll(pattern)].map(([, name]) => name ?? '');
  const unknown = (found: readonly string[], table: ReadonlySet<string>, what: string): readonly string[] =>
    found.filter((name) => !table.has(name)).map((name) => `${at}: no ${what} is called ${name}`);
  const lines = said(/\bline\.message (?:==|in) \(?((?:'[^']*'(?:, )?)+)/g).flatMap((list) =>
    [...list.matchAll(/'([^']*)'/g)].map(([, name]) => name ?? ''),
  );
  return [
    ...problems.map((problem) => `${at}: ${problem}`),
    ...unknown(said(/['"](opwatch\.[\w.]+)['"]/g), known.telemetry, 'metric or span'),
    ...unknown(said(/\bProperties\.(\w+)/g), known.attributes, 'attribute'),
    ...unknown(said(/\bProperties\[['"]([^'"]+)['"]\]/g), known.attributes, 'attribute'),
    ...unknown(lines, known.logLines, 'log line'),
  ];
}

/** The list `rules` of alerts.bicep. */
function rulesOf(file: BicepFile | undefined): readonly Rule[] {
  const list = file?.variables.get('rules');
  return (list?.namedChildren ?? []).map((rule) => ({
    name: literalOf(propertyOf(rule, 'name')) ?? '',
    query: /'\.\.\/queries\/([\w-]+)\.kql'/.exec(propertyOf(rule, 'query')?.text ?? '')?.[1] ?? '',
    dimension: literalOf(propertyOf(rule, 'dimension')) ?? '',
  }));
}

/** A rule's query is of its name and gives what the rule measures; the runbook has its section. */
async function ruleProblems(root: string, { name, query, dimension }: Rule): Promise<readonly string[]> {
  const at = `${alertsPath}: ${name}`;
  const text = await readFile(join(root, `infra/queries/${query}.kql`), 'utf8').catch(() => null);
  const runbook = await readFile(join(root, runbookPath), 'utf8').catch(() => '');
  const columns = text === null ? [] : (await analyseQuery(text)).columns;
  const wanted = ['TimeGenerated', 'Measure', dimension];
  return [
    ...(query === name ? [] : [`${at}: its query is ${query}`]),
    ...wanted
      .filter((column) => !columns.includes(column))
      .map((column) => `${at}: its query gives no column ${column}`),
    ...(runbook.split('\n').includes(`## ${name}`)
      ? []
      : [`${at}: ${runbookPath} has no section "## ${name}"`]),
  ];
}

async function unusedProblems(root: string, rules: readonly Rule[]): Promise<readonly string[]> {
  const files = await readdir(join(root, 'infra/queries')).catch(() => []);
  return files
    .filter((file) => !rules.some(({ query }) => file === `${query}.kql`))
    .map((file) => `infra/queries/${file}: no alert asks this`);
}
