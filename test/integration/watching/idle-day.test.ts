// What storage is asked for on a day without news: each function is run as its timer runs it, at the default ticks and
// shards, and every request to table and queues is counted on its way. docs/cost.md has the sums.
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { kindRows } from '../../../src/domain/kinds.ts';
import type { Kind } from '../../../src/domain/operation.ts';
import { daySeconds, ticksIn } from '../../fixtures/ticks.ts';
import { startWatching, type Watching } from './harness.ts';

const mostADay = 11_000;
/** That are run and counted, in place of the thousands of a day. */
const countedTicks = 40;
/** One set of instances for each timer, and one for the API. */
const scaleGroups = 5;
/** Processes of each that begin anew, for updates of the platform and after pauses: more than is usual. */
const startsADay = 10;

async function watching(): Promise<Watching> {
  const started = await startWatching({}, 'stopped');
  onTestFinished(started.stop);
  return started;
}

type Counts = Readonly<Record<string, number>>;

/** One tick after another, as far apart as they are; @returns what each asked of storage. */
async function countTicks(at: Watching, kind: Kind, tick: string): Promise<readonly Counts[]> {
  const periodMs = (daySeconds * 1000) / ticksIn(tick, daySeconds);
  const counts: Counts[] = [];
  for (let count = 0; count < countedTicks; count += 1) {
    at.advance(periodMs);
    counts.push(await at.counted(() => at.sweep(kind)));
  }
  return counts;
}

function sumOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

const document = readFileSync('docs/cost.md', 'utf8');

test('a day on which nothing is tracked costs fewer than 11,000 operations of storage', async () => {
  const at = await watching();
  let sweeps = 0;
  for (const { kind, policy } of kindRows) {
    // The last as the first: nothing is learned, written, or looked up beside the shard.
    const each = Array.from({ length: countedTicks }, () => ({ 'table GET': 1 }));
    expect(await countTicks(at, kind, policy.tick)).toEqual(each);
    sweeps += ticksIn(policy.tick, daySeconds);
  }
  const cleanUp = sumOf(await at.counted(() => at.app.cleanUp()));
  const start = sumOf(await at.counted(() => at.secondApp().start()));
  const day = sweeps + cleanUp + start * startsADay * scaleGroups;
  console.log(
    `an idle day: ${sweeps} sweeps, ${cleanUp} for the clean-up, ${start} a start, ${day} together`,
  );
  expect(day).toBeLessThan(mostADay);
  expect(document).toContain(`${sweeps} + ${cleanUp} + ${start} * ${startsADay} * ${scaleGroups} = ${day}`);
});

test('a day on which nothing changes of what is tracked costs a write a minute and kind more', async () => {
  const at = await watching();
  for (const { kind, policy } of kindRows) {
    await at.begin(3, kind, { deadlineMs: 30 * daySeconds * 1000 });
    // The first sees them for the first time.
    const [, ...later] = await countTicks(at, kind, policy.tick);
    const minutes = Math.floor((later.length * daySeconds) / ticksIn(policy.tick, daySeconds) / 60);
    expect(later.reduce((sum, counts) => sum + sumOf(counts), 0)).toBe(later.length + minutes);
  }
  expect(document).toContain(`10080 + ${kindRows.length} * ${daySeconds / 60} = 14400`);
});
