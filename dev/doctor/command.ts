// The doctor as a command: where the settings come from, what is looked at, what is printed, and the code at the end.
import { examine } from './examine.ts';
import { help, readOptions } from './options.ts';
import { exitCodeOf } from './report.ts';
import { reportText } from './report-text.ts';
import { readSource, type SourceOptions } from './settings/source.ts';

export type Surroundings = Pick<SourceOptions, 'root' | 'env' | 'stdin'> & {
  /** Of the screen; no width where there is none. */
  readonly screen: { readonly isColoured: boolean; readonly width: number | null };
};

export type Outcome = { readonly code: number; readonly printed: string };

/** @throws UsageError when the command is not right; then nothing was looked at. */
export async function runCommand(args: readonly string[], surroundings: Surroundings): Promise<Outcome> {
  const options = readOptions(args);
  if (options.isHelp) return { code: 0, printed: help };
  const source = await readSource({ ...options, ...surroundings });
  const { isOwnSignIn, kinds } = options;
  const { root, screen } = surroundings;
  const report = await examine({ source, url: options.url ?? source.url, kinds, isOwnSignIn, root });
  const printed =
    options.output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : reportText(report, screen);
  return { code: exitCodeOf(report, options.isStrict), printed };
}
