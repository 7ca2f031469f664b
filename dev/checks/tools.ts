// The checks that are a tool's: format, types, lint and dead code. The tools' configuration stands in the root folder.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from './outcome.ts';
import { reportOf, runTool } from './run-tool.ts';
import { codeFolders, sourceFiles } from './source-files.ts';

/** Layout and order of imports, nothing else. */
export async function checkFormat(root: string): Promise<Outcome> {
  const run = await runTool(root, 'biome', ['ci', '--colors=off', '--max-diagnostics=50']);
  const [, count = '0'] = /Checked (\d+) files?/.exec(`${run.stdout}\n${run.stderr}`) ?? [];
  return { problems: reportOf(run), seen: `${count} files` };
}

export async function checkTypes(root: string): Promise<Outcome> {
  const run = await runTool(root, 'tsc', ['--noEmit', '--pretty', 'false']);
  return { problems: reportOf(run), seen: `${(await sourceFiles(root)).length} files` };
}

/** The rules of `.oxlintrc.json`, those that need types included. */
export async function checkLint(root: string): Promise<Outcome> {
  const folders = codeFolders.filter((folder) => existsSync(join(root, folder)));
  const args = [
    '--type-aware',
    '--deny-warnings',
    '--report-unused-disable-directives',
    '-f',
    'unix',
    ...folders,
  ];
  return {
    problems: reportOf(await runTool(root, 'oxlint', args)),
    seen: `${(await sourceFiles(root)).length} files`,
  };
}

/** Files, exports, types and dependencies that nobody uses. */
export async function checkDeadCode(root: string): Promise<Outcome> {
  const run = await runTool(root, 'knip', ['--no-progress', '--no-config-hints']);
  return { problems: reportOf(run), seen: `${(await sourceFiles(root)).length} files` };
}
