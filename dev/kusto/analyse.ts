// Queries are read by Kusto's own language service: syntax, tables, columns and functions, and which columns come out.
// It is a script for browsers, so it runs in a context of its own and sees nothing of this process.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { tables } from './tables.ts';

export type Analysis = {
  /** What is wrong, each with its line in the query. */
  readonly problems: readonly string[];
  readonly columns: readonly string[];
};

type List<T> = { readonly Count: number; readonly getItem: (index: number) => T };
type Diagnostic = { readonly Severity: string; readonly Message: string; readonly Start: number };
type Symbol = { readonly Name: string };
type Code = {
  readonly GetDiagnostics: () => List<Diagnostic>;
  readonly ResultType: { readonly Columns?: List<Symbol> } | null;
};
/** Of the service's thousands of names, those that are used here; its translator numbers constructors. */
type Kusto = {
  readonly KustoCode: { readonly ParseAndAnalyze: (text: string, globals: unknown) => Code };
  readonly GlobalState: { readonly Default: { readonly WithDatabase: (database: unknown) => unknown } };
  readonly Symbols: {
    readonly TableSymbol: {
      readonly $ctor7: new (name: string, schema: string, description: null) => unknown;
    };
    readonly DatabaseSymbol: { readonly ctor: new (name: string, members: readonly unknown[]) => unknown };
  };
};

const scripts = ['bridge.min.js', 'Kusto.Language.Bridge.min.js'];
const require = createRequire(import.meta.url);
let opening: Promise<(query: string) => Analysis> | undefined;
/** The same text always gives the same answer, and takes 50 ms to find it. */
const answers = new Map<string, Analysis>();

export async function analyseQuery(query: string): Promise<Analysis> {
  opening ??= open();
  const analyse = await opening;
  const answer = answers.get(query) ?? analyse(query);
  answers.set(query, answer);
  return answer;
}

async function open(): Promise<(query: string) => Analysis> {
  const folder = dirname(require.resolve('@kusto/language-service-next/package.json'));
  const context = createContext({}) as { readonly Kusto: { readonly Language: Kusto } };
  runInContext('var self = this;', context);
  for (const script of scripts) runInContext(await readFile(join(folder, script), 'utf8'), context);
  const { KustoCode, GlobalState, Symbols } = context.Kusto.Language;
  const members = Object.entries(tables).map(
    ([name, schema]) => new Symbols.TableSymbol.$ctor7(name, `(${schema})`, null),
  );
  const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor('workspace', members));
  return (query) => {
    const code = KustoCode.ParseAndAnalyze(query, globals);
    return {
      problems: listed(code.GetDiagnostics())
        .filter(({ Severity }) => Severity !== 'Suggestion' && Severity !== 'Information')
        .map(({ Message, Start }) => `line ${query.slice(0, Start).split('\n').length}: ${Message}`),
      columns: listed(code.ResultType?.Columns).map(({ Name }) => Name),
    };
  };
}

function listed<T>(list: List<T> | undefined): readonly T[] {
  return Array.from({ length: list?.Count ?? 0 }, (_, index) => list?.getItem(index) as T);
}
