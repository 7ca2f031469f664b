// The checks of the deployment bite: a fault is planted in a copy of it, and the check names it. And what no single file
// can show: numbers that stand in two places are the same.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { settingProblems } from '../../dev/checks/infra-settings.ts';
import { platformVariables } from '../../dev/docs/configuration.ts';
import { kindRows } from '../../src/domain/kinds.ts';
import { daySeconds, ticksIn } from '../fixtures/ticks.ts';
import { deploymentChecks, faults } from './infra-faults.ts';
import { deployedFiles, plantDeployment } from './planted-deployment.ts';
import { repositoryRoot } from './planted-repository.ts';

const read = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8');

describe('checks of the deployment', () => {
  test.each(deploymentChecks)('accept what this repository deploys: %s', async (_name, check) => {
    const { problems, seen } = await check(repositoryRoot);
    expect(problems).toEqual([]);
    expect(seen).toMatch(/^[1-9]/);
  });

  test.each(faults)('refuse $fault ($name: $file)', async ({ check, file, find, replace, says }) => {
    const { root } = await plantDeployment({ file, find, replace });
    expect((await check(root)).problems.join('\n')).toContain(says);
  });

  test('see every module with a fault of its own', () => {
    const modules = Object.keys(deployedFiles).filter((path) => path.endsWith('.bicep'));
    const planted = new Set(faults.map(({ file }) => file));
    expect(modules.filter((path) => !planted.has(path))).toEqual([]);
  });

  test('see that a setting which is left out of the deployment is still read by somebody', () => {
    expect(settingProblems([], new Set())).toContainEqual(
      expect.stringMatching(/^OPWATCH_STATIC_TOKEN is left out .* and nothing reads it$/),
    );
  });
});

describe('numbers that follow from the kinds', () => {
  test('a kind counts as silent after three ticks, a minute until it is told and five until that arrives', () => {
    const query = read('infra/queries/sweep-silent.kql');
    const allowed = [...query.matchAll(/'(\w+)', (\d+)/g)].map(([, kind, seconds]) => [
      kind,
      Number(seconds),
    ]);
    expect(Object.fromEntries(allowed)).toEqual(
      Object.fromEntries(
        kindRows.map(({ kind, policy }) => [
          kind,
          (3 * daySeconds) / ticksIn(policy.tick, daySeconds) + 60 + 300,
        ]),
      ),
    );
  });
});

describe('docs/cost.md', () => {
  const sums = [...read('docs/cost.md').matchAll(/```sums\n([^`]*)```/g)].flatMap(([, block = '']) =>
    block.trim().split('\n'),
  );

  test.each(sums)('is right: %s', (sum) => {
    const [terms = '', result = ''] = sum.split(' = ');
    const decimals = result.split('.')[1]?.length ?? 0;
    expect(valueOf(terms).toFixed(decimals)).toBe(result);
  });

  test('shows the result of every sum in its text', () => {
    const text = read('docs/cost.md')
      .replaceAll(/```sums\n[^`]*```/g, '')
      .replaceAll(/(\d),(\d{3})/g, '$1$2');
    const results = sums.map((sum) => sum.split(' = ')[1] ?? '');
    expect(results.filter((result) => !text.includes(result))).toEqual([]);
    expect(results.length).toBeGreaterThan(10);
  });
});

/** Sums of products, from left to right. */
function valueOf(terms: string): number {
  return terms
    .split(' + ')
    .map((term) =>
      term.split(/ (?=[*/] )/).reduce((value, factor) => {
        const [sign, number = sign] = factor.split(' ');
        return sign === '/' ? value / Number(number) : value * Number(number);
      }, 1),
    )
    .reduce((sum, value) => sum + value, 0);
}

describe('docs/deploy.md', () => {
  const document = read('docs/deploy.md');

  test('has every variable that azd hands over', () => {
    const variables = [...read('infra/main.parameters.json').matchAll(/\$\{([A-Z_]+)/g)].map(
      ([, name]) => name ?? '',
    );
    const own = variables.filter((name) => !/^(OPWATCH|AZURE)_/.test(name));
    expect(own.filter((name) => !document.includes(`\`${name}\``))).toEqual([]);
    expect(own.length).toBeGreaterThan(15);
  });

  test('names only outputs and templates that are there', () => {
    const outputs = new Set(
      [...read('infra/main.bicep').matchAll(/^output ([A-Z_]+)/gm)].map(([, name]) => name),
    );
    const named = [
      ...document.matchAll(/\b(API_URL|(?:GRANT|IDENTITY|QUEUE|TRANSITIONS|FUNCTION)_[A-Z_]+)\b/g),
    ];
    expect(named.map(([name]) => name).filter((name) => !outputs.has(name))).toEqual([]);
    expect(named.length).toBeGreaterThan(5);
    const templates = [...document.matchAll(/--template-file (\S+)/g)].map(([, path]) => path ?? '');
    expect(templates.filter((path) => !(path in deployedFiles))).toEqual([]);
  });
});

describe('docs/configuration.md', () => {
  test('has every variable that the configuration reads by itself', () => {
    const sources = ['src/config.ts', 'src/config/credential.ts'].map(read).join('\n');
    const found = [...sources.matchAll(/env\['(\w+)'\]|read\('(AZURE_\w+)'\)|name: '([A-Z]+_[A-Z_]+)'/g)];
    const names = found.map(([, ...groups]) => groups.find((name) => name !== undefined) ?? '');
    expect(names.filter((name) => !(name in platformVariables))).toEqual([]);
    expect(names).toContain('AZURE_CLIENT_ID');
  });
});

describe('permissions', () => {
  const document = read('docs/permissions.md');

  test('every role of Graph that the layer can grant stands in the document, with its id', () => {
    const [, list = ''] = /@allowed\(\[([^\]]*)\]\)\nparam roles/.exec(read('infra/graph/main.bicep')) ?? [];
    const roles = [...list.matchAll(/'([\w.]+)'/g)].map(([, role]) => role ?? '');
    expect(roles.length).toBeGreaterThan(5);
    const guid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
    expect(
      roles.filter(
        (role) => !new RegExp(`\\| \`${role.replaceAll('.', '\\.')}\` \\| \`${guid}\``).test(document),
      ),
    ).toEqual([]);
  });

  test('the printed command grants the role that the document calls so', () => {
    const [, role = '', id = ''] =
      /without the Bicep extension, for the role ([\w.]+)\.'\)\n[^\n]*\\"appRoleId\\\\":\\\\"([0-9a-f-]{36})/.exec(
        read('infra/main.bicep'),
      ) ?? [];
    expect(document).toContain(`| \`${role}\` | \`${id}\``);
  });

  test('callers can be given exactly the rights that the API knows', () => {
    const [, union = ''] = /export type Right =\n([^;]*);/.exec(read('src/http/caller.ts')) ?? [];
    const rights = [...union.matchAll(/'([\w.]+)'/g)].map(([, right]) => right ?? '');
    const granted = [...read('infra/graph/callers.bicep').matchAll(/value: '([\w.]+)'/g)].map(
      ([, right]) => right ?? '',
    );
    expect(granted.toSorted()).toEqual(rights.toSorted());
    expect(rights.length).toBe(5);
  });

  test('every role that the deployment gives stands in the document', () => {
    const given = [...read('infra/modules/roles.bicep').matchAll(/'([0-9a-f]{8}-[0-9a-f-]{27})'/g)];
    expect(given.map(([, id]) => id ?? '').filter((id) => !document.includes(id))).toEqual([]);
    expect(given.length).toBe(7);
  });
});
