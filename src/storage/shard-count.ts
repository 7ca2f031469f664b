// The number of shards a kind is chosen once: an insert-only row records it, and a process with another number refuses
// to start, for it would look for operations where they are not.
import { AppError } from '../domain/errors.ts';
import type { Table } from './table.ts';

const partition = 'meta';
const rowKey = 'shards';

/** @throws AppError shards_changed when another number is recorded; storage_busy when none can be. */
export async function checkShardCount(table: Table, count: number): Promise<void> {
  const recorded = (await readShardCount(table)) ?? (await recordCount(table, count));
  if (recorded === count) return;
  throw new AppError(
    'shards_changed',
    `OPWATCH_SHARDS differs from the ${recorded} with which this table was first used; set it back to ${recorded}.`,
    { action: 'refuse' },
  );
}

/** The recorded number; null before the first use. */
export async function readShardCount(table: Table): Promise<number | null> {
  const row = await table.get(partition, rowKey);
  return row === null ? null : Number(row.properties['count']);
}

/** Two processes may record at once: what is there afterwards counts. */
async function recordCount(table: Table, count: number): Promise<number> {
  await table.transact(partition, [{ type: 'create', rowKey, properties: { v: 1, count } }]);
  const recorded = await readShardCount(table);
  if (recorded === null)
    throw new AppError('storage_busy', 'The number of shards was not recorded.', { action: 'retry' });
  return recorded;
}
