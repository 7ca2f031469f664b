// The birth of a watch: one transaction of two creates, `known!` and `live!`. A repeated or late request fails on
// `known!` and is answered from what is there, so no duplicate comes to life after the end.
// If we die before the commit, the caller got no answer and asks again; after it, the next sweep finds the operation.
import { crashPoint } from '../domain/crash-point.ts';
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
  /** Whether this generation's events are there. */
  readonly hasGeneration: (shard: Shard, key: string, generation: number) => Promise<boolean>;
  /** How long an ended generation's events are kept at least. */
  readonly retentionMs: number;
  readonly policies: Readonly<Record<Kind, TrackPolicy>>;
  readonly shardOf: ShardOf;
};

const attempts = 4;
/** Generations run ahead of the clock where one follows the other within a second; nobody makes so many. */
const maxAheadMs = 3_600_000;

export function createTrackOperation(ports: TrackPorts): (request: TrackRequest) => Promise<TrackOutcome> {
  return async function trackOperation(request) {
    TEST: crashPoint('T0');
    const { key, kind } = request.named;
    const shard = ports.shardOf({ key, kind });
    // Most requests are the first for their key: create at once, and look only when that is refused.
    let found: Lookup = { live: null, known: null };
    let isLooked = request.restartAfter === null;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (!isLooked) found = await ports.lookUp(shard, key);
      isLooked = false;
      const answer = await answerFrom(found, request, shard);
      if (answer !== null) return answer;
      const begun = await begin(shard, request, found.known);
      if (begun === null) continue;
      TEST: crashPoint('T4');
      return { outcome: 'created', operation: view(begun) };
    }
    const answer = await answerFrom(await ports.lookUp(shard, key), request, shard);
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
    TEST: crashPoint('T1');
    const isStored =
      known === null ? await ports.track(shard, operation) : await ports.restart(shard, known, operation);
    TEST: crashPoint('T2');
    return isStored ? operation : null;
  }

  /** What the rows say already; null when a generation is to be begun. */
  async function answerFrom(
    found: Lookup,
    { named, restartAfter }: TrackRequest,
    shard: Shard,
  ): Promise<TrackOutcome | null> {
    const current = found.live?.value ?? found.known?.value.ended ?? null;
    if (restartAfter !== null && restartAfter !== current?.generation) {
      const isPossible =
        current === null
          ? restartAfter * 1000 <= ports.clock.nowMs() + maxAheadMs
          : restartAfter < current.generation && (await mayHaveBeen(shard, named.key, restartAfter));
      if (!isPossible) return { outcome: 'generationUnknown' };
    }
    if (current === null || (found.live === null && restartAfter === current.generation)) return null;
    return { outcome: 'existing', operation: view(current) };
  }

  /** One that began before anything is kept may have been removed: it gets the benefit of the doubt. */
  async function mayHaveBeen(shard: Shard, key: string, generation: number): Promise<boolean> {
    if (generation * 1000 <= ports.clock.nowMs() - ports.retentionMs) return true;
    return ports.hasGeneration(shard, key, generation);
  }

  function view(operation: Operation) {
    return operationView(operation, { nowMs: ports.clock.nowMs(), memory: emptyMemory });
  }
}
