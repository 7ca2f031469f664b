// Twenty thousand live operations every ten seconds, as counts: what sweeps ask of storage and of Graph when nothing
// changes. Table and Graph are fakes that count; sweep and store are the product's.
import { expect, test } from 'vitest';
import type { ReadObservation } from '../../../src/domain/observation.ts';
import { observe } from '../../../src/domain/observe.ts';
import type { Operation } from '../../../src/domain/operation.ts';
import { parseResource } from '../../../src/domain/resources.ts';
import { beginGeneration } from '../../../src/domain/tracking.ts';
import type { ReadTarget } from '../../../src/flows/ports.ts';
import { createSweepShard } from '../../../src/flows/sweep-shard.ts';
import { createOperationStore } from '../../../src/storage/operation-store.ts';
import { liveRowKey, writeLive } from '../../../src/storage/rows.ts';
import type { Table } from '../../../src/storage/table.ts';
import { createMemoryTable } from '../../fakes/memory-table.ts';
import { aStatus, home, minute, second, startMs } from '../../fixtures/builders.ts';

const live = 20_000;
const intervalMs = 10 * second;
const target = { kind: 'connectionOperation', shard: 'connectionOperation-00' } as const;

function anOperation(number: number): Operation {
  const named = parseResource(`/external/connections/contosohr/operations/op${number}`, home);
  if (named === null) throw new Error('no resource');
  const what = { label: null, metadata: {}, deadlineMs: null, restartAfter: null, trackedBy: 'api' } as const;
  const policy = {
    firstPollMs: intervalMs,
    intervalMs,
    deadlineMs: 60 * minute,
    lostGraceMs: 0,
  };
  // Their beginnings are spread over an interval, as those of real ones are.
  const nowMs = startMs - minute + ((number * 7919) % intervalMs);
  const begun = beginGeneration({ named, ...what }, { nowMs, policy, followed: null });
  return observe(begun, aStatus('inprogress', -50 * second)).operation;
}

async function startMany() {
  const table = createMemoryTable();
  const operations = Array.from({ length: live }, (_, number) => anOperation(number));
  for (let first = 0; first < live; first += 100) {
    const rows = operations
      .slice(first, first + 100)
      .map((one) => ({ type: 'create', rowKey: liveRowKey(one.key), properties: writeLive(one) }) as const);
    await table.transact(target.shard, rows);
  }
  const counts = { pages: 0, transactions: 0, mostRows: 0, requests: 0, items: 0 };
  const world = { word: 'inprogress', sent: 0 };
  let nowMs = startMs;
  const sweepShard = createSweepShard({
    ...createOperationStore({
      table: counting(),
      clock: { nowMs: () => nowMs, monotonicMs: () => nowMs - startMs },
      onUnreadableRow: (_shard, rowKey) => {
        throw new Error(rowKey);
      },
    }),
    isEventTaken: async () => false,
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs - startMs },
    log: () => undefined,
    tell: () => undefined,
    random: () => 0.5,
    // Time stands still within a sweep.
    sleep: () => new Promise(() => undefined),
    stopping: new AbortController().signal,
    inBackground: () => undefined,
    graphRoot: home.root,
    send: async () => {
      world.sent += 1;
    },
    readBatch: async (targets) => {
      counts.requests += 1;
      counts.items += targets.length;
      return { observations: new Map(targets.map(answer)), pause: null, httpRequests: 1 };
    },
  });
  return { counts, world, sweep };

  function counting(): Table {
    return {
      ...table,
      async *query(partitionKey, range) {
        for await (const page of table.query(partitionKey, range)) {
          counts.pages += 1;
          yield page;
        }
      },
      transact: (partitionKey, actions) => {
        counts.transactions += 1;
        counts.mostRows = Math.max(counts.mostRows, actions.length);
        return table.transact(partitionKey, actions);
      },
    };
  }

  function answer({ key }: ReadTarget): readonly [string, ReadObservation] {
    return [key, { ...aStatus(world.word, nowMs - startMs), observedBy: 'poll' }];
  }

  async function sweep(): Promise<void> {
    nowMs += intervalMs;
    const { signal } = new AbortController();
    await sweepShard(target, { deadlineMonotonicMs: Number.POSITIVE_INFINITY, signal });
  }
}

test('twenty thousand every ten seconds cost a twentieth of a request and 0.0011 storage operations a poll', async () => {
  const { counts, sweep } = await startMany();
  await sweep();
  Object.assign(counts, { pages: 0, transactions: 0, requests: 0, items: 0 });
  for (let sweeps = 0; sweeps < 6; sweeps += 1) await sweep();
  expect(counts.items / live / 6).toBeCloseTo(1, 1);
  expect(counts.requests / counts.items).toBeLessThanOrEqual(0.0501);
  // A page a thousand rows and a sweep, and how far it swept once a minute.
  expect(counts.pages / 6).toBeLessThanOrEqual(21);
  expect(counts.transactions).toBe(1);
  expect((counts.pages + counts.transactions) / counts.items).toBeLessThanOrEqual(0.0011);
});

test('ten thousand changes and more at once share commits of at most a hundred rows, and each is sent (F-39)', async () => {
  const { counts, world, sweep } = await startMany();
  await sweep();
  Object.assign(counts, { transactions: 0, mostRows: 0, items: 0 });
  world.word = 'finalizing';
  await sweep();
  expect(counts.items).toBeGreaterThan(10_000);
  expect(world.sent).toBe(counts.items);
  expect(counts.mostRows).toBeLessThanOrEqual(100);
  // Three rows a change. What a request's twenty answers bring is not split; what was sent is cleared by the hundred.
  expect(counts.transactions).toBeGreaterThanOrEqual(counts.items / 33 + counts.items / 100);
  expect(counts.transactions).toBeLessThanOrEqual((counts.items / 20 + counts.items / 100) * 1.02);
});
