// When the numbers of a sweep are told, and what is told of those that were kept.
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import {
  createGatherSweeps,
  type GatherSweeps,
  type SweepNumbers,
} from '../../../src/telemetry/gather-sweeps.ts';
import { sweepMetrics } from '../../../src/telemetry/names.ts';

const none = Object.fromEntries(Object.keys(sweepMetrics).map((field) => [field, 0])) as SweepNumbers;
const quiet: SweepNumbers = {
  ...none,
  live: 5,
  due: 5,
  read: 5,
  items: 5,
  httpRequests: 1,
  maxLatenessMs: 300,
};
const news: SweepNumbers = { ...quiet, committed: 1 };
const shard = 'connectionOperation-00';
const minuteMs = 60_000;

let nowMs: number;
let gather: GatherSweeps;

beforeEach(() => {
  nowMs = 1000;
  gather = createGatherSweeps(() => nowMs);
});

test('the first sweep of a shard is told at once', () => {
  expect(gather.add(shard, quiet, false)).toEqual(quiet);
});

test('quiet sweeps are kept for five minutes and told together', () => {
  gather.add(shard, quiet, false);
  const told = Array.from({ length: 5 }, (_, minute) => {
    nowMs += minuteMs;
    return gather.add(shard, { ...quiet, live: 5 - minute, maxLatenessMs: 100 * minute }, false);
  });
  expect(told.slice(0, 4)).toEqual([null, null, null, null]);
  expect(told[4]).toEqual({
    ...none,
    live: 1,
    due: 25,
    read: 25,
    items: 25,
    httpRequests: 5,
    maxLatenessMs: 400,
  });
});

test('news is told at once, with what was kept before it', () => {
  gather.add(shard, quiet, false);
  nowMs += minuteMs;
  gather.add(shard, quiet, false);
  expect(gather.add(shard, news, true)).toEqual({ ...news, due: 10, read: 10, items: 10, httpRequests: 2 });
  expect(gather.add(shard, quiet, false)).toBeNull();
});

test('nothing is told of a shard where nothing is watched', () => {
  for (let tick = 0; tick < 100; tick += 1) {
    nowMs += minuteMs;
    expect(gather.add(shard, { ...none, durationMs: 12 }, false)).toBeNull();
  }
});

test('the end of the last operation is told once', () => {
  gather.add(shard, quiet, false);
  expect(gather.add(shard, none, false)).toEqual(none);
  nowMs += 10 * minuteMs;
  expect(gather.add(shard, none, false)).toBeNull();
});

test('shards are told apart', () => {
  gather.add('connectionOperation-00', quiet, false);
  expect(gather.add('connectionOperation-01', quiet, false)).toEqual(quiet);
});

test('what is kept can be taken once', () => {
  gather.add(shard, quiet, false);
  gather.add(shard, quiet, false);
  expect(gather.takeKept()).toEqual([[shard, quiet]]);
  expect(gather.takeKept()).toEqual([]);
});

test('no count is lost or told twice, in whatever order sweeps come', () => {
  const sweep = fc.record({
    read: fc.nat(50),
    live: fc.nat(2),
    isNews: fc.boolean(),
    waitMs: fc.nat(400_000),
  });
  fc.assert(
    fc.property(fc.array(sweep), (sweeps) => {
      let told = 0;
      const gathering = createGatherSweeps(() => nowMs);
      for (const { read, live, isNews, waitMs } of sweeps) {
        nowMs += waitMs;
        told += gathering.add(shard, { ...none, read: live === 0 ? 0 : read, live }, isNews)?.read ?? 0;
      }
      told += gathering.takeKept().reduce((sum, [, { read }]) => sum + read, 0);
      expect(told).toBe(sweeps.reduce((sum, { read, live }) => sum + (live === 0 ? 0 : read), 0));
    }),
  );
});
