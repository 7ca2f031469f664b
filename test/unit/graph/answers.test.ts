// From any answer to an observation: total over whatever a body holds, and a status only where Graph clearly says one.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonValue } from '../../../src/domain/operation.ts';
import { errorCode, observationOf, observeAnswer } from '../../../src/graph/answers.ts';
import { anOperation, startMs } from '../../fixtures/builders.ts';

const dates = { sentAtMs: startMs, arrivedAtMs: startMs + 1 };
const kind = fc.constantFrom('connectionOperation', 'commsOperation', 'onenoteOperation');
const statusCode = fc.oneof(
  fc.constantFrom(200, 200, 200, 401, 403, 404, 410, 424, 429, 500, 503),
  fc.integer(),
);

/** Any JSON, mostly with Graph's own names in it. */
const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;
const operationId = anOperation().resource.operationId;
const mostly = <T>(usual: readonly T[]): fc.Arbitrary<T | JsonValue> =>
  fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: json });
const shaped = fc.record(
  {
    id: mostly([operationId, operationId.toUpperCase(), 'other', null]),
    status: mostly(['completed', 'inprogress', null, 'x'.repeat(129)]),
    error: fc.oneof(
      fc.record({ code: fc.constantFrom('itemNotFound', '40001', ''), innerError: json }),
      json,
    ),
    resultInfo: json,
    clientContext: json,
    percentComplete: json,
  },
  { requiredKeys: ['status'] },
);
const body = fc.oneof({ weight: 3, arbitrary: shaped }, { weight: 1, arbitrary: json });

test('any body of any status is one observation, dated by its request', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(kind, statusCode, body, (kind, status, body) => {
      const { key, resource } = anOperation();
      const observation = observeAnswer({ key, kind, resource }, { status, body }, dates);
      expect(observation).toMatchObject(dates);
      seen.set(observation.type, (seen.get(observation.type) ?? 0) + 1);
      expect('code' in observation ? observation.code : 'none').toMatch(/^[\w.-]{1,64}$/);
      if (observation.type !== 'status') return;
      // No status but from a 200 whose body has a word or null, and no other id than the one that was asked for.
      const said = body as Readonly<Record<string, unknown>>;
      expect(status).toBe(200);
      expect(said['status']).toBe(observation.status);
      expect(observation.status?.length ?? 0).toBeLessThanOrEqual(128);
      expect([operationId, operationId.toUpperCase(), null, undefined]).toContain(said['id']);
      const { clientContext, percentComplete } = observation.details;
      expect(clientContext === null || typeof clientContext === 'string').toBe(true);
      expect(percentComplete === null || Number.isFinite(percentComplete)).toBe(true);
    }),
    { numRuns: 3000 },
  );
  expect([...seen.keys()].toSorted()).toEqual(['gone', 'refused', 'status', 'unreadable']);
  expect(seen.get('status')).toBeGreaterThan(100);
});

test('any text where a body is expected is an observation of a change, or nothing', () => {
  const { kind, resource } = anOperation();
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        body.map((one) => JSON.stringify(one)),
      ),
      (bodyText) => {
        const observation = observationOf({ bodyText, ...dates }, { kind, resource });
        if (observation === null) return;
        expect(observation).toMatchObject({ type: 'status', observedBy: 'patch', ...dates });
      },
    ),
    { numRuns: 1000 },
  );
});

test('any body has one code of harmless characters, or none', () => {
  fc.assert(
    fc.property(body, (one) => {
      expect(errorCode(one) ?? 'none').toMatch(/^[\w.-]{1,64}$/);
    }),
  );
});
