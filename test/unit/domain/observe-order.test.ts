// News comes late, twice, out of order and from replicas that lag. What an operation ends up as, and what is told of
// it, must not depend on that.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kinds } from '../../../src/domain/kinds.ts';
import type { Observation, StatusObservation } from '../../../src/domain/observation.ts';
import { type Decision, observe } from '../../../src/domain/observe.ts';
import { type Evidence, isTerminal, type Kind, type Operation } from '../../../src/domain/operation.ts';
import { aGone, anOperation, anUnreadable, aStatus, minute, second } from '../../fixtures/builders.ts';

/** All decisions in turn. */
function decide(news: readonly Observation[], operation: Operation = anOperation()): readonly Decision[] {
  const decisions: Decision[] = [];
  news.reduce((current, one) => {
    const decision = observe(current, one);
    decisions.push(decision);
    return decision.operation;
  }, operation);
  return decisions;
}

const after = (news: readonly Observation[], operation: Operation = anOperation()): Operation =>
  decide(news, operation).at(-1)?.operation ?? operation;

/** The words that events tell of, as they are published. */
const toldBy = (decisions: readonly Decision[]): readonly (string | null)[] =>
  decisions.flatMap(({ transitions }) => transitions.map(({ operation }) => operation.status));

/** Words of one kind, none below the one before: how an operation really goes. */
const truth = fc.constantFrom<Kind>('connectionOperation', 'commsOperation').chain((kind) => {
  const first = kind === 'connectionOperation' ? ['unspecified', 'inprogress'] : ['NotStarted', 'Running'];
  return fc
    .tuple(
      fc.subarray(first),
      fc.subarray(['finalizing', 'cleaningUp', 'Idle']),
      fc.subarray(['Completed', 'failed'], { maxLength: 1 }),
    )
    .map((parts) => ({ kind, words: parts.flat() }));
});

test('the order in which true news is applied makes no difference to what the operation becomes', () => {
  fc.assert(
    fc.property(
      truth.chain(({ kind, words }) => {
        // Each word is seen once or twice; between them Graph may say null. Requests do not overlap.
        const seen = [null, ...words.flatMap((word) => [word, word, null])];
        const news = seen.map((word, index) => aStatus(word, (index + 1) * 10 * second));
        const picked = fc.subarray(news, { minLength: 1 });
        return picked.chain((some) =>
          fc.record({
            kind: fc.constant(kind),
            inOrder: fc.constant(some),
            shuffled: fc.shuffledSubarray(some, { minLength: some.length }),
          }),
        );
      }),
      ({ kind, inOrder, shuffled }) => {
        const [one, other] = [inOrder, shuffled].map((news) => after(news, anOperation({ kind })));
        const became = { state: one?.state, status: one?.status, statusKnown: one?.statusKnown };
        expect(other).toMatchObject(became);
      },
    ),
    { numRuns: 2000 },
  );
});

test('what replicas show late, and in any order, is told as words that really followed each other', () => {
  fc.assert(
    fc.property(
      truth.filter(({ words }) => words.length > 0),
      fc.array(fc.record({ at: fc.nat({ max: 3000 }), lag: fc.nat({ max: 600 }), isPush: fc.boolean() }), {
        maxLength: 30,
      }),
      ({ kind, words: all }, looks) => {
        // Of several unknown words none can be known to be the earlier, so that a replica could set them back.
        const words = all.filter(
          (word, index) => isKnown(kind, word) || all.findIndex((each) => !isKnown(kind, each)) === index,
        );
        const news = looks.map(({ at, lag, isPush }) => {
          const word = words[Math.floor((Math.max(0, at - lag) / 3001) * words.length)] ?? null;
          return aStatus(word, at * second, { observedBy: isPush ? 'push' : 'poll' });
        });
        const told = toldBy(decide(news, anOperation({ kind })));
        let place = -1;
        for (const word of told) {
          const next = words.indexOf(word ?? '');
          expect(next).toBeGreaterThan(place);
          place = next;
        }
      },
    ),
    { numRuns: 2000 },
  );
});

function isKnown(kind: Kind, word: string): boolean {
  return Object.keys(kinds[kind].words).includes(word.toLowerCase());
}

describe('of two unknown words', () => {
  const early = aStatus('finalizing', minute);
  const late = aStatus('cleaningUp', 2 * minute);

  test('the one that was asked for later holds, in whatever order they arrive', () => {
    for (const news of [
      [early, late],
      [late, early],
    ])
      expect(after(news).status).toBe('cleaningUp');
    expect(observe(after([late]), early).ignored).toBe('regression');
  });

  test('the one that was asked for while the other was on its way waits for the next read', () => {
    const overlapping = { ...late, sentAtMs: early.arrivedAtMs - 1 };
    expect(after([early, overlapping]).status).toBe('finalizing');
    expect(after([early, overlapping, { ...late, sentAtMs: early.arrivedAtMs }]).status).toBe('cleaningUp');
  });
});

