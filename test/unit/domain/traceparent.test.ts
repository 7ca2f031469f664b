// Which texts continue a trace.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { validTraceparent } from '../../../src/domain/traceparent.ts';

const valid = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('a traceparent', () => {
  test.each([valid, valid.replace(/01$/, '00'), valid.replace(/01$/, 'ff')])(
    'is kept as it came: %s',
    (text) => {
      expect(validTraceparent(text)).toBe(text);
    },
  );

  test.each([
    ['of another version', valid.replace(/^00/, '01')],
    ['of the forbidden version', valid.replace(/^00/, 'ff')],
    ['without a trace', valid.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32))],
    ['without a span', valid.replace('b7ad6b7169203331', '0'.repeat(16))],
    ['in capitals', valid.toUpperCase()],
    ['with more after it', `${valid}-00`],
    ['with a line break', `${valid}\n`],
    ['with a header behind a line break', `${valid}\r\nx-evil: 1`],
    ['with an escape sequence', `\u001B[31m${valid}`],
    ['that is ten kilobytes long', valid.padEnd(10_240, '0')],
    ['that is empty', ''],
    ['that is no text', 12],
    ['that is absent', undefined],
  ])('is dropped: one %s', (_what, text) => {
    expect(validTraceparent(text)).toBeUndefined();
  });

  test('is never anything but 55 characters of hexadecimals and dashes', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}.?$/)),
        (text) => {
          expect(validTraceparent(text) ?? valid).toMatch(/^[0-9a-f-]{55}$/);
        },
      ),
    );
  });
});
