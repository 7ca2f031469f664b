// docs/telemetry.md says what the table of names says, row by row and nothing else.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { attributes, flowMetrics, logEvents, spans, sweepMetrics } from '../../../src/telemetry/names.ts';
import { repositoryRoot } from '../../architecture/planted-repository.ts';

const document = readFileSync(join(repositoryRoot, 'docs/telemetry.md'), 'utf8');

/** Rows of a section's table, without its head. */
function rowsOf(section: string): readonly string[] {
  const [, text = ''] = document.split(`\n## ${section}\n`);
  const [own = ''] = text.split('\n## ');
  return own.split('\n').filter((line) => line.startsWith('| `'));
}

const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');
const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

test.each([
  [
    'Metrics',
    [...Object.values(flowMetrics), ...Object.values(sweepMetrics)].map(({ name, type, unit, ...more }) =>
      row(code([name]), type, unit, code(more.attributes), more.meaning),
    ),
  ],
  [
    'Spans',
    Object.values(spans).map(({ name, kind, meaning, ...more }) =>
      row(code([name]), kind, code(more.attributes), meaning),
    ),
  ],
  ['Attributes', Object.entries(attributes).map(([name, meaning]) => row(code([name]), meaning))],
  ['Lines of the log', Object.entries(logEvents).map(([message, meaning]) => row(code([message]), meaning))],
])('the section "%s" has the rows of the table of names', (section, rows) => {
  expect(rowsOf(section)).toEqual(rows);
});

test('the names in its queries exist', () => {
  const names = new Set(
    [...Object.values(flowMetrics), ...Object.values(sweepMetrics), ...Object.values(spans)].map(
      ({ name }): string => name,
    ),
  );
  const [, queries = ''] = /```kusto\n([^]*?)```/.exec(document) ?? [];
  const named = [...queries.matchAll(/'(opwatch\.[\w.]+)'/g)].map(([, name]) => name ?? '');
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((name) => !names.has(name))).toEqual([]);
});
