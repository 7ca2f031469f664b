// The report for a person: groups, one line a finding, what to do below it.
import { styleText } from 'node:util';
import type { Report, ReportedCheck } from './report.ts';
import type { Status } from './verdict.ts';

const colours = { pass: 'green', warn: 'yellow', fail: 'red', skipped: 'gray' } as const satisfies Readonly<
  Record<Status, string>
>;
const statusWidth = 9;
const indent = ' '.repeat(statusWidth + 2);

/** @see https://no-color.org */
export function isColoured(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return stream.isTTY === true && !env['NO_COLOR'];
}

export type Look = {
  readonly isColoured: boolean;
  /** Columns of the terminal; null: lines are as long as they are. */
  readonly width: number | null;
};

export function reportText(report: Report, { isColoured: hasColours, width }: Look): string {
  const paint = (status: Status, text: string): string =>
    hasColours ? styleText(colours[status], text, { validateStream: false }) : text;
  const { counts } = report;
  const groups = Map.groupBy(report.checks, ({ group }) => group);
  const lines = (check: Line): readonly string[] => linesOf(check, { paint, width });
  return [
    `Opwatch ${report.opwatch}`,
    `settings: ${report.settings}`,
    `app:      ${report.url ?? 'not given'}`,
    ...[...groups].flatMap(([group, checks]) => ['', group, ...gathered(checks).flatMap(lines)]),
    '',
    [
      paint('pass', `${counts.pass} pass`),
      counts.warn > 0 ? paint('warn', `${counts.warn} warn`) : '0 warn',
      counts.fail > 0 ? paint('fail', `${counts.fail} fail`) : '0 fail',
      `${counts.skipped} skipped`,
    ].join(', '),
    '',
  ].join('\n');
}

type Line = { readonly status: Status; readonly text: string; readonly fix: string | null };

/** A group's checks as lines; those that were skipped for one reason share a line. */
function gathered(checks: readonly ReportedCheck[]): readonly Line[] {
  const skipped = Map.groupBy(
    checks.filter(({ status }) => status === 'skipped'),
    ({ detail }) => detail,
  );
  const seen = new Set<string>();
  return checks.flatMap((check): readonly Line[] => {
    const { status, detail, fix } = check;
    if (status !== 'skipped') return [{ status, text: textOf(check), fix }];
    const together = skipped.get(detail) ?? [];
    if (seen.has(detail)) return [];
    seen.add(detail);
    return [{ status, text: `${together.map(({ title }) => title).join(', ')}: ${detail}`, fix }];
  });
}

/** What is wrong has an id to look up; what is right is only read in passing. */
function textOf({ id, title, status, detail }: ReportedCheck): string {
  return status === 'pass' ? `${title}: ${detail}` : `${detail}  [${id}]`;
}

function linesOf(
  { status, text, fix }: Line,
  {
    paint,
    width,
  }: { readonly paint: (status: Status, text: string) => string; readonly width: number | null },
): readonly string[] {
  const [head = '', ...more] = wrap(text, width);
  return [
    `  ${paint(status, status.padEnd(statusWidth))}${head}`,
    ...more.map((line) => indent + line),
    ...(fix === null
      ? []
      : wrap(`→ ${fix}`, width).map((line, index) => indent + (index === 0 ? line : `  ${line}`))),
  ];
}

/** At spaces, into what is left of the width beside the indent. */
function wrap(text: string, width: number | null): readonly string[] {
  if (width === null) return [text];
  const room = Math.max(40, width - indent.length - 2);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
