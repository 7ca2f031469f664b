// The event as consumers get it, read by an independent parser of CloudEvents.
import { CloudEvent, type CloudEventV1 } from 'cloudevents';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildEvent, maxEventBytes } from '../../../src/domain/event.ts';
import { observe } from '../../../src/domain/observe.ts';
import type { Details, JsonValue, Operation } from '../../../src/domain/operation.ts';
import { aGone, anOperation, aStatus, home, minute } from '../../fixtures/builders.ts';

/** Bodies of all events that the observations make, oldest first. */
function bodiesOf(
  observations: readonly Parameters<typeof observe>[1][],
  operation: Operation = anOperation(),
  root: string = home.root,
): readonly string[] {
  const bodies: string[] = [];
  observations.reduce((current, observation) => {
    const decision = observe(current, observation);
    bodies.push(...decision.transitions.map((one) => buildEvent(one, root).body));
    return decision.operation;
  }, operation);
  return bodies;
}

function eventOf(body: string | undefined): CloudEventV1<Readonly<Record<string, unknown>>> {
  return JSON.parse(body ?? '') as CloudEventV1<Readonly<Record<string, unknown>>>;
}

describe('an event', () => {
  test('says all that a consumer needs, in the order and words of the contract', () => {
    const operation = anOperation({ label: 'import', metadata: { team: 'search' } });
    const [, second] = bodiesOf(
      [
        aStatus('inprogress'),
        aStatus('failed', minute, { details: { ...none, error: { code: 'x', message: 'y' } } }),
      ],
      operation,
    );
    const { key, generation } = operation;
    expect(eventOf(second)).toEqual({
      specversion: '1.0',
      id: `${key}-${generation}-2`,
      type: 'opwatch.connectionOperation.failed',
      source: `${home.root}/v1.0/external/connections/contosohr/operations/1.neu.0f3c`,
      subject: key,
      time: '2026-11-22T06:01:00.100Z',
      datacontenttype: 'application/json',
      sequence: '0000000002',
      partitionkey: 'contosohr',
      data: {
        key,
        kind: 'connectionOperation',
        generation,
        sequence: 2,
        terminal: true,
        previous: { state: 'running', status: 'inprogress' },
        current: { state: 'failed', status: 'failed', statusKnown: true },
        observedBy: 'poll',
        observedAt: '2026-11-22T06:01:00.100Z',
        resource: operation.resource,
        error: { code: 'x', message: 'y' },
        result: null,
        clientContext: null,
        percentComplete: null,
        evidence: null,
        label: 'import',
        metadata: { team: 'search' },
      },
    });
  });

  test('is one that the CloudEvents library takes', () => {
    for (const body of bodiesOf([aStatus(null), aStatus('inprogress', minute), aGone(5 * minute, 410)])) {
      const event = new CloudEvent(eventOf(body));
      expect(event.validate()).toBe(true);
    }
  });

  test('carries the trace that began its tracking where there is one, as an extension that the library takes', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const [body = ''] = bodiesOf([aStatus('inprogress')], anOperation({ traceparent }));
    expect(eventOf(body)).toMatchObject({ traceparent });
    expect(new CloudEvent(eventOf(body)).validate()).toBe(true);
    const [untraced = ''] = bodiesOf([aStatus('inprogress')]);
    expect(untraced).not.toContain('traceparent');
  });

  test('of something lost carries its evidence, in instants of ISO 8601', () => {
    const event = eventOf(bodiesOf([aGone(5 * minute, 410)])[0]);
    expect(event.data).toMatchObject({
      current: { state: 'lost', status: null, statusKnown: false },
      previous: null,
      evidence: {
        httpStatus: 410,
        count: 1,
        firstAt: '2026-11-22T06:05:00.000Z',
        lastAt: '2026-11-22T06:05:00.000Z',
      },
    });
  });

  test('names its source encoded, also of a custom root', () => {
    const operation = anOperation({ kind: 'onenoteOperation' });
    const resource = { ...operation.resource, path: "/users/o'neill#1@contoso.com/onenote/operations/1-a" };
    const [body] = bodiesOf([aStatus('Running')], { ...operation, resource }, 'http://127.0.0.1:7080');
    expect(eventOf(body).source).toBe(
      "http://127.0.0.1:7080/v1.0/users/o'neill%231%40contoso.com/onenote/operations/1-a",
    );
  });

  const none: Details = { error: null, result: null, clientContext: null, percentComplete: null };
});

describe('the size of an event', () => {
  test.each([
    { what: 'a long error text', details: { error: { code: 'x', message: 'm'.repeat(40_000) } } },
    { what: 'texts of four bytes a character', details: { error: { message: '😀'.repeat(20_000) } } },
    { what: 'many small texts', details: { error: Array.from({ length: 9000 }, (_, index) => `${index}`) } },
    { what: 'a long result', details: { result: { message: 'm'.repeat(30_000) } } },
    { what: 'a long client context', details: { clientContext: 'c'.repeat(30_000) } },
  ])('stays below 24 KiB and says that it was cut: $what', ({ details }) => {
    const whole = { error: null, result: null, clientContext: null, percentComplete: 50, ...details };
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const [body] = bodiesOf([aStatus('failed', minute, { details: whole })], anOperation({ traceparent }));
    expect(Buffer.byteLength(body ?? '')).toBeLessThanOrEqual(maxEventBytes);
    expect(body?.isWellFormed()).toBe(true);
    expect(eventOf(body).data).toMatchObject({ truncated: true, percentComplete: 50 });
  });

  test('holds for any JSON that Graph may send, and what fits is not cut', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (error) => {
        const details = {
          error: error as JsonValue,
          result: null,
          clientContext: null,
          percentComplete: null,
        };
        const [body] = bodiesOf([aStatus('failed', minute, { details })]);
        expect(Buffer.byteLength(body ?? '')).toBeLessThanOrEqual(maxEventBytes);
        expect(eventOf(body).data?.['error']).toEqual(JSON.parse(JSON.stringify(error)));
      }),
    );
  });
});
