// What reading a shard costs, as a process of its own: the product's store reads the live rows of a run that is over,
// whole, again and again, as every sweep of a small shard begins.
import { openStorage } from '../src/storage/open-storage.ts';
import { createStorageClock } from '../src/storage/storage-clock.ts';
import { seededShard } from './contestants/seed-rows.ts';

export type SweepRead = { readonly rows: number; readonly reads: number; readonly cpuMsPerThousand: number };

const warmUpReads = 3;
/** Rows that are read in all; few reads of a large table are as good as many of a small one. */
const rowsInAll = 60_000;

if (import.meta.main) {
  const [storage = '', table = ''] = process.argv.slice(2);
  const { store } = openStorage({
    connection: { type: 'connectionString', connectionString: storage },
    table,
    transitionsQueue: 'unused',
    sweepsQueue: 'unused',
    encoding: 'base64',
    shards: 1,
    clock: createStorageClock({ wallMs: Date.now, monotonicMs: () => performance.now() }),
    wholeUpTo: Number.POSITIVE_INFINITY,
    onUnreadableRow: (_shard, rowKey) => {
      throw new Error(`${rowKey} can't be read`);
    },
  });
  const rows = (await store.readShard(seededShard)).live.length;
  for (let read = 1; read < warmUpReads; read += 1) await store.readShard(seededShard);
  const reads = Math.ceil(rowsInAll / rows);
  const before = process.cpuUsage();
  for (let read = 0; read < reads; read += 1) await store.readShard(seededShard);
  const { user, system } = process.cpuUsage(before);
  const cpuMsPerThousand = ((user + system) / 1000 / (rows * reads)) * 1000;
  const result: SweepRead = { rows, reads: reads + warmUpReads, cpuMsPerThousand };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
