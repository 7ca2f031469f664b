// Each rule of the linter that the project relies on bites; all are planted at once, one file a rule.
import { beforeAll, describe, expect, test } from 'vitest';
import { checkPurity } from '../../dev/checks/purity.ts';
import { checkLint } from '../../dev/checks/tools.ts';
import { type PlantedRepository, plantRepository } from './planted-repository.ts';

const rows = [
  ['any', 'src/http/a1.ts', 'export const value: any = 1;', 'no-explicit-any'],
  ['a floating promise', 'src/http/a2.ts', 'Promise.resolve(1);', 'no-floating-promises'],
  ['a default export', 'src/http/a3.ts', 'const one = 1;\nexport default one;', 'no-default-export'],
  ['the console in src', 'src/http/a4.ts', "console.log('x');", 'no-console'],
  ['the console in functions', 'functions/a5.ts', "console.log('x');", 'no-console'],
  [
    'the environment outside of the configuration',
    'src/http/a6.ts',
    'export const e = process.env;',
    'no-process-env',
  ],
  [
    'the clock in the domain',
    'src/domain/a7.ts',
    'export const at = () => Date.now();',
    'no-restricted-properties',
  ],
  [
    'the clock in a flow',
    'src/flows/a8.ts',
    'export const at = () => Date.now();',
    'no-restricted-properties',
  ],
  [
    'chance in the domain',
    'src/domain/a9.ts',
    'export const r = () => Math.random();',
    'no-restricted-properties',
  ],
  [
    'process in the domain',
    'src/domain/b1.ts',
    'export const p = () => process.pid;',
    'no-restricted-globals',
  ],
  [
    'a timer in a flow',
    'src/flows/b2.ts',
    'export const t = () => setTimeout(() => 1, 1);',
    'no-restricted-globals',
  ],
  [
    'an interval in a flow',
    'src/flows/b3.ts',
    'export const t = () => setInterval(() => 1, 1);',
    'no-restricted-globals',
  ],
  [
    'the network in the domain',
    'src/domain/b4.ts',
    "export const f = () => fetch('x');",
    'no-restricted-globals',
  ],
  [
    'a nested ternary',
    'src/http/b5.ts',
    'export const n = (a: number) => (a > 1 ? 1 : a > 0 ? 2 : 3);',
    'no-nested-ternary',
  ],
  [
    'a changed parameter',
    'src/http/b6.ts',
    'export function f(a: number) {\n  a = 2;\n  return a;\n}',
    'no-param-reassign',
  ],
  [
    'four parameters',
    'src/http/b7.ts',
    'export const f = (a: 1, b: 1, c: 1, d: 1) => [a, b, c, d];',
    'max-params',
  ],
  ['a name in camel case', 'src/http/camelCase.ts', 'export const c = 1;', 'filename-case'],
  [
    'a platform module without node:',
    'src/http/b8.ts',
    "import { sep } from 'path';\nexport const s = sep;",
    'prefer-node-protocol',
  ],
  [
    'a mocked module',
    'test/unit/b9.test.ts',
    "import { vi } from 'vitest';\nvi.mock('node:fs');",
    'no-restricted-vi-methods',
  ],
  [
    'a test that runs alone',
    'test/unit/c1.test.ts',
    "import { test } from 'vitest';\ntest.only('x', () => undefined);",
    'no-focused-tests',
  ],
] as const;

let planted: PlantedRepository;
beforeAll(async () => {
  planted = await plantRepository(Object.fromEntries(rows.map(([, path, code]) => [path, `${code}\n`])));
});

describe('lint', () => {
  let report: readonly string[];
  beforeAll(async () => {
    const { problems } = await checkLint(planted.root);
    report = problems.flatMap((problem) => problem.split('\n'));
  });

  test.each(rows)('refuses %s', (_name, path, _code, rule) => {
    expect(report.filter((line) => line.startsWith(path)).join('\n')).toContain(rule);
  });

  test('accepts the clean repository', async () => {
    const clean = await plantRepository();
    expect(await checkLint(clean.root)).toEqual({ problems: [], seen: '11 files' });
  });
});

describe('purity', () => {
  test.each([
    ['a date of now', 'export const d = () => new Date();', 'reads the clock'],
    ['a date of now as text', 'export const d = () => Date();', 'reads the clock'],
    [
      'a random id',
      "import { randomUUID } from 'node:crypto';\nexport const d = randomUUID;",
      'takes a chance',
    ],
    [
      'renamed chance',
      "import { randomInt as n } from 'node:crypto';\nexport const d = n;",
      'takes a chance',
    ],
  ])('refuses %s in the domain', async (_name, code, problem) => {
    const repository = await plantRepository({ 'src/domain/d.ts': `// Head.\n${code}\n` });
    const { problems } = await checkPurity(repository.root);
    expect(problems).toEqual([`src/domain/d.ts:2: ${problem}, which is a port`]);
  });

  test('accepts dates of given instants', async () => {
    const clean = await plantRepository();
    expect(await checkPurity(clean.root)).toEqual({ problems: [], seen: '2 files' });
  });
});
