// The report as a document: its form is stable, and docs/doctor.md describes it.
import { type CheckId, catalogue, groupOf, groups } from './catalogue.ts';
import type { Finding } from './run.ts';
import type { Status } from './verdict.ts';

/** Changes when a reader of the document would have to. */
const format = 1;

export type Report = {
  readonly format: typeof format;
  /** Release of the doctor. */
  readonly opwatch: string;
  readonly checkedAt: string;
  readonly durationMs: number;
  readonly settings: string;
  readonly url: string | null;
  /** The worst of all. */
  readonly status: Exclude<Status, 'skipped'>;
  readonly counts: Readonly<Record<Status, number>>;
  readonly checks: readonly ReportedCheck[];
};

export type ReportedCheck = Finding & { readonly group: string; readonly title: string };

export type About = Pick<Report, 'opwatch' | 'checkedAt' | 'durationMs' | 'settings' | 'url'>;

/** @param scrub takes out of a text what must not be shown. */
export function makeReport(
  findings: readonly Finding[],
  { opwatch, checkedAt, durationMs, settings, url }: About,
  scrub: (text: string) => string,
): Report {
  const counts = { pass: 0, warn: 0, fail: 0, skipped: 0 };
  for (const { status } of findings) counts[status] += 1;
  const onlyWarned = counts.warn > 0 ? 'warn' : 'pass';
  return {
    format,
    opwatch,
    checkedAt,
    durationMs: Math.round(durationMs),
    settings: scrub(settings),
    url: url === null ? null : scrub(url),
    status: counts.fail > 0 ? 'fail' : onlyWarned,
    counts,
    checks: findings.map((finding) => reported(finding, scrub)),
  };
}

function reported(
  { id, status, subject, detail, fix }: Finding,
  scrub: (text: string) => string,
): ReportedCheck {
  return {
    id,
    group: groups[groupOf(id)],
    title: titleOf(id),
    status,
    subject,
    detail: scrub(detail),
    fix: fix === null ? null : scrub(fix),
  };
}

function titleOf(id: CheckId): string {
  return catalogue[id];
}

/** @see docs/doctor.md. 2 is for a command that was not given as it has to be. */
export function exitCodeOf({ status }: Pick<Report, 'status'>, isStrict: boolean): 0 | 1 | 3 {
  if (status === 'fail') return 1;
  return status === 'warn' && isStrict ? 3 : 0;
}
