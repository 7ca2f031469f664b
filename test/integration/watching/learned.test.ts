// Past durations decide when the next operations are read: learned by real sweeps, kept in the shard's memory row, the
// same for every process, and written because of ends only.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { minute, second } from '../../fixtures/builders.ts';
import { startWatching, type Watching } from './harness.ts';

let watching: Watching;

beforeEach(async () => {
  const minutely = {
    OPWATCH_CONNECTION_OPERATION_FIRST_POLL_SECONDS: '0',
    OPWATCH_CONNECTION_OPERATION_INTERVAL_SECONDS: '60',
  };
  watching = await startWatching(minutely, 'stopped');
});

afterEach(async () => {
  await watching.stop();
});

const items = (): number => watching.simulator.control.stats().items;

async function storedDurations(): Promise<{ known: number; weights: Record<string, number> } | undefined> {
  const { value } = await watching.table.getEntity<{ value: string }>('connectionOperation-00', 'memory');
  return JSON.parse(value).durations;
}

/** Sweeps every 30 seconds. @returns in how many sweeps something was written, and nothing read. */
async function watchFor(ms: number): Promise<number> {
  let idleWrites = 0;
  for (let atMs = 0; atMs < ms; atMs += 30 * second) {
    watching.advance(30 * second);
    const before = items();
    const { 'table POST': writes = 0 } = await watching.counted(watching.sweep);
    if (items() === before && writes > 0) idleWrites += 1;
  }
  return idleWrites;
}

/** Sixty operations that take ten minutes. */
async function learnTenMinutes(): Promise<void> {
  const past = await watching.begin(60);
  await watching.sweep();
  await watchFor(10 * minute);
  watching.setAll(past, 'completed');
  await watchFor(2 * minute);
}

test('operations are read rarely until the age at which others ended, and closely from then on', async () => {
  await learnTenMinutes();
  expect(await storedDurations()).toMatchObject({ known: 60 });

  const operations = await watching.begin(20);
  await watching.sweep();
  const atFirstSight = items();
  expect(await watchFor(8 * minute)).toBe(0);
  // A fixed interval would take eight looks at each.
  expect(items() - atFirstSight).toBeLessThanOrEqual(20 * 3);
  expect(await storedDurations()).toMatchObject({ known: 60 });
  await watchFor(2 * minute);

  watching.setAll(operations, 'completed');
  await watchFor(2 * minute);
  const events = await watching.takeNewEvents();
  const ended = events.filter(({ data }) => data.current.state === 'succeeded').map(({ data }) => data.key);
  for (const { key } of operations) expect(ended).toContain(key);
  expect(await storedDurations()).toMatchObject({ known: 80 });
});

test('the next poll that callers see is the learned one, whichever process they ask', async () => {
  await learnTenMinutes();
  const [one] = await watching.begin(1);
  await watching.sweep();
  const key = one?.key ?? '';
  const seen = await watching.find(key);
  const waitMs = Date.parse(seen.nextPollAt ?? '') - Date.parse(seen.trackedAt);
  // A fixed interval would be a minute.
  expect(waitMs).toBeGreaterThan(1.5 * minute);
  const other = watching.secondApp();
  await other.start();
  expect((await other.flows.find(key))?.nextPollAt).toBe(seen.nextPollAt);

  const itemsBefore = items();
  watching.advance(waitMs - second);
  await watching.sweep();
  expect(items()).toBe(itemsBefore);
  watching.advance(second);
  await watching.sweep();
  expect(items()).toBe(itemsBefore + 1);
});

test('the last ends are stored too, within a minute and by one write', async () => {
  const early = await watching.begin(1);
  await watching.sweep();
  watching.advance(30 * second);
  const later = await watching.begin(1);
  await watching.sweep();
  watching.setAll([...early, ...later], 'completed');
  watching.advance(36 * second);
  await watching.sweep();
  expect(await storedDurations()).toMatchObject({ known: 1 });
  // The last end is seen less than a minute after that write, and nothing is left to be read afterwards.
  watching.advance(30 * second);
  await watching.sweep();
  expect(await storedDurations()).toMatchObject({ known: 1 });
  expect(await watchFor(3 * minute)).toBe(1);
  expect(await storedDurations()).toMatchObject({ known: 2 });
});
