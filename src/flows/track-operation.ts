// The birth of a watch: one transaction of two creates, `known!` and `live!`. A repeated or late request fails on
// `known!` and is answered from what is there, so no duplicate comes to life after the end.
// If we die before the commit, the caller got no answer and asks again; after it, the next sweep finds the operation.
import type { Kind, Operation } from '../domain/operation.ts';
import { emptyMemory } from '../domain/shard-memory.ts';
import type { Known, Lookup, Shard, Stored } from '../domain/stored.ts';
import { beginGeneration, type TrackPolicy, type TrackRequest } from '../domain/tracking.ts';
import { operationView } from '../domain/view.ts';
import type { Clock, LookUp, ShardOf } from './ports.ts';
import type { TrackOutcome } from './results.ts';

export type TrackPorts = {
  readonly clock: Clock;
  readonly lookUp: LookUp;
  readonly track: (shard: Shard, operation: Operation) => Promise<boolean>;
  readonly restart: (shard: Shard, known: Stored<Known>, operation: Operation) => Promise<boolean>;
  readonly policies: Readonly<Record<Kind, TrackPolicy>>;
  readonly shardOf: ShardOf;
};

const attempts = 4;

export function createTrackOperation(ports: TrackPorts): (request: TrackRequest) => Promise<TrackOutcome> {
  return async function trackOperation(request) {
    const { key, kind } = request.named;
    const shard = ports.shardOf({ key, kind });
    // Most requests are the first for their key: create at once, and look only when that is refused.
    let found: Lookup = { live: null, known: null };
    let isLooked = request.restartAfter === null;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (!isLooked) found = await ports.lookUp(shard, key);
      isLooked = false;
      const answer = answerFrom(found, request.restartAfter);
      if (answer !== null) return answer;
      const begun = await begin(shard, request, found.known);
      if (begun !== null) return { outcome: 'created', operation: view(begun) };
    }
    const answer = answerFrom(await ports.lookUp(shard, key), request.restartAfter);
    return answer ?? { outcome: 'storageBusy' };
  };

  /** The new generation's operation when it clearly was stored; null when nothing is known. */
  async function begin(
    shard: Shard,
    request: TrackRequest,
    known: Stored<Known> | null,
  ): Promise<Operation | null> {
    const operation = beginGeneration(request, {
      nowMs: ports.clock.nowMs(),
      policy: ports.policies[request.named.kind],
      followed: known?.value.generation ?? request.restartAfter,
    });
    const isStored =
      known === null ? await ports.track(shard, operation) : await ports.restart(shard, known, operation);
    return isStored ? operation : null;
  }

  /** What the rows say already; null when a generation is to be begun. */
  function answerFrom(found: Lookup, restartAfter: number | null): TrackOutcome | null {
    const current = found.live?.value ?? found.known?.value.ended ?? null;
    if (current === null) return null;
    if (restartAfter !== null && restartAfter > current.generation) return { outcome: 'generationUnknown' };
    if (found.live === null && restartAfter === current.generation) return null;
    return { outcome: 'existing', operation: view(current) };
  }

  function view(operation: Operation) {
    return operationView(operation, { nowMs: ports.clock.nowMs(), memory: emptyMemory });
  }
}
