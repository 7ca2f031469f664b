// Imports point down only: the rules of `.dependency-cruiser.mjs`. Without a parser for TypeScript the tool sees
// nothing and is content, so this check counts what it saw.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from './outcome.ts';
import { runTool } from './run-tool.ts';
import { codeFolders, sourceFiles } from './source-files.ts';

type Cruise = {
  readonly modules: readonly { readonly source: string; readonly dependencies: readonly unknown[] }[];
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
      readonly cycle?: readonly { readonly name: string }[];
    }[];
  };
};

export async function checkLayers(root: string): Promise<Outcome> {
  const folders = codeFolders.filter((folder) => existsSync(join(root, folder)));
  const args = ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', ...folders];
  const run = await runTool(root, 'depcruise', args);
  if (!run.stdout.startsWith('{')) return { problems: [`${run.stdout}\n${run.stderr}`], seen: '0 modules' };
  const { modules, summary } = JSON.parse(run.stdout) as Cruise;
  const seen = new Set(modules.map((module) => module.source));
  const unseen = (await sourceFiles(root)).filter((path) => !seen.has(path));
  const imports = modules.reduce((sum, module) => sum + module.dependencies.length, 0);
  return {
    problems: [
      ...(imports === 0 ? ['no import was seen: the parser is missing'] : []),
      ...unseen.map((path) => `${path}: was not looked at`),
      ...summary.violations.map(
        ({ rule, from, to, cycle }) =>
          `${rule.name}: ${[from, ...(cycle?.map((step) => step.name) ?? [to])].join(' → ')}`,
      ),
    ],
    seen: `${seen.size} modules, ${imports} imports`,
  };
}
