// Requests that come at the same time share transactions and sends, as the changes of a sweep do. A round is joined for
// a second and then left to end: what fails in it (a key whose send failed is left alone) burdens the next one not.
import type { Shard } from '../domain/stored.ts';
import type { ApplyPorts } from './apply-observation.ts';
import { type Committer, createCommitter } from './commit-changes.ts';
import { createPublisher, type Publisher, type PublishPorts } from './publish-events.ts';

export type Round = { readonly committer: Committer; readonly publisher: Publisher };

const joinedForMs = 1000;

/** @returns the round of a shard that is to be joined now. */
export function createSharedRounds(ports: ApplyPorts & PublishPorts): (shard: Shard) => Round {
  const rounds = new Map<Shard, Round & { readonly begunAtMs: number }>();
  return function roundOf(shard) {
    const nowMs = ports.clock.monotonicMs();
    const current = rounds.get(shard);
    if (current !== undefined && nowMs - current.begunAtMs < joinedForMs) return current;
    const publisher = createPublisher(ports, shard);
    const begun = { publisher, committer: createCommitter(ports, shard, publisher), begunAtMs: nowMs };
    rounds.set(shard, begun);
    return begun;
  };
}
