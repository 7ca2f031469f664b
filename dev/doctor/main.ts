// `npm run doctor`: reads where the settings come from, has everything looked at, prints the report and ends with a
// code that a script can use.
import { examine } from './examine.ts';
import { help, readOptions } from './options.ts';
import { exitCodeOf } from './report.ts';
import { isColoured, reportText } from './report-text.ts';
import { readSource, UsageError } from './settings/source.ts';

const root = process.cwd();

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.isHelp) {
    await print(help);
    return 0;
  }
  const source = await readSource({ ...options, root, env: process.env, stdin: process.stdin });
  const { isOwnSignIn, kinds } = options;
  const report = await examine({ source, url: options.url ?? source.url, kinds, isOwnSignIn, root });
  await print(
    options.output === 'json'
      ? `${JSON.stringify(report, null, 2)}\n`
      : reportText(report, {
          isColoured: isColoured(process.stdout, process.env),
          width: process.stdout.isTTY ? process.stdout.columns : null,
        }),
  );
  return exitCodeOf(report, options.isStrict);
}

/** Into a pipe too, the whole text is out before the process ends. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(text, () => resolve());
  });
}

try {
  // What hangs must not keep the process from ending.
  process.exit(await main());
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\nnpm run doctor -- --help says more.\n`);
  process.exit(2);
}
