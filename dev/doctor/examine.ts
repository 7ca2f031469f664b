// All checks of one set of settings, side by side, and the report on them.
import type { Kind } from '../../src/domain/operation.ts';
import { readManifest } from '../package-files.ts';
import { addAppChecks } from './app/checks.ts';
import { addCallerChecks } from './callers/checks.ts';
import { addGraphChecks } from './graph/checks.ts';
import { addChecksOfThisFolder } from './here/checks.ts';
import { addIdentityChecks } from './identity/checks.ts';
import { makeReport, type Report } from './report.ts';
import { createRun, type Limits } from './run.ts';
import { createScrub } from './secrets.ts';
import { addSettingChecks } from './settings/checks.ts';
import type { Source } from './settings/source.ts';
import { addStorageChecks } from './storage/checks.ts';

export type Examination = {
  readonly source: Source;
  /** Of the app; null: nobody said. */
  readonly url: string | null;
  /** Kinds that are watched for sure. */
  readonly kinds: readonly Kind[];
  /** Whether the Azure CLI's sign-in asks in place of the app's identity. */
  readonly isOwnSignIn: boolean;
  /** Folder of package.json and host.json. */
  readonly root: string;
  readonly limits?: Limits;
};

/** The longest chain is two checks, each within its limit, and all end before half a minute is over. */
const usualLimits: Limits = { checkMs: 13_000, totalMs: 26_000 };

export async function examine(examination: Examination): Promise<Report> {
  const { source, url, kinds, isOwnSignIn, root, limits = usualLimits } = examination;
  const startedMs = performance.now();
  const checkedAt = new Date().toISOString();
  const run = createRun(limits);
  const values = addSettingChecks(run, source);
  addStorageChecks(run, values, isOwnSignIn);
  const token = addIdentityChecks(run, values, { kinds, isOwnSignIn });
  addGraphChecks(run, { values, token }, kinds);
  addCallerChecks(run, values);
  addAppChecks(run, values, url);
  addChecksOfThisFolder(run, values, root);
  const findings = await run.findings();
  const { version } = await readManifest(root);
  return makeReport(
    findings,
    { opwatch: version, checkedAt, durationMs: performance.now() - startedMs, settings: source.label, url },
    createScrub(source.env),
  );
}
