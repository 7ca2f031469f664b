// Whatever Graph says where a status stands: words that no table has, words that every object has, too many words.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildEvent, maxEventBytes } from '../../../src/domain/event.ts';
import { kindNames, kinds } from '../../../src/domain/kinds.ts';
import { type Decision, observe } from '../../../src/domain/observe.ts';
import { isTerminal, type JsonValue, type Kind } from '../../../src/domain/operation.ts';
import { boundedJson } from '../../../src/storage/bounded-operation.ts';
import { anOperation, aStatus, home, hour, minute, second, startMs } from '../../fixtures/builders.ts';

function isKnown(kind: Kind, word: string): boolean {
  return Object.keys(kinds[kind].words).includes(word.toLowerCase());
}

describe('whatever Graph writes', () => {
  test.each(['constructor', '__proto__', 'Constructor', 'toString', 'hasOwnProperty', ''])(
    'the word "%s" is unknown and ends nothing',
    (word) => {
      for (const kind of kindNames) {
        expect(observe(anOperation({ kind }), aStatus(word)).operation).toMatchObject({
          state: 'running',
          status: word,
          statusKnown: false,
        });
      }
    },
  );

  const status = fc.oneof(
    fc.option(fc.string({ unit: 'binary', maxLength: 128 })),
    fc.constantFrom('completed', 'FAILED', 'running'),
  );
  const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;
  const details = fc.record({
    error: json,
    result: json,
    clientContext: fc.option(fc.string({ maxLength: 256 })),
    percentComplete: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
  });

  test('is an observation like any other: known words alone end, and the raw word is kept', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...kindNames),
        status,
        details,
        fc.nat({ max: 2 * hour }),
        (kind, word, said, afterMs) => {
          const { operation, transitions } = observe(
            anOperation({ kind }),
            aStatus(word, afterMs, { details: said }),
          );
          const [first] = transitions;
          const known = word !== null && isKnown(kind, word);
          expect(first?.operation).toMatchObject({ status: word, statusKnown: known, sequence: 1 });
          expect(isTerminal(first?.operation.state ?? 'pending')).toBe(
            known && /^(completed|failed)$/i.test(word),
          );
          expect(operation.state === 'expired').toBe(transitions.length === 2);
          expect({ ...operation, ...said }).toEqual(operation);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('however many words it makes up, row and event stay within their bounds', () => {
    const words = Array.from({ length: 1000 }, (_, index) => `${index}"`.padStart(128, '"'));
    let last: Decision = {
      operation: anOperation({ deadlineAtMs: startMs + 24 * hour }),
      transitions: [],
      ignored: null,
    };
    for (const [index, word] of words.entries())
      last = observe(last.operation, aStatus(word, index * second));
    expect(last.operation.sequence).toBe(1000);
    expect(boundedJson(last.operation).length).toBeLessThan(32 * 1024);
    for (const transition of last.transitions) {
      expect(Buffer.byteLength(buildEvent(transition, home.root).body)).toBeLessThan(maxEventBytes);
    }
    // The latest words stay known: a replica that shows one of them again is behind.
    expect(observe(last.operation, aStatus(words.at(-60) ?? '', hour)).ignored).toBe('regression');
  });

  test('the same word in another case is no news, and the word stays as it came', () => {
    for (const [kind, word] of [
      ['connectionOperation', 'InProgress'],
      ['commsOperation', 'Finalizing'],
    ] as const) {
      const { operation } = observe(anOperation({ kind }), aStatus(word));
      for (const again of [word.toLowerCase(), word.toUpperCase()]) {
        expect(observe(operation, aStatus(again, minute))).toEqual({
          operation,
          transitions: [],
          ignored: null,
        });
      }
    }
  });
});
