// The other static checks bite: a violation is planted in a clean repository, and the check names it.
import { describe, expect, test } from 'vitest';
import { checkBundle } from '../../dev/checks/bundle.ts';
import { checkOpenApiDocument } from '../../dev/checks/openapi.ts';
import type { Check } from '../../dev/checks/outcome.ts';
import { checkSize } from '../../dev/checks/size.ts';
import { checkSupplyChain } from '../../dev/checks/supply-chain.ts';
import { checkTestNames } from '../../dev/checks/test-names.ts';
import { checkDeadCode, checkFormat, checkTypes } from '../../dev/checks/tools.ts';
import { plantRepository, repositoryRoot } from './planted-repository.ts';

const lines = (count: number, line = '  void 0;\n'): string => line.repeat(count);
const imports = "import { test } from 'vitest';\n\n";

type Row = {
  readonly violation: string;
  readonly check: Check;
  readonly files: Readonly<Record<string, string>>;
  readonly says: string;
};

const rows: readonly Row[] = [
  {
    violation: 'a file that is not formatted',
    check: checkFormat,
    files: { 'src/http/a.ts': 'export const a =   1\n' },
    says: 'src/http/a.ts format',
  },
  {
    violation: 'imports out of order',
    check: checkFormat,
    files: {
      'src/http/a.ts':
        "import { sep } from 'node:path';\nimport { EOL } from 'node:os';\n\nexport const a = sep + EOL;\n",
    },
    says: 'src/http/a.ts',
  },
  {
    violation: 'a wrong type',
    check: checkTypes,
    files: { 'src/http/a.ts': "export const a: number = 'one';\n" },
    says: 'src/http/a.ts(1,14): error TS2322',
  },
  {
    violation: 'an enum, which type stripping can not run',
    check: checkTypes,
    files: { 'src/http/a.ts': 'export enum A {\n  One,\n}\n' },
    says: 'error TS1294',
  },
  {
    violation: 'an export that nobody imports',
    check: checkDeadCode,
    files: {
      'src/config.ts': 'export const unused = 1;\nexport const loadPace = (pace: number): number => pace;\n',
    },
    says: 'unused  src/config.ts:1:14',
  },
  {
    violation: 'a file that nobody imports',
    check: checkDeadCode,
    files: { 'src/http/forgotten.ts': 'export const a = 1;\n' },
    says: 'src/http/forgotten.ts',
  },
  {
    violation: 'a package that nobody declared',
    check: checkDeadCode,
    files: {
      'functions/main.ts':
        "import { z } from 'zod';\nimport { start } from '../src/app.ts';\n\nawait start();\nvoid z;\n",
    },
    says: 'zod  functions/main.ts',
  },
  {
    violation: 'a file of 301 lines',
    check: checkSize,
    files: { 'src/http/a.ts': lines(301, '// line\n') },
    says: 'src/http/a.ts: 301 lines, 300 at most',
  },
  {
    violation: 'a function of 61 lines',
    check: checkSize,
    files: { 'src/http/a.ts': `// Head.\nexport function a() {\n${lines(59)}}\n` },
    says: 'src/http/a.ts:2: a function of 61 lines, 60 at most',
  },
  {
    violation: 'two tests of one name',
    check: checkTestNames,
    files: {
      'test/unit/a.test.ts': `${imports}test('says a', () => undefined);\ntest.each([1])('says a', () => undefined);\n`,
    },
    says: 'test/unit/a.test.ts:4: "says a" is the name of line 3 too',
  },
  {
    violation: 'two tests of one name in different groups',
    check: checkTestNames,
    files: {
      'test/unit/a.test.ts': `import { describe, it } from 'vitest';\ndescribe('a', () => {\n  it('runs', () => undefined);\n});\ndescribe('b', () => {\n  it('runs', () => undefined);\n});\n`,
    },
    says: 'test/unit/a.test.ts:6: "runs" is the name of line 3 too',
  },
  {
    violation: 'a test that should',
    check: checkTestNames,
    files: { 'test/unit/a.test.ts': `${imports}test('should work', () => undefined);\n` },
    says: '"should work" says should',
  },
];

const acceptable = [
  ['format', checkFormat],
  ['types', checkTypes],
  ['dead code', checkDeadCode],
  ['size', checkSize],
  ['test names', checkTestNames],
] as const;

describe('checks', () => {
  test.each(rows)('refuse $violation', async ({ check, files, says }) => {
    const repository = await plantRepository(files);
    const { problems } = await check(repository.root);
    expect(problems.join('\n').replaceAll(/ {2,}/g, '  ')).toContain(says);
  });

  test.each(acceptable)('accept the clean repository: %s', async (_name, check) => {
    const clean = await plantRepository();
    const { problems, seen } = await check(clean.root);
    expect(problems).toEqual([]);
    expect(seen).toMatch(/^[1-9]/);
  });

  test('let a factory hold functions that are short themselves', async () => {
    const inner = `  function inner() {\n${lines(40)}  }\n`;
    const repository = await plantRepository({
      'src/http/a.ts': `export function a() {\n${inner}${inner}}\n`,
    });
    expect((await checkSize(repository.root)).problems).toEqual([]);
  });
});

