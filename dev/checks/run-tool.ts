// Runs a tool of this repository's own node_modules on any root folder.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';

const binFolder = join(import.meta.dirname, '../../node_modules/.bin');

export type ToolRun = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Resolves when the tool and its output have ended, whatever its exit code. */
export async function runTool(root: string, tool: string, args: readonly string[]): Promise<ToolRun> {
  const child = spawn(join(binFolder, tool), args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // The tools' first line asks env for node: it must find the one of this repository.
    env: { ...process.env, PATH: `${binFolder}${delimiter}${process.env['PATH'] ?? ''}`, NO_COLOR: '1' },
  });
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout.on('data', (chunk: Buffer) => chunks.stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.stderr.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  const text = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString('utf8').trim();
  return { code: code ?? 1, stdout: text(chunks.stdout), stderr: text(chunks.stderr) };
}

/** @returns the tool's report as one problem when it failed. */
export function reportOf({ code, stdout, stderr }: ToolRun): readonly string[] {
  return code === 0 ? [] : [[stdout, stderr].filter(Boolean).join('\n') || `exit code ${code}`];
}
