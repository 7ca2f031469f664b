// The ETag of a view changes exactly when something that is seen changes, but for the next poll.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Operation } from '../../../src/domain/operation.ts';
import { type OperationView, viewETag } from '../../../src/domain/view.ts';
import { anOperation, hour, startMs } from '../../fixtures/builders.ts';
import { healths, missing, nowMs, sinceAtMs, throttled, unreadable, viewOf } from './views.ts';

/** Each visible field on its own; what the field shows is another value than before. */
const changes: readonly { field: string; change: Partial<Operation> }[] = [
  { field: 'generation', change: { generation: 1 } },
  { field: 'sequence', change: { sequence: 9 } },
  { field: 'state', change: { state: 'failed' } },
  { field: 'status', change: { status: 'INPROGRESS' } },
  { field: 'statusKnown', change: { statusKnown: true } },
  { field: 'trackedAt', change: { trackedAtMs: startMs - 1 } },
  { field: 'changedAt', change: { changedAtMs: startMs - 1 } },
  { field: 'endedAt', change: { endedAtMs: startMs } },
  { field: 'deadlineAt', change: { deadlineAtMs: startMs + 2 * hour } },
  { field: 'trackedBy', change: { trackedBy: 'proxy' } },
  { field: 'error', change: { error: { code: 'x' } } },
  { field: 'result', change: { result: { code: 1 } } },
  { field: 'clientContext', change: { clientContext: '' } },
  { field: 'percentComplete', change: { percentComplete: 0 } },
  { field: 'label', change: { label: '' } },
  { field: 'metadata', change: { metadata: { a: '' } } },
  { field: 'health.status', change: { health: { status: 'blocked', code: 'http_503', sinceAtMs } } },
  { field: 'health.code', change: { health: { status: 'unreadable', code: 'http_504', sinceAtMs } } },
  {
    field: 'health.since',
    change: { health: { status: 'unreadable', code: 'http_503', sinceAtMs: sinceAtMs + 1 } },
  },
];

describe('the ETag', () => {
  const base = anOperation({ health: unreadable });

  test('is a strong one of visible ASCII', () => {
    expect(viewETag(viewOf(base))).toMatch(/^"[\w-]{22}"$/);
  });

  test.each(changes)('changes with $field', ({ change }) => {
    expect(viewETag(viewOf({ ...base, ...change }))).not.toBe(viewETag(viewOf(base)));
  });

  test('changes with what the explanation alone says: how often it was not found', () => {
    const tags = [missing(1), missing(2)].map((health) => viewETag(viewOf({ ...base, health })));
    expect(tags[0]).not.toBe(tags[1]);
  });

  test('changes when Graph asks to wait, and not when it asks for more', () => {
    const paused = viewETag(viewOf(base, throttled));
    expect(paused).not.toBe(viewETag(viewOf(base)));
    expect(viewETag(viewOf(base, { ...throttled, untilMs: throttled.untilMs + hour }))).toBe(paused);
    expect(viewETag(viewOf(base, { ...throttled, sinceAtMs: nowMs }))).not.toBe(paused);
  });

  const health = fc.constantFrom(...healths);
  const later = fc.nat({ max: hour });

  test('does not change with time and the next poll', () => {
    fc.assert(
      fc.property(health, later, later, (one, earlierMs, laterMs) => {
        const operation = anOperation({ health: one, state: 'running' });
        const tags = [earlierMs, laterMs].map((ms) => viewETag(viewOf(operation, null, startMs + ms)));
        expect(tags[0]).toBe(tags[1]);
      }),
    );
  });

  test('differs exactly when two views differ in anything but the next poll', () => {
    const seen = (view: OperationView): unknown => ({
      ...view,
      nextPollAt: null,
      health: { ...view.health, explanation: view.health.explanation.split(view.nextPollAt ?? '\0') },
    });
    const change = fc.array(fc.constantFrom(...changes), { maxLength: 3 });
    fc.assert(
      fc.property(change, change, later, (some, others, afterMs) => {
        const [one, other] = [some, others].map((all) =>
          viewOf(
            Object.assign({}, base, ...all.map((each) => each.change)),
            null,
            startMs + (all === some ? 0 : afterMs),
          ),
        ) as [OperationView, OperationView];
        const isSame = JSON.stringify(seen(one)) === JSON.stringify(seen(other));
        expect(viewETag(one) === viewETag(other)).toBe(isSame);
      }),
      { numRuns: 1000 },
    );
  });
});
