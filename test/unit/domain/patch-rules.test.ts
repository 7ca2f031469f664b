// What a caller may change: each resource's properties, and the values they may have.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSameId } from '../../../src/domain/ids.ts';
import { checkPatch, type JsonObject } from '../../../src/domain/patch-rules.ts';
import { literalForms, type ProxiedResource } from '../../../src/domain/proxied-resources.ts';

function resourceOf(form: string): ProxiedResource {
  const row = literalForms[form];
  if (row === undefined) throw new TypeError(`no form ${form}`);
  return row.resource;
}

function check(form: string, body: JsonObject, id: string | null = null) {
  const { rules, words } = resourceOf(form);
  return checkPatch(rules, body, { words, isSameId: id === null ? null : (given) => isSameId(given, id) });
}

const connectionOperation = 'connectionOperation';
const commsOperation = 'commsOperation';
const operation = 'operation';
const connection = 'externalConnection';

describe('what passes', () => {
  test.each<{ what: string; form: string; body: JsonObject; sent: JsonObject }>([
    {
      what: 'a status word of a connection operation in any case',
      form: connectionOperation,
      body: { status: 'InProgress' },
      sent: { status: 'InProgress' },
    },
    {
      what: 'an error of the type publicError, as it came',
      form: connectionOperation,
      body: { error: { '@odata.type': 'microsoft.graph.publicError', code: 'x', message: 'y' } },
      sent: { error: { '@odata.type': 'microsoft.graph.publicError', code: 'x', message: 'y' } },
    },
    {
      what: 'an error that is null',
      form: connectionOperation,
      body: { error: null },
      sent: { error: null },
    },
    {
      what: 'the type of the old namespace, which is not sent on',
      form: connectionOperation,
      body: { '@odata.type': '#microsoft.graph.connectionOperation', status: 'failed' },
      sent: { status: 'failed' },
    },
    {
      what: 'the type of the new namespace, which is not sent on',
      form: connectionOperation,
      body: { '@odata.type': 'microsoft.graph.externalConnectors.connectionOperation', status: 'failed' },
      sent: { status: 'failed' },
    },
    {
      what: 'a subtype of commsOperation, which is sent on',
      form: commsOperation,
      body: { '@odata.type': '#microsoft.graph.playPromptOperation', status: 'running' },
      sent: { '@odata.type': '#microsoft.graph.playPromptOperation', status: 'running' },
    },
    {
      what: 'a client context of 256 characters',
      form: commsOperation,
      body: { clientContext: 'c'.repeat(256) },
      sent: { clientContext: 'c'.repeat(256) },
    },
    {
      what: 'times of a OneNote operation with seven decimals and an offset',
      form: operation,
      body: {
        createdDateTime: '2026-12-31T23:57:22.3554145+03:00',
        lastActionDateTime: '2026-01-01T00:01:23Z',
      },
      sent: {
        createdDateTime: '2026-12-31T23:57:22.3554145+03:00',
        lastActionDateTime: '2026-01-01T00:01:23Z',
      },
    },
    {
      what: 'name and description of a connection',
      form: connection,
      body: { name: 'n'.repeat(128), description: null },
      sent: { name: 'n'.repeat(128), description: null },
    },
  ])('$what passes', ({ form, body, sent }) => {
    expect(check(form, body)).toEqual({ ok: true, body: sent, id: null, isGuarded: false });
  });

  test('the id of the path passes in any spelling and is not sent on', () => {
    const id = '9b2d1c3e-0000-4000-8000-00000000abcd';
    const body = { id: '9B2D1C3E00004000800000000000ABCD', status: 'completed' };
    expect(check(commsOperation, body, id)).toEqual({
      ok: true,
      body: { status: 'completed' },
      id: body.id,
      isGuarded: false,
    });
  });

  test('configuration is told apart as guarded', () => {
    expect(check(connection, { configuration: { authorizedAppIds: [] } })).toMatchObject({
      ok: true,
      isGuarded: true,
    });
  });
});

