// A sample of the crash map at every change; `npm run check:long` dies everywhere.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { azurite } from '../../fixtures/azurite.ts';
import { type BuiltApp, buildMortalApp } from '../processes/built-app.ts';
import { crashRows } from './rows.ts';
import { nameOf, runRow } from './run-row.ts';

const sample = [
  'S9:1 by sweep',
  'S11:3 by sweep of five',
  'S13:1 by sweep of leftovers',
  'N3:3 by notification',
  'N5:1 by stop',
  'T2:1 by change of a schema',
];

let app: BuiltApp;
beforeAll(async () => {
  app = await buildMortalApp();
});
afterAll(() => app.remove());

test.concurrent.each(sample)(
  'a host that dies at %s leaves what the map says, and nothing is lost',
  async (name) => {
    const seed = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000);
    const row = crashRows.find((one) => nameOf(one) === name);
    if (row === undefined) throw new Error(`The map has no row ${name}.`);
    expect(await runRow(row, { azurite: azurite(), folder: app.folder, seed })).toBe('');
  },
);
