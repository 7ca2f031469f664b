// The conformance table as people read it.
import { type Answer, type ConformanceCase, foreignWord, isRight, type Outcome } from './cases.ts';

export type ConformanceResult = {
  readonly conformanceCase: ConformanceCase;
  readonly opwatch: Outcome;
  readonly coreLro: Outcome;
};

export function conformanceTable(results: readonly ConformanceResult[]): string {
  const titles = ['', 'Graph answers the GETs', 'right is', 'Opwatch', '@azure/core-lro'];
  const rows = results.map(({ conformanceCase, opwatch, coreLro }) => [
    String(conformanceCase.number),
    `\`${conformanceCase.header}\`: ${answersText(conformanceCase.answers)}`,
    rightText(conformanceCase),
    cell(conformanceCase, opwatch),
    cell(conformanceCase, coreLro),
  ]);
  return [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The same in few rows: cases with which a poller does the same are one. */
export function conformanceSummary(results: readonly ConformanceResult[]): string {
  const groups = Map.groupBy(results, ({ conformanceCase, coreLro }) =>
    [conformanceCase.header, isRight(conformanceCase, coreLro), coreLro.ending, coreLro.gets].join(' '),
  );
  const titles = ['cases', 'the 202 names the operation in', 'Opwatch', '@azure/core-lro'];
  const rows = [...groups.values()].map((group) => [
    group.map(({ conformanceCase }) => conformanceCase.number).join(', '),
    `\`${group[0]?.conformanceCase.header}\``,
    summaryCell(group.map(({ conformanceCase, opwatch }) => [conformanceCase, opwatch] as const)),
    summaryCell(group.map(({ conformanceCase, coreLro }) => [conformanceCase, coreLro] as const)),
  ]);
  return [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function summaryCell(outcomes: readonly (readonly [ConformanceCase, Outcome])[]): string {
  const areRight = outcomes.every(([one, outcome]) => isRight(one, outcome));
  const endings = [...new Set(outcomes.map(([, { ending }]) => ending))].join(', ');
  const [[one, outcome] = []] = outcomes;
  const isEarly =
    one !== undefined && outcome?.ending !== 'waits' && outcome?.lastAnswer !== one.answers.at(-1);
  return `${areRight ? 'right' : '**wrong**'}: ${endings}${isEarly ? ', while it still runs' : ''}`;
}

/** One line: how many of the cases each poller passes. */
export function conformanceLine(results: readonly ConformanceResult[]): string {
  const passed = (outcome: (result: ConformanceResult) => Outcome): number =>
    results.filter((result) => isRight(result.conformanceCase, outcome(result))).length;
  const [opwatch, coreLro] = [passed((one) => one.opwatch), passed((one) => one.coreLro)];
  return `Right of ${results.length} cases: Opwatch ${opwatch}, @azure/core-lro ${coreLro}.`;
}

function cell(one: ConformanceCase, outcome: Outcome): string {
  const { ending, gets, lastAnswer, remark } = outcome;
  const reads = gets === 1 ? '1 GET' : `${gets} GETs`;
  const said =
    ending === 'waits' || lastAnswer === one.answers.at(-1) ? '' : `, while Graph says ${lastAnswer}`;
  const verdict = isRight(one, outcome) ? '' : '**wrong**: ';
  return `${verdict}${ending} after ${reads}${said}${remark === null ? '' : `; ${remark}`}`;
}

function answersText([first, ...more]: readonly Answer[]): string {
  const repeated = more.findIndex((answer) => answer !== first) + 1;
  const begin = repeated > 1 ? `${first} ×${repeated}` : String(first);
  return [begin, ...more.slice(repeated - 1).map(String)].join(', ');
}

function rightText({ right, answers }: ConformanceCase): string {
  return answers.at(-1) === foreignWord ? `${right}, where the kind has this word` : right;
}
