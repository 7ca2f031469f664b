// A parked notification goes once its operation has taken it, and no sooner: who sent it was told that it is kept.
import { beforeEach, expect, test } from 'vitest';
import { applyParked } from '../../../src/flows/apply-parked.ts';
import { createPublisher, type Publisher } from '../../../src/flows/publish-events.ts';
import {
  anOperation,
  aParkedPush,
  nowMs,
  openStore,
  type Store,
  shard,
  tracked,
} from '../../contract/storage/operations.ts';
import { createMemoryTable } from '../../fakes/memory-table.ts';

const operation = anOperation();
let store: Store;
let publisher: Publisher;
beforeEach(() => {
  store = openStore(createMemoryTable());
  publisher = createPublisher(ports(), shard);
});

function ports() {
  return {
    ...store,
    clock: { nowMs: () => nowMs, monotonicMs: () => 0 },
    log: () => undefined,
    tell: () => undefined,
    send: async () => undefined,
    graphRoot: 'https://graph.microsoft.com',
  };
}

async function parkAndApply() {
  await store.park(shard, aParkedPush(operation), null);
  const parked = await store.readParked(shard, operation.key);
  if (parked === null) throw new Error('nothing is parked');
  const { outcome } = await applyParked(ports(), shard, { parked, publisher });
  await publisher.drain();
  return { outcome, isKept: (await store.readParked(shard, operation.key)) !== null };
}

test('it goes when its operation has taken it', async () => {
  await tracked(store, operation);
  expect(await parkAndApply()).toEqual({ outcome: 'changed', isKept: false });
});

test('it stays where nobody has its operation, which was live when the shard was read', async () => {
  expect(await parkAndApply()).toEqual({ outcome: 'notFound', isKept: true });
});
