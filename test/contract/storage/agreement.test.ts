// The fake is trusted by the simulation, so it must refuse and apply exactly what the real table does: any sequence of
// transactions is given to both.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Row, Table, TableAction } from '../../../src/storage/table.ts';
import { createMemoryTable } from '../../fakes/memory-table.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { allRows, openAzureTable } from './tables.ts';

type Step = {
  readonly type: TableAction['type'];
  readonly rowKey: string;
  readonly etag: 'current' | 'stale' | '*';
  readonly value: number;
};

const step: fc.Arbitrary<Step> = fc.record({
  type: fc.constantFrom('create', 'replace', 'delete'),
  rowKey: fc.constantFrom('event!a!1', 'known!a', "live!a'b", 'live!b', 'memory'),
  etag: fc.constantFrom('current', 'current', 'stale', '*'),
  value: fc.nat(9),
});
const transactions = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 });

/** An ETag that no row has any more. */
const staleETag = `W/"datetime'2020-01-01T00%3A00%3A00.0000000Z'"`;

async function toAction(table: Table, partitionKey: string, one: Step): Promise<TableAction> {
  const { type, rowKey, value } = one;
  const current = (await table.get(partitionKey, rowKey))?.etag ?? staleETag;
  const etag = { current, stale: staleETag, '*': '*' }[one.etag];
  if (type === 'delete') return { type, rowKey, etag };
  return type === 'create'
    ? { type, rowKey, properties: { value } }
    : { type, rowKey, etag, properties: { value } };
}

async function run(table: Table, partitionKey: string, sequence: readonly (readonly Step[])[]) {
  const answers: boolean[] = [];
  for (const steps of sequence) {
    const actions = await Promise.all(steps.map((one) => toAction(table, partitionKey, one)));
    answers.push((await table.transact(partitionKey, actions)).applied);
  }
  const rows = (await allRows(table, partitionKey)).map(({ rowKey, properties }: Row) => [
    rowKey,
    properties,
  ]);
  return { answers, rows };
}

test('Azurite and the fake give the same answers and hold the same rows', async () => {
  const real = await openAzureTable(azurite());
  const fake = createMemoryTable();
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(transactions, async (sequence) => {
      runs += 1; // a partition of its own for each sequence
      expect(await run(fake, `p${runs}`, sequence)).toEqual(await run(real, `p${runs}`, sequence));
    }),
    { numRuns: 60 },
  );
});
