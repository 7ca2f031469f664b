// Several processes on one storage take turns with a shard, as they do when messages hand it out: what one has read is not
// due for the next.
import { describe, expect, test } from 'vitest';
import { withWatching } from './with-watching.ts';

const second = 1000;
const kind = 'connectionOperation';
const minutely = {
  OPWATCH_CONNECTION_OPERATION_FIRST_POLL_SECONDS: '60',
  OPWATCH_CONNECTION_OPERATION_INTERVAL_SECONDS: '60',
};
const operations = 40;
const minutes = 10;
const betweenSweepsMs = 20 * second;

describe.concurrent('processes that take turns with a shard', { timeout: 90_000 }, () => {
  test.each([1, 2, 4])('read each operation once an interval, %i of them', (processes) =>
    withWatching(async (watching) => {
      const apps = [watching.app, ...Array.from({ length: processes - 1 }, () => watching.secondApp())];
      await watching.begin(operations);
      for (let sweeps = 0; sweeps * betweenSweepsMs < minutes * 60 * second; sweeps += 1) {
        watching.advance(betweenSweepsMs);
        await apps[sweeps % processes]?.pollKind(kind);
      }
      const { items } = watching.simulator.control.stats();
      expect(items).toBeGreaterThanOrEqual(operations * (minutes - 1));
      // A process that comes new to a shard may read early, once.
      expect(items).toBeLessThanOrEqual(operations * (minutes + processes - 1));
    }, minutely),
  );

  test('that are alone still store how far they swept once a minute', () =>
    withWatching(async (watching) => {
      await watching.begin(operations);
      let writes = 0;
      for (let sweeps = 0; sweeps < 30; sweeps += 1) {
        watching.advance(betweenSweepsMs);
        const { 'table POST': some = 0 } = await watching.counted(watching.sweep);
        if (sweeps > 8) writes += some;
      }
      expect(writes).toBe(7);
    }, minutely));
});
