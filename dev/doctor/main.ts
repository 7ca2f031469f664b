// `npm run doctor`: the command in a process of its own, which ends with a code that a script can use.
import { runCommand } from './command.ts';
import { isColoured } from './report-text.ts';
import { UsageError } from './settings/source.ts';

const { stdin, stdout, env } = process;

try {
  const { code, printed } = await runCommand(process.argv.slice(2), {
    root: process.cwd(),
    env,
    stdin,
    screen: { isColoured: isColoured(stdout, env), width: stdout.isTTY ? stdout.columns : null },
  });
  // Into a pipe too, the whole text is out before the process ends; what hangs must not keep it from ending.
  stdout.write(printed, () => process.exit(code));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\nnpm run doctor -- --help says more.\n`);
  process.exit(2);
}
