// The table of names is complete and says each thing once: what the code logs stands in it, and nothing else does.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { attributes, flowMetrics, logEvents, spans, sweepMetrics } from '../../../src/telemetry/names.ts';
import { repositoryRoot } from '../../architecture/planted-repository.ts';

const metrics = [...Object.values(sweepMetrics), ...Object.values(flowMetrics)];
const named = [...metrics, ...Object.values(spans)];

test('every name stands once and carries our prefix, or is that of a call to Graph', () => {
  const names = named.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !/^opwatch(\.[a-z_]+)+$/.test(name))).toEqual([
    'POST /$batch',
    '{method} {route}',
  ]);
});

test('a name with a unit of time ends with it', () => {
  for (const { name, unit } of metrics) {
    expect(name.endsWith('_ms')).toBe(unit === 'ms');
    expect(name.endsWith('_seconds')).toBe(unit === 's');
  }
});

test('every meaning is one sentence', () => {
  const meanings = [
    ...named.map(({ meaning }) => meaning),
    ...Object.values(attributes),
    ...Object.values(logEvents),
  ];
  expect(meanings.filter((meaning) => !/^[A-Z][^.]*(opwatch\.[\w.]+[^.]*)?\.$/.test(meaning))).toEqual([]);
});

test('every attribute of the table is used by a metric or a span', () => {
  const used = new Set<string>(named.flatMap((one) => [...one.attributes]));
  expect(used).toEqual(new Set(Object.keys(attributes)));
});

test('the log events are the messages that the code writes', () => {
  const sources = ['src', 'functions'].flatMap((folder) =>
    readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.endsWith('names.ts'))
      .map((path) => readFileSync(join(repositoryRoot, folder, path), 'utf8')),
  );
  const call = /\blog\(\s*'(?:debug|info|warn|error)',\s*(?:\{[^}]*\}|\w+),\s*'([^']+)'/g;
  const logged = sources.flatMap((source) => [...source.matchAll(call)].map(([, message]) => message));
  // An endpoint logs the code of its refusal.
  const codes = ['internal_error', 'storage_busy'];
  expect(new Set([...logged, ...codes])).toEqual(new Set(Object.keys(logEvents)));
});
