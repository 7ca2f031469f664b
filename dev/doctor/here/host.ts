// host.json, with what settings replace in it, against what the code relies on; and functions that settings switch off.
import type { Env } from '../../../src/config/types.ts';
import { brokenRules } from '../../checks/host-json.ts';
import { fail, pass, type Verdict, warn } from '../verdict.ts';

/** Has a verdict of its own, for it depends on a setting. */
const encodingPath = 'extensions.queues.messageEncoding';

/** @param host what host.json says. */
export function judgeRules(host: unknown): readonly Verdict[] {
  const broken = brokenRules(host).filter(({ path }) => path !== encodingPath);
  if (broken.length === 0) return [pass('as the code relies on it')];
  return broken.map(({ path, must }) =>
    fail({
      subject: path,
      detail: `host.json: ${path} must ${must}.`,
      fix: `Correct it there, or remove the setting AzureFunctionsJobHost__${path.replaceAll('.', '__')} that replaces it.`,
    }),
  );
}

export type Encodings = {
  readonly host: 'base64' | 'none';
  readonly app: 'base64' | 'text';
  readonly shards: number;
};

export function judgeEncoding({ host, app, shards }: Encodings): Verdict {
  const wanted = app === 'text' ? 'none' : 'base64';
  if (host === wanted) return pass(app);
  const problem = {
    detail: `The app writes ${app} (OPWATCH_QUEUE_ENCODING), and the host reads ${host} (host.json, ${encodingPath})${
      shards > 1 ? ': every sweep message would be put aside' : ''
    }.`,
    fix: `Set AzureFunctionsJobHost__${encodingPath.replaceAll('.', '__')}=${wanted}, or OPWATCH_QUEUE_ENCODING=${host === 'none' ? 'text' : 'base64'}.`,
    subject: 'OPWATCH_QUEUE_ENCODING',
  };
  // With one shard a kind nothing is sent to the queue that the host reads.
  return shards > 1 ? fail(problem) : warn(problem);
}

/** What stands still without each function. */
const functions: Readonly<Record<string, string>> = {
  pollConnectionOperations: 'operations of connections are not watched',
  pollCommsOperations: 'operations of calls are not watched',
  pollOnenoteOperations: 'operations of OneNote are not watched',
  cleanUp: 'ended operations are kept for ever',
};

export function judgeFunctions(env: Env, shards: number): readonly Verdict[] {
  const off = Object.entries(functions).flatMap(([name, effect]) => {
    const setting = disabledBy(env, name);
    return setting === null
      ? []
      : [
          warn({
            subject: setting,
            detail: `${name} is switched off: ${effect}.`,
            fix: `Remove ${setting} when that is no longer meant.`,
          }),
        ];
  });
  const sweeps = disabledBy(env, 'sweepShard');
  if (sweeps !== null && shards > 1)
    return [
      ...off,
      fail({
        subject: sweeps,
        detail: `sweepShard is switched off, and with OPWATCH_SHARDS=${shards} nothing is watched without it.`,
        fix: `Remove ${sweeps} (azd provision does).`,
      }),
    ];
  return off.length > 0 ? off : [pass('none')];
}

/** The setting that switches a function off; platforms that allow no dots have underscores. */
function disabledBy(env: Env, name: string): string | null {
  const setting = [`AzureWebJobs.${name}.Disabled`, `AzureWebJobs_${name}_Disabled`].find((one) =>
    /^(true|1)$/i.test(env[one] ?? ''),
  );
  return setting ?? null;
}