describe('what is refused', () => {
  const refused: readonly (readonly [what: string, form: string, body: JsonObject, code: string])[] = [
    ['a status that is no word of the kind', connectionOperation, { status: 'running' }, 'value_invalid'],
    ['the word for members to come', connectionOperation, { status: 'unknownFutureValue' }, 'value_invalid'],
    ['a number as status', connectionOperation, { status: 1 }, 'value_invalid'],
    ['null as status', connectionOperation, { status: null }, 'value_invalid'],
    ['an array as status', connectionOperation, { status: ['failed'] }, 'value_invalid'],
    [
      'a name of the object prototype as status',
      connectionOperation,
      { status: 'toString' },
      'value_invalid',
    ],
    ['an error that is a text', connectionOperation, { error: 'broken' }, 'value_invalid'],
    ['an error of another type', connectionOperation, { error: { '@odata.type': 'x.y' } }, 'value_invalid'],
    ['another type', connectionOperation, { '@odata.type': '#microsoft.graph.user' }, 'value_invalid'],
    ['null as type', connectionOperation, { '@odata.type': null, status: 'failed' }, 'value_invalid'],
    ['a number as id', connectionOperation, { id: 1, status: 'failed' }, 'value_invalid'],
    [
      'a client context of 257 characters',
      commsOperation,
      { clientContext: 'c'.repeat(257) },
      'value_invalid',
    ],
    [
      'result info of a connection operation',
      connectionOperation,
      { resultInfo: {} },
      'property_not_allowed',
    ],
    ['a date without time', operation, { createdDateTime: '2026-01-01' }, 'value_invalid'],
    ['an impossible date', operation, { createdDateTime: '2026-13-01T00:00:00Z' }, 'value_invalid'],
    ['a name of 129 characters', connection, { name: 'n'.repeat(129) }, 'value_invalid'],
    ['a name that is a number', connection, { name: 7 }, 'value_invalid'],
    ['state of a connection', connection, { state: 'ready' }, 'property_not_allowed'],
    ['connectorId', connection, { connectorId: 'x' }, 'property_not_allowed'],
    ['items', connection, { items: [] }, 'property_not_allowed'],
    ['a binding', connection, { 'operations@odata.bind': [] }, 'property_not_allowed'],
    ['a removal', connection, { '@removed': {} }, 'property_not_allowed'],
    ['a property in another case', connection, { Name: 'x' }, 'property_not_allowed'],
    ['toString', connection, { toString: 'x' }, 'property_not_allowed'],
    ['hasOwnProperty', connection, { hasOwnProperty: 'x' }, 'property_not_allowed'],
    ['nothing but an id', connection, { id: 'contosohr' }, 'body_empty'],
    ['nothing at all', connection, {}, 'body_empty'],
  ];
  test.each(refused)('%s is refused', (_what, form, body, code) => {
    expect(check(form, body)).toMatchObject({ ok: false, code });
  });

  test('another id than that of the path is refused', () => {
    const answer = check(connection, { id: 'contosoit', name: 'x' }, 'contosohr');
    expect(answer).toMatchObject({ ok: false, code: 'id_mismatch' });
  });

  test('a refusal names the property in printable characters and never its value', () => {
    const answer = check(connection, { 'bad\r\n\u202ename': 'secret-value' });
    expect(answer).toEqual({
      ok: false,
      code: 'property_not_allowed',
      detail: 'The property "bad???name" may not be changed here.',
    });
  });
});

test('whatever the body, only properties of the table are sent on, each with its own value', () => {
  const forms = [connectionOperation, commsOperation, operation, connection, 'connections'];
  const names = [
    'id',
    '@odata.type',
    'status',
    'error',
    'name',
    'description',
    'configuration',
    'clientContext',
  ];
  const name = fc.oneof(fc.constantFrom(...names, 'resultInfo', 'createdDateTime', 'toString'), fc.string());
  const value = fc.oneof(fc.constantFrom('failed', 'Completed', null, {}), fc.jsonValue({ maxDepth: 2 }));
  fc.assert(
    fc.property(fc.constantFrom(...forms), fc.dictionary(name, value, { maxKeys: 4 }), (form, given) => {
      const body = given as JsonObject;
      const checked = check(form, body);
      if (!checked.ok) return;
      const { rules } = resourceOf(form);
      expect(Object.keys(checked.body)).not.toEqual([]);
      for (const [sent, its] of Object.entries(checked.body)) {
        expect(sent === '@odata.type' || Object.hasOwn(rules.properties, sent)).toBe(true);
        expect(its).toBe(body[sent]);
      }
    }),
    { numRuns: 2000 },
  );
});
