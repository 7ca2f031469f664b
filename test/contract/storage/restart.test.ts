// Storage that goes away and comes back at the same address: what was acknowledged is there, and clients go on.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startAzurite } from '../../../dev/azurite.ts';
import { anOperation, liveOf, openStore, shard } from './operations.ts';
import { openAzureTable } from './tables.ts';

test('what was stored before a restart of storage is there after it, for the same client', async () => {
  const location = await mkdtemp(join(tmpdir(), 'opwatch-'));
  const first = await startAzurite({ location });
  const store = openStore(await openAzureTable(first.connectionString));
  expect(await store.track(shard, anOperation('1'))).toBe(true);
  await first.stop();
  expect(await store.track(shard, anOperation('2'))).toBe(false);
  await expect(store.lookUp(shard, anOperation('1').key)).rejects.toMatchObject({ code: 'storage_busy' });
  const second = await startAzurite({ location, urls: first });
  try {
    expect(second.connectionString).toBe(first.connectionString);
    expect((await liveOf(store, anOperation('1'))).value).toEqual(anOperation('1'));
    expect(await store.track(shard, anOperation('2'))).toBe(true);
  } finally {
    await second.stop();
    await rm(location, { recursive: true });
  }
});
