// The eleven cases: what Opwatch does is a promise; what the other poller does is what README's table says of it.
import { expect, test } from 'vitest';
import { conformanceCases, isRight, type Outcome } from '../../../bench/conformance/cases.ts';
import { runCoreLro } from '../../../bench/conformance/core-lro.ts';
import { runOpwatch } from '../../../bench/conformance/opwatch.ts';
import { conformanceLine, conformanceSummary, conformanceTable } from '../../../bench/conformance/table.ts';
import { azurite } from '../../fixtures/azurite.ts';

const endedEarly: Outcome = { ending: 'succeeded', gets: 1, lastAnswer: 'inprogress', remark: null };
const failedRightly = expect.objectContaining({ ending: 'failed', gets: 4, lastAnswer: 'failed' });

const others: Readonly<Record<number, unknown>> = {
  1: endedEarly,
  2: endedEarly,
  3: { ending: 'waits', gets: 14, lastAnswer: 'completed', remark: null },
  4: failedRightly,
  5: { ending: 'succeeded', gets: 5, lastAnswer: 'succeeded', remark: null },
  6: endedEarly,
  7: endedEarly,
  8: { ...endedEarly, lastAnswer: 'unspecified' },
  9: endedEarly,
  10: endedEarly,
  11: endedEarly,
};

test.each(conformanceCases)('Opwatch ends conformance case $number as $right', async (one) => {
  const outcome = await runOpwatch(one, azurite());
  expect([isRight(one, outcome), outcome]).toEqual([true, outcome]);
});

test.each(conformanceCases)(
  'core-lro does with conformance case $number what the table says',
  async (one) => {
    expect(await runCoreLro(one)).toEqual(others[one.number]);
  },
);

test('the table shows who is wrong, and the line below counts them', () => {
  const [first, , , , fifth] = conformanceCases;
  if (first === undefined || fifth === undefined) throw new Error('no cases');
  const right: Outcome = { ending: 'succeeded', gets: 4, lastAnswer: 'completed', remark: null };
  const waits: Outcome = { ending: 'waits', gets: 14, lastAnswer: 'succeeded', remark: 'tells it' };
  const results = [
    { conformanceCase: first, opwatch: right, coreLro: endedEarly },
    { conformanceCase: fifth, opwatch: waits, coreLro: { ...right, lastAnswer: 'succeeded' } },
  ];
  expect(conformanceTable(results).split('\n').slice(2)).toEqual([
    '| 1 | `Location`: inprogress ×3, completed | succeeded | succeeded after 4 GETs | **wrong**: succeeded after 1 GET, while Graph says inprogress |',
    '| 5 | `Operation-Location`: inprogress ×3, succeeded | succeeded, where the kind has this word | waits after 14 GETs; tells it | succeeded after 4 GETs |',
  ]);
  expect(conformanceSummary(results).split('\n').slice(2)).toEqual([
    '| 1 | `Location` | right: succeeded | **wrong**: succeeded, while it still runs |',
    '| 5 | `Operation-Location` | right: waits | right: succeeded |',
  ]);
  expect(conformanceLine(results)).toBe('Right of 2 cases: Opwatch 2, @azure/core-lro 1.');
});
