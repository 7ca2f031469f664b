// The command line of the doctor.
import { parseArgs } from 'node:util';
import { isLoopback } from '../../src/config/settings.ts';
import { kindNames } from '../../src/domain/kinds.ts';
import type { Kind } from '../../src/domain/operation.ts';
import { UsageError } from './settings/source.ts';

export const help = `Checks a set-up or a deployment of Opwatch and says what to mend. It changes nothing.

  npm run doctor -- [options]

  --settings FILE  settings of an app: what az functionapp config appsettings list prints, or a local.settings.json;
                   - reads standard input. Default: the npm start that runs here, else this environment over
                   local.settings.json
  --no-start       leave an npm start that runs here out of account
  --url URL        of the app, https or loopback; npm start's is known
  --sign-in        ask storage and Graph with your own Azure CLI sign-in in place of the app's identity
  --kinds LIST     kinds that are watched for sure, separated by commas (${kindNames.join(', ')})
  --output FORM    text (default) or json
  --strict         warnings count too
  --help           this text

Exit code: 0 nothing failed · 1 something failed · 2 the command is not right, nothing was looked at ·
3 with --strict: nothing failed and something is warned of. docs/doctor.md explains each check.
`;

export type Options = {
  readonly settings: string | null;
  readonly seesStarted: boolean;
  readonly url: string | null;
  readonly isOwnSignIn: boolean;
  readonly kinds: readonly Kind[];
  readonly output: 'text' | 'json';
  readonly isStrict: boolean;
  readonly isHelp: boolean;
};

/** @throws UsageError for what is no option, or has no legal value. */
export function readOptions(args: readonly string[]): Options {
  const values = parse(args);
  return {
    settings: values.settings ?? null,
    seesStarted: !values['no-start'],
    url: values.url === undefined ? null : originOf(values.url),
    isOwnSignIn: values['sign-in'],
    kinds: kindsOf(values.kinds ?? ''),
    output: outputOf(values.output),
    isStrict: values.strict,
    isHelp: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        settings: { type: 'string' },
        'no-start': { type: 'boolean', default: false },
        url: { type: 'string' },
        'sign-in': { type: 'boolean', default: false },
        kinds: { type: 'string' },
        output: { type: 'string', default: 'text' },
        strict: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** An address with a path or a query would be asked for something else than is meant. */
function originOf(text: string): string {
  const url = URL.parse(text);
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (
    url === null ||
    !isSafe ||
    url.username !== '' ||
    url.search !== '' ||
    !/^\/(api\/?)?$/.test(url.pathname)
  )
    throw new UsageError('--url takes the origin of the app: https://…, or http on loopback.');
  return url.origin;
}

function kindsOf(text: string): readonly Kind[] {
  const names = text.split(',').filter((name) => name !== '');
  const unknown = names.find((name) => !kindNames.some((kind) => kind === name));
  if (unknown !== undefined) throw new UsageError(`--kinds takes ${kindNames.join(', ')}.`);
  return kindNames.filter((kind) => names.includes(kind));
}

function outputOf(text: string): Options['output'] {
  if (text === 'text' || text === 'json') return text;
  throw new UsageError('--output takes text or json.');
}
