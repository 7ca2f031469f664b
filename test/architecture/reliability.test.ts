// docs/reliability.md is exact: the tests that it names exist, every row of the fault matrix stands there once, and the bugs
// that it tells of are those whose seeds run.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { plantedBugs } from '../simulation/planted-bugs.ts';
import { regressions } from '../simulation/regressions.ts';
import { repositoryRoot } from './planted-repository.ts';

const read = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8');
const page = read('docs/reliability.md');

/** Numbers that are left out were joined with others when the matrix was made. */
const matrix = [
  1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 13, 17, 19, 23, 24, 25, 26, 27, 28, 29, 30, 32, 34, 36, 38, 39, 40, 41, 42,
  44, 45, 47, 48, 51, 53, 54, 56, 59, 61, 64, 65, 66, 67, 69, 71, 72, 73, 76, 78, 79, 80, 86, 88, 89, 90, 91,
  92,
].map((number) => `F-${String(number).padStart(2, '0')}`);

/** Each file with the parts of names that follow it, up to the next file or the end of its line. */
function citations(): readonly { readonly file: string; readonly names: readonly string[] }[] {
  return [...page.matchAll(/`(test\/[\w./-]+\.ts)`((?:(?!`test\/)[^\n]|\n(?! *[-|\n]))*)/g)].map(
    ([, file = '', rest = '']) => ({
      file,
      names: [...rest.matchAll(/“([^”]+)”/g)].map(([, name = '']) => name.replaceAll(/\s+/g, ' ')),
    }),
  );
}

test('names tests that are in the files that it names', () => {
  const cited = citations();
  expect(cited.flatMap(({ names }) => names).length).toBeGreaterThan(70);
  const missing = cited.flatMap(({ file, names }) => {
    const source = read(file);
    return names.filter((name) => !source.includes(name)).map((name) => `${file} “${name}”`);
  });
  expect(missing).toEqual([]);
});

test('has every row of the fault matrix once, each with something that shows it', () => {
  const rows = [...page.matchAll(/^\| (F-\d+) \| [^|]+ \| ([^|]+) \|$/gm)];
  expect(rows.map(([, row]) => row)).toEqual(matrix.toSorted());
  const bare = rows.filter(([, , shown = '']) => !/`(test\/|npm run )|the simulation|^later: /.test(shown));
  expect(bare.map(([, row]) => row)).toEqual([]);
});

test('has a row for each number that a test names', async () => {
  const { sourceFiles } = await import('../../dev/checks/source-files.ts');
  const paths = await sourceFiles(repositoryRoot, ['test']);
  const named = paths
    .filter((path) => !path.includes('architecture'))
    .flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/\bF-\d\d\b(?!\w)/g)].map(([row]) => row));
  const known = new Set([...matrix, 'F-16', 'F-00']); // UTF-16 and the like are no rows
  expect(named.length).toBeGreaterThan(30);
  expect([...new Set(named)].filter((row) => !known.has(row))).toEqual([]);
});

test('tells the bugs whose seeds run at every change, and which of them are planted', () => {
  const [, section = ''] = /## What the simulation found\n([^]*?)\n## /.exec(page) ?? [];
  const rows = [...section.matchAll(/^\| (\d+) \| ([^|]+) \| (yes|no: [^|]+) \|$/gm)];
  expect(rows.map(([, seed, name]) => ({ seed: Number(seed), name }))).toEqual(regressions);
  const planted = new Set(plantedBugs.map(({ name }) => name));
  const told = rows.filter(([, , , text]) => text === 'yes').map(([, , name = '']) => name);
  expect(told).toEqual(regressions.map(({ name }) => name).filter((name) => planted.has(name)));
});
