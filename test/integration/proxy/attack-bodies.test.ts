// The attack list of the proxy for what a caller writes into a body, and for how often it calls.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Asked, type Proxy, startProxy } from './harness.ts';
import { connection, expectRefused } from './refusals.ts';

let proxy: Proxy;
beforeAll(async () => {
  proxy = await startProxy();
});
afterAll(() => proxy.stop());
beforeEach(() => {
  proxy.simulator.control.reset();
  proxy.simulator.control.addConnection({ id: 'contosohr', name: 'HR' });
});

const call = '9b2d1c3e-0000-4000-8000-00000000abcd';
const name = { name: 'People' };

const schema = `${connection}/schema`;
const operation = `${connection}/operations/op`;
const comms = `v1.0/communications/calls/${call}/operations/op`;
const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
const json = (headers: Readonly<Record<string, string>>): Asked => ({ body: '{"name":"x"}', headers });

const bodies: readonly (readonly [what: string, path: string, asked: Asked, status: number, code: string])[] =
  [
    ['A-38 state', connection, { body: { state: 'ready' } }, 400, 'property_not_allowed'],
    ['A-38 connectorId', connection, { body: { connectorId: 'x' } }, 400, 'property_not_allowed'],
    ['A-38 items', connection, { body: { items: [] } }, 400, 'property_not_allowed'],
    ['A-38 a binding', connection, { body: { 'operations@odata.bind': [] } }, 400, 'property_not_allowed'],
    ['A-38 a removal', connection, { body: { '@removed': {} } }, 400, 'property_not_allowed'],
    ['A-38 toString', connection, { body: '{"toString":"x"}' }, 400, 'property_not_allowed'],
    [
      'A-38 a foreign type',
      connection,
      { body: { ...name, '@odata.type': '#microsoft.graph.user' } },
      400,
      'value_invalid',
    ],
    ['A-38 another id', connection, { body: { ...name, id: 'contosoit' } }, 400, 'id_mismatch'],
    ['A-38 __proto__', connection, { body: '{"__proto__":{"isAdmin":true}}' }, 400, 'property_not_allowed'],
    [
      'A-38 an escaped __proto__ deep inside',
      comms,
      { body: '{"resultInfo":{"a":[{"\\u005f_proto__":{"isAdmin":true}}]}}' },
      400,
      'property_not_allowed',
    ],
    [
      'A-38 constructor',
      comms,
      { body: '{"resultInfo":{"constructor":{"prototype":{"isAdmin":true}}}}' },
      400,
      'property_not_allowed',
    ],
    [
      'A-38 prototype deep inside',
      comms,
      { body: '{"resultInfo":[{"prototype":{"isAdmin":true}}]}' },
      400,
      'property_not_allowed',
    ],
    [
      'A-38 129 properties',
      schema,
      { body: { properties: Array.from({ length: 129 }, () => ({})) } },
      400,
      'value_invalid',
    ],
    ['A-40 duplicate names', connection, { body: '{"name":"a","name":"b"}' }, 400, 'body_duplicate_key'],
    [
      'A-40 an escaped duplicate name',
      connection,
      { body: '{"name":"a","n\\u0061me":"b"}' },
      400,
      'body_duplicate_key',
    ],
    ['A-40 an unknown status', operation, { body: { status: 'done' } }, 400, 'value_invalid'],
    ['A-40 a status of another kind', operation, { body: { status: 'running' } }, 400, 'value_invalid'],
    ['A-40 a number as status', operation, { body: { status: 1 } }, 400, 'value_invalid'],
    ['A-40 an array as status', operation, { body: { status: ['failed'] } }, 400, 'value_invalid'],
    ['A-40 null as status', operation, { body: { status: null } }, 400, 'value_invalid'],
    ['A-40 a number beyond all numbers', operation, { body: '{"status":1e400}' }, 400, 'value_invalid'],
    ['A-42 nothing', connection, { body: '' }, 400, 'body_empty'],
    ['A-42 an empty object', connection, { body: '{}' }, 400, 'body_empty'],
    ['A-42 null', connection, { body: 'null' }, 400, 'body_invalid'],
    ['A-42 an array', connection, { body: '[]' }, 400, 'body_invalid'],
    ['A-42 a text', connection, { body: '"x"' }, 400, 'body_invalid'],
    ['A-42 no JSON', connection, { body: "{name:'x'}" }, 400, 'body_invalid_json'],
    ['A-42 two values', connection, { body: '{"name":"a"}{"name":"b"}' }, 400, 'body_invalid_json'],
    [
      'A-42 bad UTF-8',
      connection,
      { body: Buffer.from('7b226e223a22ff227d', 'hex') },
      400,
      'body_invalid_json',
    ],
    ['A-42 half a surrogate', connection, { body: '{"name":"\\ud800"}' }, 400, 'body_invalid_json'],
    ['A-42 a NUL', connection, { body: '{"name":"a\\u0000b"}' }, 400, 'body_invalid_json'],
    ['A-43 text/plain', connection, json({ 'content-type': 'text/plain' }), 415, 'media_type_unsupported'],
    [
      'A-43 UTF-16',
      connection,
      json({ 'content-type': 'application/json; charset=utf-16' }),
      415,
      'media_type_unsupported',
    ],
    [
      'A-43 a form',
      connection,
      json({ 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'media_type_unsupported',
    ],
    [
      'A-43 parts',
      connection,
      json({ 'content-type': 'multipart/form-data; boundary=x' }),
      415,
      'media_type_unsupported',
    ],
    ['A-43 no type', connection, json({ 'content-type': '' }), 415, 'media_type_unsupported'],
    [
      'A-43 gzip',
      connection,
      { body: randomBytes(64), headers: { 'content-encoding': 'gzip' } },
      415,
      'encoding_unsupported',
    ],
    ['A-43 brotli', connection, json({ 'content-encoding': 'br' }), 415, 'encoding_unsupported'],
    [
      'A-45 64 KiB and a byte',
      connection,
      { body: `{"name":"x"}${' '.repeat(65_525)}` },
      413,
      'body_too_large',
    ],
    [
      'A-45 a length that says 200 MB',
      connection,
      json({ 'content-length': '209715200' }),
      413,
      'body_too_large',
    ],
    ['A-45 33 levels', connection, { body: deep(33) }, 400, 'body_too_deep'],
    [
      'A-45 10,000 levels',
      connection,
      { body: '['.repeat(10_000) + ']'.repeat(10_000) },
      400,
      'body_too_deep',
    ],
    [
      'A-45 1,001 names',
      comms,
      { body: { resultInfo: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`n${i}`, 1])) } },
      400,
      'body_too_deep',
    ],
  ];

describe('a body', () => {
  test.each(bodies)('with %s is refused', async (_what, path, asked, status, code) => {
    await expectRefused(proxy, await proxy.patch(path, asked), [status, code]);
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
  });

  test.each<[string, Asked]>([
    ['a byte order mark', { body: '\ufeff{"name":"x"}' }],
    ['64 KiB', { body: `{"name":"x"}${' '.repeat(65_524)}` }],
    ['the type of a merge patch', json({ 'content-type': 'application/merge-patch+json' })],
    ['a type with a charset', json({ 'content-type': 'application/json; charset=UTF-8' })],
    [
      'both namespaces',
      { body: { name: 'x', '@odata.type': 'microsoft.graph.externalConnectors.externalConnection' } },
    ],
  ])('with %s is taken', async (_what, asked) => {
    expect(await proxy.patch(connection, asked)).toMatchObject({ status: 204 });
    expect(proxy.simulator.control.requests()[0]?.body).toEqual({ name: 'x' });
  });
});