describe('supply chain', () => {
  const integrity = `sha512-${'A'.repeat(86)}==`;
  const one = { version: '1.0.0', integrity, license: 'MIT' };
  const lockOf = (entry: object, path = 'node_modules/one'): Record<string, string> => ({
    'package-lock.json': JSON.stringify({
      lockfileVersion: 3,
      packages: { '': {}, [path]: { license: 'MIT', ...entry } },
    }),
  });

  test.each([
    ['a package without integrity', lockOf({ version: '1.0.0' }), 'node_modules/one: no SHA-512 integrity'],
    [
      'a weaker hash',
      lockOf({ version: '1.0.0', integrity: 'sha1-AAAA' }),
      'node_modules/one: no SHA-512 integrity',
    ],
    [
      'a package from git',
      lockOf({ ...one, resolved: 'git+ssh://git@host/one.git#1' }),
      'node_modules/one: comes from a fixed address',
    ],
    [
      'a package from a folder',
      lockOf({ ...one, resolved: 'file:../one' }),
      'node_modules/one: comes from a fixed address',
    ],
    ['a linked package', lockOf({ ...one, link: true }), 'node_modules/one: a link to a folder'],
    [
      'an install script nobody reviewed',
      lockOf({ ...one, hasInstallScript: true }),
      'one: an install script nobody reviewed',
    ],
    [
      'a nested install script nobody reviewed',
      lockOf({ ...one, hasInstallScript: true }, 'node_modules/a/node_modules/@s/one'),
      '@s/one: an install script nobody reviewed',
    ],
    [
      'a licence that asks for our source',
      lockOf({ ...one, license: 'GPL-3.0-only', dev: true }),
      'node_modules/one: its licence is GPL-3.0-only',
    ],
    [
      'a licence for tools in what is shipped',
      lockOf({ ...one, license: 'MPL-2.0' }),
      'node_modules/one: its licence is MPL-2.0',
    ],
    [
      'a licence of which one part is not allowed',
      lockOf({ ...one, license: 'MIT AND AGPL-3.0' }),
      'node_modules/one: its licence is MIT AND AGPL-3.0',
    ],
    [
      'a package that names no licence',
      lockOf({ ...one, license: undefined }),
      'node_modules/one: its licence is none',
    ],
    [
      'a lock file without packages',
      { 'package-lock.json': '{"lockfileVersion":3,"packages":{"":{}}}' },
      'package-lock.json: no packages',
    ],
    [
      'an old lock file',
      { 'package-lock.json': `{"lockfileVersion":1,"packages":{"a":${JSON.stringify(one)}}}` },
      'package-lock.json: version 1, 3 wanted',
    ],
    [
      'a dependency from git',
      { ...lockOf(one), 'package.json': '{"dependencies":{"one":"git+https://host/one"}}' },
      'package.json: one is "git+https://host/one", not a version of a registry',
    ],
    [
      'a review that is out of date',
      { ...lockOf(one), 'package.json': '{"allowScripts":{"gone":true}}' },
      'gone: in allowScripts, but has no install script',
    ],
    [
      'the address of a registry',
      { ...lockOf(one), '.npmrc': ['registry=https://registry', 'example.com/\n'].join('.') },
      '.npmrc:1: the address of a registry',
    ],
  ])('refuses to install %s', async (_name, files, problem) => {
    const repository = await plantRepository(files);
    const { problems } = await checkSupplyChain(repository.root);
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  test.each([
    ['a licence for tools in a tool', { license: 'MPL-2.0', dev: true }],
    ['a choice of licences of which one is allowed', { license: '(MIT OR GPL-3.0)' }],
    ['two licences that are both allowed', { license: 'Apache-2.0 AND MIT' }],
  ])('accepts %s', async (_name, entry) => {
    const repository = await plantRepository(lockOf({ ...one, ...entry }));
    expect((await checkSupplyChain(repository.root)).problems).toEqual([]);
  });

  test('accepts what this repository installs', async () => {
    expect((await checkSupplyChain(repositoryRoot)).problems).toEqual([]);
  });
});

describe('openapi', () => {
  test.each([
    ['a reference to nothing', { schema: { $ref: '#/components/schemas/Gone' } }, 'no-unresolved-refs'],
    ['a schema of no known type', { schema: { type: 'text' } }, 'struct'],
  ])('refuses a document with %s', async (_name, content, rule) => {
    const get = {
      operationId: 'read',
      responses: { 200: { description: 'ok', content: { 'application/json': content } } },
    };
    const info = { title: 'Planted', version: '1.0.0' };
    const { problems } = await checkOpenApiDocument(repositoryRoot, {
      openapi: '3.1.1',
      info,
      paths: { '/a': { get } },
    });
    expect(problems.join('\n')).toContain(rule);
  });
});

describe('bundle', () => {
  test('refuses telemetry that is loaded at start', async () => {
    const telemetry = "import { useAzureMonitor } from 'applicationinsights';\n\nuseAzureMonitor();\n";
    const repository = await plantRepository({ 'functions/main.ts': telemetry });
    const { problems } = await checkBundle(repository.root);
    expect(problems).toContain(
      'dist/functions.cjs: applicationinsights is loaded at start, not by a dynamic import',
    );
  });

  test('accepts telemetry behind a dynamic import', async () => {
    const telemetry = "import('applicationinsights').then((telemetry) => telemetry.useAzureMonitor());\n";
    const repository = await plantRepository({ 'functions/main.ts': telemetry });
    expect((await checkBundle(repository.root)).problems).toEqual([]);
  });

  test('refuses more than its budget', async () => {
    const main =
      "import big from './big.json';\nimport { start } from '../src/app.ts';\n\nvoid start(big);\n";
    const big = JSON.stringify(Array.from({ length: 900_000 }, (_, index) => `${index}`));
    const repository = await plantRepository({ 'functions/main.ts': main, 'functions/big.json': big });
    const { problems } = await checkBundle(repository.root);
    expect(problems).toEqual([expect.stringMatching(/bytes, 6291456 at most$/)]);
  });
});
