// What trouble with reading an operation says of its health, and what takes it away.
import { describe, expect, test } from 'vitest';
import type { Observation } from '../../../src/domain/observation.ts';
import { observe } from '../../../src/domain/observe.ts';
import type { Operation } from '../../../src/domain/operation.ts';
import { anOperation, anUnreadable, aStatus, minute, startMs } from '../../fixtures/builders.ts';

function after(observations: readonly Observation[]): Operation {
  return observations.reduce((current, one) => observe(current, one).operation, anOperation());
}

describe('health', () => {
  test('says since when and why a read is refused, and recovers with an answer', () => {
    const { sentAtMs, arrivedAtMs } = anUnreadable(minute);
    const refused: Observation = { type: 'refused', code: 'Forbidden', sentAtMs, arrivedAtMs };
    const blocked = after([aStatus('inprogress'), refused]);
    expect(blocked.health).toEqual({
      status: 'blocked',
      code: 'Forbidden',
      sinceAtMs: startMs + minute + 100,
    });
    expect(observe(blocked, aStatus('inprogress', 2 * minute)).operation.health.status).toBe('ok');
  });

  test('is not written again for the same trouble', () => {
    const once = after([anUnreadable(minute)]);
    expect(observe(once, anUnreadable(2 * minute)).operation).toBe(once);
  });

  test('keeps its beginning when the code of the trouble changes', () => {
    const operation = after([anUnreadable(minute), anUnreadable(2 * minute, 'http_503')]);
    expect(operation.health).toEqual({
      status: 'unreadable',
      code: 'http_503',
      sinceAtMs: startMs + minute + 100,
    });
  });

  test('does not hold throttling, which is the tenant’s', () => {
    const operation = anOperation();
    expect(observe(operation, anUnreadable(minute, 'throttled')).operation).toBe(operation);
  });
});
