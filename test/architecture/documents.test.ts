// The documents stay true: links lead somewhere, commands exist, routes and settings are those of the code.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { catalogue } from '../../dev/doctor/catalogue.ts';
import { help } from '../../dev/doctor/options.ts';
import { makeReport } from '../../dev/doctor/report.ts';
import { pass } from '../../dev/doctor/verdict.ts';
import { openApiDocument } from '../../src/http/openapi.ts';
import { repositoryRoot } from './planted-repository.ts';

const read = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8');
const markdownIn = (folder: string): readonly string[] =>
  readdirSync(join(repositoryRoot, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
const documents = [...markdownIn('.'), ...markdownIn('docs'), ...markdownIn('docs/adr')];

describe('documents', () => {
  test.each(documents)('%s has no link to a file that is not there', (path) => {
    const targets = [...read(path).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(
      ([, target]) => target ?? '',
    );
    expect(targets.filter((target) => !existsSync(join(repositoryRoot, dirname(path), target)))).toEqual([]);
  });

  test.each(documents)('%s names no script that is not there', (path) => {
    const { scripts } = JSON.parse(read('package.json')) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    const named = [...read(path).matchAll(/npm run (?:--silent )?([a-z:]+)/g)].map(([, name]) => name ?? '');
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test.each(documents)('%s names no source file or folder that is not there', (path) => {
    const named = [...read(path).matchAll(/`((?:src|functions|dev|test|docs)\/[\w./-]*)`/g)].map(
      ([, name]) => name ?? '',
    );
    expect(named.filter((name) => !existsSync(join(repositoryRoot, name)))).toEqual([]);
  });
});

describe('README', () => {
  test('has at most 150 lines and shows the two commands first', () => {
    const readme = read('README.md');
    expect(readme.split('\n').length).toBeLessThanOrEqual(151);
    const [, first = ''] = /```\n([^]*?)```/.exec(readme) ?? [];
    expect(first.split('\n').map((line) => line.replace(/ +#.*/, ''))).toEqual([
      'npm ci && npm start',
      'npm ci && npm test',
      '',
    ]);
  });

  test('lists the routes of the OpenAPI document', () => {
    const { paths } = openApiDocument() as { readonly paths: Readonly<Record<string, object>> };
    const routes = Object.keys(paths).filter((path) => !/\/(graph|health)\//.test(path));
    expect(routes.filter((path) => !read('README.md').includes(`${path}\``))).toEqual([]);
  });

  test('names only settings that exist', async () => {
    const { kindSettings, settings, storageNames } = await import('../../src/config/settings.ts');
    const known = new Set([...Object.keys(settings), ...storageNames, 'OPWATCH_']);
    const named = [...read('README.md').matchAll(/`(OPWATCH_[A-Z_]*)`/g)].map(([, name]) => name ?? '');
    expect(named.filter((name) => !known.has(name))).toEqual([]);
    const kindNamed = [...read('README.md').matchAll(/`(?:OPWATCH_<KIND>)?_([A-Z_]+)`/g)].map(
      ([, name]) => name ?? '',
    );
    expect(kindNamed.toSorted()).toEqual(Object.keys(kindSettings).toSorted());
  });
});

describe('the example settings', () => {
  test('are accepted by the configuration', async () => {
    const { loadConfig } = await import('../../src/config.ts');
    const { Values } = JSON.parse(read('local.settings.example.json')) as {
      readonly Values: Record<string, string>;
    };
    expect(loadConfig(Values).graph.root).toBe('http://127.0.0.1:7080');
  });
});

describe('docs/doctor.md', () => {
  const document = read('docs/doctor.md');

  test('has every check by its id, as the doctor calls and orders them', () => {
    const rows = [...document.matchAll(/^\| `(\w+\.\w+)` \| ([^|]+) \| [^|]+ \|$/gm)];
    expect(rows.map(([, id, title]) => [id, title])).toEqual(Object.entries(catalogue));
  });

  test('has the options of its help', () => {
    const optionsOf = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name);
    const documented = optionsOf(document, /^\| `(--[\w-]+)/gm);
    expect(documented).toEqual(optionsOf(help, /^ {2}(--[\w-]+)/gm));
    expect(documented.length).toBe(8);
  });

  test('has the exit codes of its help', () => {
    const codes = [...document.matchAll(/^\| (\d) \| /gm)].map(([, code]) => code);
    const [, told = ''] = /^Exit code: ([^]*)$/m.exec(help) ?? [];
    expect(codes).toEqual([...told.matchAll(/(?:^|· )(\d) /gm)].map(([, code]) => code));
    expect(codes).toEqual(['0', '1', '2', '3']);
  });

  test('shows a report of the form that is printed', () => {
    const [, shown = '{}'] = /```json\n([^]*?)```/.exec(document) ?? [];
    const about = { opwatch: '0.1.0', checkedAt: '', durationMs: 1, settings: '', url: null };
    const report = makeReport([{ id: 'storage.shards', ...pass('1') }], about, (text) => text);
    const example = JSON.parse(shown) as typeof report;
    expect(Object.keys(example)).toEqual(Object.keys(report));
    expect(Object.keys(example.counts)).toEqual(Object.keys(report.counts));
    expect(Object.keys(example.checks[0] ?? {})).toEqual(Object.keys(report.checks[0] ?? {}));
  });
});
