// The judge of a bench run: what a contestant told against what really happened. A judge that misses a mistake would let
// the cheapest contestant be the one that does nothing.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ArrivedEvent, type History, judge, problemsOf } from '../../../bench/verdict.ts';

const path = '/external/connections/a/operations/1';
const history: History = {
  path,
  changes: [
    { status: 'unspecified', atMs: 0 },
    { status: 'inprogress', atMs: 1000 },
    { status: 'completed', atMs: 2000 },
  ],
};
const late = 10_000;

function told(status: string, arrivedAtMs: number, more: Partial<ArrivedEvent> = {}): ArrivedEvent {
  return { path, status, arrivedAtMs, id: null, sequence: null, ...more };
}

function problems(events: readonly ArrivedEvent[], settledBeforeMs = late): readonly string[] {
  return problemsOf(judge(events, [history], settledBeforeMs));
}

describe('a verdict', () => {
  test('finds nothing wrong where both changes were told in order', () => {
    const verdict = judge([told('inprogress', 1100), told('completed', 2300)], [history], late);
    expect(problemsOf(verdict)).toEqual([]);
    expect(verdict.detections).toEqual([
      { changedAtMs: 1000, arrivedAtMs: 1100 },
      { changedAtMs: 2000, arrivedAtMs: 2300 },
    ]);
  });

  test.each([
    { what: 'the end was never told', events: [told('inprogress', 1100)], kind: 'lost' },
    { what: 'nothing was told', events: [], kind: 'lost' },
    {
      what: 'a word was told before it was true',
      events: [told('inprogress', 900), told('completed', 2100)],
      kind: 'invented',
    },
    {
      what: 'a word was told that the operation never had',
      events: [told('failed', 2100), told('completed', 2200)],
      kind: 'invented',
    },
    {
      what: 'the first word was told, which is no news',
      events: [told('unspecified', 500), told('completed', 2100)],
      kind: 'invented',
    },
    {
      what: 'an operation was told that nobody knows',
      events: [told('completed', 2100), told('completed', 2100, { path: '/other' })],
      kind: 'invented',
    },
    {
      what: 'a change was told twice without ids',
      events: [told('completed', 2100), told('completed', 2200)],
      kind: 'repeated',
    },
    {
      what: 'the end was told before what came before it',
      events: [told('completed', 2100), told('inprogress', 2200)],
      kind: 'disordered',
    },
    {
      what: 'sequences do not grow',
      events: [
        told('inprogress', 1100, { id: 'a', sequence: 2 }),
        told('completed', 2100, { id: 'b', sequence: 2 }),
      ],
      kind: 'disordered',
    },
    {
      what: 'sequences grow against the truth',
      events: [
        told('completed', 2100, { id: 'a', sequence: 1 }),
        told('inprogress', 2200, { id: 'b', sequence: 2 }),
      ],
      kind: 'disordered',
    },
  ])('is "$kind" when $what', ({ events, kind }) => {
    expect(problems(events).map((problem) => problem.split(':')[0])).toEqual([kind]);
  });

  test.each([
    { what: 'a word between two looks', events: [told('completed', 2100)], settledBeforeMs: late },
    {
      what: 'a change after the moment that had to be settled',
      events: [told('inprogress', 1100)],
      settledBeforeMs: 2000,
    },
    { what: 'anything before the first change', events: [], settledBeforeMs: 1000 },
    {
      what: 'an earlier word where the next one was told',
      events: [told('completed', 2100)],
      settledBeforeMs: 1500,
    },
  ])('does not ask for $what', ({ events, settledBeforeMs }) => {
    expect(problems(events, settledBeforeMs)).toEqual([]);
  });

  test('counts copies under one id, which a consumer drops, and finds nothing wrong with them', () => {
    const copy = [told('completed', 2100, { id: 'x' }), told('completed', 2200, { id: 'x' })];
    const verdict = judge(copy, [history], late);
    expect([problemsOf(verdict), verdict.copies, verdict.detections.length]).toEqual([[], 1, 1]);
  });

  test('takes what overtook for right where the sequence says where it belongs', () => {
    const end = told('completed', 2100, { id: 'b', sequence: 2 });
    const overtaken = told('inprogress', 2900, { id: 'a', sequence: 1 });
    const verdict = judge([end, overtaken, { ...end, arrivedAtMs: 3000 }], [history], late);
    expect([problemsOf(verdict), verdict.copies]).toEqual([[], 1]);
    expect(verdict.detections.map(({ arrivedAtMs }) => arrivedAtMs)).toEqual([2900, 2100]);
  });

  test('names whatever was taken away from or added to a right story', () => {
    const changeOf = fc.record({ index: fc.nat(), what: fc.constantFrom('lose', 'repeat', 'invent') });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), changeOf, (count, { index, what }) => {
        const histories = Array.from({ length: count }, (_, number) => ({
          ...history,
          path: `${path}${number}`,
        }));
        const right = histories.flatMap((one) => [
          told('inprogress', 1100, { path: one.path }),
          told('completed', 2100, { path: one.path }),
        ]);
        expect(problemsOf(judge(right, histories, late))).toEqual([]);
        const end = 2 * (index % count) + 1;
        const changed = {
          lose: right.filter((_, place) => place !== end),
          repeat: [...right, ...right.slice(end, end + 1)],
          invent: [...right, told('failed', 2200, { path: `${path}0` })],
        };
        expect(problemsOf(judge(changed[what as 'lose'], histories, late))).toHaveLength(1);
      }),
    );
  });
});
