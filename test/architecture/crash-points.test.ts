// The crash map is the code's: each name of one stands in the other and is died at, and the deployable bundle knows none.
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { buildBundle } from '../../dev/build.ts';
import { sourceFiles } from '../../dev/checks/source-files.ts';
import { crashRows } from '../e2e/crash/rows.ts';
import { buildMortalApp } from '../e2e/processes/built-app.ts';
import { repositoryRoot } from './planted-repository.ts';

const statement = /^ *TEST: crashPoint\(([^)]*)\);\n/gm;

function namesIn(source: string): readonly string[] {
  return [...source.matchAll(statement)].flatMap(([, list = '']) => list.match(/[A-Z]\d+/g) ?? []);
}

async function namesInCode(): Promise<readonly string[]> {
  const paths = await sourceFiles(repositoryRoot, ['src', 'functions']);
  const found = await Promise.all(paths.map(async (path) => namesIn(await readFile(path, 'utf8'))));
  return [...new Set(found.flat())].toSorted();
}

function crashMap(): { readonly named: readonly string[]; readonly rows: readonly string[] } {
  const text = readFileSync(join(repositoryRoot, 'ARCHITECTURE.md'), 'utf8');
  const [, section = ''] = /## Crash points\n([^]*?)\n## /.exec(text) ?? [];
  const named = [...section.matchAll(/\*\*([A-Z]\d+)\*\*/g)].map(([, name = '']) => name);
  const rows = [...section.matchAll(/^\| ([^|]*) \|/gm)].map(([, cell = '']) => cell);
  return { named: named.toSorted(), rows };
}

/** The points that a row is about: `S4–S7` is about S4, S5 and S6, and about S7 as where it ends. */
function pointsOf(cell: string): readonly string[] {
  return [...cell.matchAll(/([A-Z])(\d+)(?:–\1(\d+))?/g)].flatMap(([, letter = '', from = '', to = from]) =>
    Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => `${letter}${Number(from) + index}`),
  );
}

test('the map names the points of the code, each in a row, and no others', async () => {
  const { named, rows } = crashMap();
  expect(await namesInCode()).toEqual(named);
  const covered = new Set(rows.flatMap(pointsOf));
  expect(named.filter((name) => !covered.has(name))).toEqual([]);
  const ends = new Set(rows.flatMap((cell) => cell.match(/[A-Z]\d+/g) ?? []));
  expect([...ends].filter((name) => !named.includes(name))).toEqual([]);
});

test('a test dies at each point of the code, at its first hit and at its third', async () => {
  const rows = new Set(crashRows.map(({ point, hit }) => `${point}:${hit}`));
  const wanted = (await namesInCode()).flatMap((name) => [`${name}:1`, `${name}:3`]);
  expect(wanted.filter((row) => !rows.has(row))).toEqual([]);
});

test('the deployable bundle has no crash point, not even a call of nothing', {
  timeout: 60_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'opwatch-bundle-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'functions.cjs');
  await buildBundle(repositoryRoot, relative(repositoryRoot, path));
  const text = await readFile(path, 'utf8');
  expect(['crashPoint', 'FAILPOINT'].filter((word) => text.includes(word))).toEqual([]);
  const calls = (await namesInCode()).map((name) => new RegExp(`\\("${name}"[,)]`));
  expect(calls.filter((call) => call.test(text))).toEqual([]);
});

test('the test build has every crash point, and a death for it', { timeout: 60_000 }, async () => {
  const app = await buildMortalApp();
  onTestFinished(app.remove);
  const text = await readFile(app.bundle, 'utf8');
  const calls = (await namesInCode()).map((name) => new RegExp(`\\(("\\w+",)?"${name}"[,)]`));
  expect(calls.filter((call) => !call.test(text))).toEqual([]);
  expect(text.includes('FAILPOINT')).toBe(true);
});