describe('a push', () => {
  const pushed = (status: string, afterMs: number) => aStatus(status, afterMs, { observedBy: 'push' });

  test('that tells the end holds against polls that still say running', () => {
    const news = [aStatus('inprogress'), pushed('completed', minute), aStatus('inprogress', 2 * minute)];
    const decisions = decide(news);
    expect(toldBy(decisions)).toEqual(['inprogress', 'completed']);
    expect(decisions.at(-1)).toMatchObject({
      ignored: 'ended',
      operation: { state: 'succeeded', sequence: 2 },
    });
  });

  test.each([
    {
      order: 'in order',
      news: [pushed('inprogress', 1000), pushed('completed', 2000)],
      told: ['inprogress', 'completed'],
    },
    {
      order: 'out of order',
      news: [pushed('completed', 1000), pushed('inprogress', 2000)],
      told: ['completed'],
    },
    {
      order: 'as fifty copies',
      news: Array.from({ length: 50 }, (_, copy) => pushed('completed', copy)),
      told: ['completed'],
    },
    { order: 'with both ends', news: [pushed('failed', 1000), pushed('completed', 2000)], told: ['failed'] },
  ])('and others $order are told as $told', ({ news, told }) => {
    expect(toldBy(decide(news))).toEqual(told);
  });

  test('ends no trouble but the suspicion that the operation is gone', () => {
    const trouble = after([aStatus('inprogress'), anUnreadable(minute)]);
    expect(observe(trouble, pushed('inprogress', 2 * minute)).operation).toBe(trouble);
    const gone = after([aStatus('inprogress'), aGone(3 * minute)]);
    expect(observe(gone, pushed('inprogress', 4 * minute)).operation.health.status).toBe('ok');
  });
});

const instant = fc.nat({ max: 40 * 60 }).map((seconds) => seconds * second);
const anything: fc.Arbitrary<Observation> = fc.oneof(
  fc
    .tuple(fc.constantFrom('unspecified', 'inprogress', 'finalizing', null), instant)
    .map(([word, at]) => aStatus(word, at)),
  instant.map((at) => aGone(at)),
  instant.map((at) => anUnreadable(at)),
);

/** 404s that are enough, and no 200 that was asked for between them. */
function expectProof(evidence: Evidence, operation: Operation, answers: readonly StatusObservation[]): void {
  const { count, firstAtMs, lastAtMs } = evidence;
  expect(count).toBeGreaterThanOrEqual(3);
  expect(lastAtMs - firstAtMs).toBeGreaterThanOrEqual(minute);
  expect(firstAtMs).toBeGreaterThanOrEqual(operation.graceUntilMs);
  expect(answers.filter(({ sentAtMs }) => sentAtMs >= firstAtMs && sentAtMs <= lastAtMs)).toEqual([]);
}

describe('lost', () => {
  test('is never concluded over a 200 that was asked for between its 404s', () => {
    let lost = 0;
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 30, size: 'max' }), (news) => {
        const sinceSuspected: StatusObservation[] = [];
        let operation = anOperation();
        for (const one of news) {
          const { operation: next, transitions } = observe(operation, one);
          const evidence = transitions.at(-1)?.evidence ?? null;
          if (evidence !== null) {
            lost += 1;
            expectProof(evidence, operation, sinceSuspected);
          }
          if (next.health.status !== 'missing') sinceSuspected.length = 0;
          else if (one.type === 'status') sinceSuspected.push(one);
          operation = next;
        }
      }),
      { numRuns: 3000 },
    );
    expect(lost).toBeGreaterThan(100);
  });

  test('is not put off by a 200 that was asked for before its first 404', () => {
    const older = aStatus('inprogress', 3 * minute - second);
    for (const trouble of [aGone(3 * minute), anUnreadable(3 * minute)]) {
      const troubled = after([aStatus('inprogress'), trouble]);
      expect(observe(troubled, older)).toEqual({ operation: troubled, transitions: [], ignored: null });
    }
    const evidence = [aGone(3 * minute), older, aGone(3.5 * minute), aGone(4 * minute)];
    expect(after([aStatus('inprogress'), ...evidence]).state).toBe('lost');
  });

  test('is not concluded when a 200 overlapped the first 404', () => {
    const first = aGone(3 * minute);
    const overlapping = {
      ...aStatus('inprogress', 3 * minute),
      sentAtMs: first.sentAtMs + 1,
      arrivedAtMs: first.arrivedAtMs + 50,
    };
    const news = [aStatus('inprogress'), first, overlapping, aGone(4 * minute), aGone(5 * minute)];
    expect(after(news).health).toMatchObject({ status: 'missing', evidence: { count: 2 } });
  });
});

describe('the same again', () => {
  test('writes nothing, whatever was said before', () => {
    fc.assert(
      fc.property(
        fc.array(anything, { minLength: 1, maxLength: 20 }),
        fc.nat({ max: 1000 }),
        (news, extraMs) => {
          const settled = after([...news, aStatus(after(news).status, 41 * minute)]);
          if (isTerminal(settled.state)) return;
          const again = observe(
            settled,
            aStatus(settled.status?.toUpperCase() ?? null, 42 * minute + extraMs),
          );
          expect(again.operation).toBe(settled);
          expect(again).toMatchObject({ transitions: [], ignored: null });
        },
      ),
    );
  });
});
