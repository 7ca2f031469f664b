// `npm run crash`: every row of the crash map, or those whose name holds a text; two at a time.
import { parseArgs } from 'node:util';
import { type Azurite, startAzurite } from '../../../dev/azurite.ts';
import { buildMortalApp } from '../processes/built-app.ts';
import { crashRows } from './rows.ts';
import { nameOf, runRow } from './run-row.ts';

const atATime = 2;

/** @returns how many passed and failed; each failure is printed with its story and the command that repeats it. */
export async function runCrashMatrix(
  azurite: Azurite,
  { seed, filter = '' }: { readonly seed: number; readonly filter?: string },
): Promise<{ readonly passed: number; readonly failed: number }> {
  const app = await buildMortalApp();
  const rows = crashRows.filter((row) => nameOf(row).includes(filter));
  const counts = { passed: 0, failed: 0 };
  const startedMs = performance.now();
  const work = rows.values();
  await Promise.all(Array.from({ length: atATime }, runSome));
  await app.remove();
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(`crash map: ${counts.passed} of ${rows.length} rows hold, seed ${seed}, ${seconds} s`);
  return counts;

  async function runSome(): Promise<void> {
    for (const row of work) {
      const wrong = await runRow(row, { azurite: azurite.connectionString, folder: app.folder, seed }).catch(
        (error: unknown) => `${nameOf(row)}, seed ${seed}: ${String(error)}`,
      );
      if (wrong === '') counts.passed += 1;
      else counts.failed += 1;
      if (wrong !== '') console.log(`${wrong}\n`);
    }
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      row: { type: 'string', default: '' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    },
  });
  const azurite = await startAzurite();
  const { passed, failed } = await runCrashMatrix(azurite, { seed: Number(values.seed), filter: values.row });
  await azurite.stop();
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}
