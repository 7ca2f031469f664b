// Requests that come at the same time share transactions and sends, as the changes of a sweep do. A round is joined for
// a second and then left to end: what fails in it (a key whose send failed is left alone) burdens the next one not.
// Sent events are cleared a moment later, those of all rounds together: nobody waits for that.
import type { Shard } from '../domain/stored.ts';
import type { ApplyPorts } from './apply-observation.ts';
import { createGatheringClearer } from './clear-outbox.ts';
import { type Committer, createCommitter } from './commit-changes.ts';
import { createPublisher, type Publisher, type PublishPorts } from './publish-events.ts';
import type { SoonPorts } from './soon.ts';

export type Round = { readonly committer: Committer; readonly publisher: Publisher };

export type Rounds = {
  /** The round that is to be joined now. */
  readonly current: () => Round;
  /** Waits until the events of a key that were given in one of the last rounds are sent, or given up. */
  readonly settled: (key: string) => Promise<void>;
};

const joinedForMs = 1000;
/** Whoever still waits for an event has begun no longer ago. */
const remembered = 4;

/** @returns the rounds of a shard. */
export function createSharedRounds(ports: ApplyPorts & PublishPorts & SoonPorts): (shard: Shard) => Rounds {
  const all = new Map<Shard, Rounds>();
  return function roundsOf(shard) {
    const rounds = all.get(shard) ?? createRounds(ports, shard);
    all.set(shard, rounds);
    return rounds;
  };
}

function createRounds(ports: ApplyPorts & PublishPorts & SoonPorts, shard: Shard): Rounds {
  const clearer = createGatheringClearer(ports, shard);
  let last: readonly Round[] = [];
  let begunAtMs = Number.NEGATIVE_INFINITY;
  return { current, settled };

  function current(): Round {
    const nowMs = ports.clock.monotonicMs();
    const [newest] = last;
    if (newest !== undefined && nowMs - begunAtMs < joinedForMs) return newest;
    const publisher = createPublisher(ports, shard, clearer);
    const begun = { publisher, committer: createCommitter(ports, shard, publisher) };
    last = [begun, ...last].slice(0, remembered);
    begunAtMs = nowMs;
    return begun;
  }

  async function settled(key: string): Promise<void> {
    await Promise.all(last.map(({ publisher }) => publisher.settled(key)));
  }
}
