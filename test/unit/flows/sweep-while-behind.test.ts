// A tick that comes while its shard is swept is made up for, and a copy of the tick that began the sweep is not.
import { beforeEach, expect, test } from 'vitest';
import type { SweepReport } from '../../../src/flows/sweep-report.ts';
import type { SweepLimits } from '../../../src/flows/sweep-shard.ts';
import { createSweepWhileBehind } from '../../../src/flows/sweep-while-behind.ts';

const target = { kind: 'connectionOperation', shard: 'connectionOperation-00' } as const;
const other = { ...target, shard: 'connectionOperation-01' };

let nowMs: number;
let begun: { readonly shard: string; readonly end: (read: number) => void; readonly fail: () => void }[];
let stopping: AbortController;
let limits: SweepLimits;
let sweep: (which?: typeof other | typeof target) => Promise<void>;
beforeEach(() => {
  nowMs = 0;
  begun = [];
  stopping = new AbortController();
  limits = { deadlineMonotonicMs: Number.POSITIVE_INFINITY, signal: stopping.signal };
  const sweepWhileBehind = createSweepWhileBehind(
    { sleep: async () => {}, clock: { monotonicMs: () => nowMs } },
    ({ shard }) => {
      const { promise, resolve, reject } = Promise.withResolvers<SweepReport>();
      const end = (read: number): void => resolve({ ...nothing, shard, read });
      begun.push({ shard, end, fail: () => reject(new Error('storage is gone')) });
      return promise;
    },
  );
  sweep = (which = target) => sweepWhileBehind(which, limits, () => {});
});

const nothing = { unread: 0, left: 0, heldBackMs: 0, throttledForSeconds: 0 } as SweepReport;

/** Lets all go on that is not waiting for a sweep. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test('a tick that comes in mid-sweep is made up for once, when the sweep ends', async () => {
  const first = sweep();
  for (nowMs = 10_000; nowMs <= 30_000; nowMs += 10_000) await sweep();
  expect(begun).toHaveLength(1);
  begun[0]?.end(500);
  await settle();
  expect(begun).toHaveLength(2);
  begun[1]?.end(500);
  await first;
  expect(begun).toHaveLength(2);
});

test.each([
  { what: 'a copy of the tick that began the sweep', atMs: 999, read: 500, isStopping: false },
  { what: 'a tick where nothing was read, as past the deadline,', atMs: 10_000, read: 0, isStopping: false },
  { what: 'a tick before a stop', atMs: 10_000, read: 500, isStopping: true },
])('$what is not', async ({ atMs, read, isStopping }) => {
  const first = sweep();
  nowMs = atMs;
  await sweep();
  if (isStopping) stopping.abort();
  begun[0]?.end(read);
  await first;
  expect(begun).toHaveLength(1);
});

test('a sweep that fails fails its tick, and the next one begins anew', async () => {
  const first = sweep();
  nowMs = 10_000;
  await sweep();
  begun[0]?.fail();
  await expect(first).rejects.toThrow('storage is gone');
  const second = sweep();
  begun[1]?.end(500);
  await second;
  expect(begun).toHaveLength(2);
});

test('shards do not wait for each other', async () => {
  const both = [sweep(), sweep(other)];
  expect(begun.map(({ shard }) => shard)).toEqual([target.shard, other.shard]);
  for (const one of begun) one.end(1);
  await Promise.all(both);
});
