// Storage that is killed loses what it acknowledged in its last seconds. Nothing is promised of that; what is left is watched
// to its end. Row of the fault matrix: F-78.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startAzurite } from '../../../dev/azurite.ts';
import { startWatching } from './harness.ts';

test('what is left after storage was killed is watched to its end', { timeout: 90_000 }, async () => {
  const location = await mkdtemp(join(tmpdir(), 'opwatch-'));
  const first = await startAzurite({ location });
  const watching = await startWatching({}, 'stopped', first.connectionString);
  const operations = await watching.begin(20);
  await watching.sweep();
  expect(await watching.takeNewEvents()).toHaveLength(20);
  // It writes all it has to the disk every five seconds.
  const saved = (part: string) =>
    readFile(join(location, `__azurite_db_${part}__.json`), 'utf8').catch(() => '');
  await expect.poll(() => saved('queue'), { timeout: 20_000 }).toContain('transitions-');
  for (const { key } of operations)
    await expect.poll(() => saved('table'), { timeout: 20_000 }).toContain(`event!${key}!`);

  watching.setAll(operations.slice(0, 10), 'completed');
  watching.advance(2000);
  await watching.sweep();
  process.kill(first.pid, 'SIGKILL');
  watching.advance(2000);
  await expect(watching.sweep()).rejects.toMatchObject({ code: 'storage_busy' });
  const second = await startAzurite({ location, urls: first });
  try {
    watching.setAll(operations.slice(10), 'completed');
    // What was not sent has to be old enough to be nobody else's.
    for (let sweeps = 0; sweeps < 3; sweeps += 1) {
      watching.advance(20_000);
      await watching.sweep();
    }
    for (const { key } of operations) expect(await watching.find(key)).toMatchObject({ state: 'succeeded' });
    const told = (await watching.takeEvents()).map(({ data }) => data.key);
    for (const { key } of operations.slice(10)) expect(told).toContain(key);
  } finally {
    await watching.stop();
    await second.stop();
    await rm(location, { recursive: true });
  }
});
