// One pushed observation: to the live operation, to one that ended, or to one that nobody watches. It is an observation
// like any other; only what it means for an operation that is not live is its own.
import { noEndNews, pushedEnd } from '../domain/ends.ts';
import { AppError } from '../domain/errors.ts';
import { wordOf } from '../domain/kinds.ts';
import type { DeletedObservation, StatusObservation } from '../domain/observation.ts';
import { observe } from '../domain/observe.ts';
import { isTerminal, type Kind, type Operation } from '../domain/operation.ts';
import { endSeenAgain } from '../domain/pushes.ts';
import type { NamedResource } from '../domain/resources.ts';
import type { Shard, Stored } from '../domain/stored.ts';
import { beginGeneration, type TrackPolicy, type TrackRequest } from '../domain/tracking.ts';
import type { ApplyPorts } from './apply-observation.ts';
import type { Proposal } from './commit-changes.ts';
import type { MemoryPorts } from './merge-memory.ts';
import { type ParkPorts, parkPush } from './park-push.ts';
import type { ShardOf } from './ports.ts';
import type { PublishPorts } from './publish-events.ts';
import type { PushMemory } from './push-memory.ts';
import type { TrackOutcome } from './results.ts';
import type { Rounds } from './shared-rounds.ts';

export type PushedObservation = StatusObservation | DeletedObservation;

/** What became of it. `late`: its operation has ended; `ignored`: it says nothing that counts. */
export type Taken = 'changed' | 'unchanged' | 'late' | 'parked' | 'ignored';

export type ApplyPushPorts = ApplyPorts &
  PublishPorts &
  MemoryPorts &
  ParkPorts & {
    readonly shardOf: ShardOf;
    readonly track: (request: TrackRequest) => Promise<TrackOutcome>;
    readonly policies: Readonly<Record<Kind, TrackPolicy>>;
    readonly roundsOf: (shard: Shard) => Rounds;
    readonly memory: PushMemory;
    /** Whether a notification of an unknown operation begins its tracking; otherwise it is parked. */
    readonly autoTrack: boolean;
  };

const attempts = 4;
/** A sender gone wild fills no table: beyond so many a minute and process, unknown operations are parked. */
const trackedAMinute = 6000;
const minuteMs = 60_000;

/** @throws AppError storage_busy when nothing certain can be said of it; the sender repeats it. */
export function createApplyPush(
  ports: ApplyPushPorts,
): (shard: Shard, named: NamedResource, observation: PushedObservation) => Promise<Taken> {
  let minute = { beganAtMs: Number.NEGATIVE_INFINITY, tracked: 0 };

  return async function applyPush(shard, named, observation) {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const { live, known } = await ports.lookUp(shard, named.key);
      const ended = known?.value.ended ?? null;
      if (live !== null) {
        const taken = await applyToLive(shard, live, observation);
        if (taken !== null) return taken;
      } else if (ended !== null) {
        if (!isAgainstUs(ended, observation)) return noteLate(shard, ended, observation);
        await beginAgain(ended);
      } else if (known === null) {
        const taken = await takeUnknown(shard, named, observation);
        if (taken !== null) return taken;
      }
      // The rows changed under us, or were changed by us: they are looked at again.
    }
    throw busy();
  };

  async function applyToLive(
    shard: Shard,
    live: Stored<Operation>,
    observation: PushedObservation,
  ): Promise<Taken | null> {
    const decision = observe(live.value, observation);
    if (decision.operation === live.value) return 'unchanged';
    return commit(shard, { before: live, observation, decision });
  }

  /** Null when the rows are to be looked at again. */
  async function commit(shard: Shard, proposal: Proposal): Promise<Taken | null> {
    const applied = await ports.roundsOf(shard).current().committer.commit(proposal);
    switch (applied.outcome) {
      case 'changed': {
        const news = pushedEnd(applied.operation, proposal.before?.value ?? null);
        if (news !== null) ports.memory.addEnds(shard, news);
        return 'changed';
      }
      case 'unchanged':
        return 'unchanged';
      case 'ended':
      case 'generationChanged':
      case 'notFound':
        return null;
      case 'storageBusy':
        throw busy();
    }
  }

  /** A new generation, which ends with what was told. */
  async function beginAgain(ended: Operation): Promise<void> {
    const { key, kind, resource, label, metadata, generation } = ended;
    const tracked = await ports.track({
      named: { key, kind, resource },
      label,
      metadata,
      restartAfter: generation,
      deadlineMs: null,
      trackedBy: 'push',
    });
    if (tracked.outcome === 'storageBusy') throw busy();
  }

  function noteLate(shard: Shard, ended: Operation, observation: PushedObservation): Taken {
    const again = isEnd(ended.kind, observation) ? endSeenAgain(ended, observation.arrivedAtMs) : null;
    if (again !== null) ports.memory.addEnds(shard, { ...noEndNews, ends: again });
    return 'late';
  }

  /** Null when the rows are to be looked at again. */
  async function takeUnknown(
    shard: Shard,
    named: NamedResource,
    observation: PushedObservation,
  ): Promise<Taken | null> {
    if (observation.type === 'deleted') return 'ignored';
    if (ports.autoTrack && mayTrack()) return begin(shard, named, observation);
    const parked = { key: named.key, observation, parkedAtMs: ports.clock.nowMs() };
    if (!(await parkPush(ports, shard, parked))) throw busy();
    // A registration that came at the same time has not seen the parked row: it is looked for once more.
    const { live } = await ports.lookUp(shard, named.key);
    return live === null ? 'parked' : null;
  }

  /** Tracking and first word are one change, so that many share a transaction with whatever else is told. */
  function begin(shard: Shard, named: NamedResource, observation: StatusObservation): Promise<Taken | null> {
    const request = { named, label: null, metadata: {}, deadlineMs: null, restartAfter: null } as const;
    const policy = ports.policies[named.kind];
    const nowMs = ports.clock.nowMs();
    const begun = beginGeneration({ ...request, trackedBy: 'push' }, { nowMs, policy, followed: null });
    return commit(shard, { before: null, observation, decision: observe(begun, observation) });
  }

  function mayTrack(): boolean {
    const nowMs = ports.clock.monotonicMs();
    if (nowMs - minute.beganAtMs >= minuteMs) minute = { beganAtMs: nowMs, tracked: 0 };
    minute = { ...minute, tracked: minute.tracked + 1 };
    return minute.tracked <= trackedAMinute;
  }
}

/** `lost` and `expired` are conclusions of ours; here the platform tells the real end. */
function isAgainstUs({ state, kind }: Operation, observation: PushedObservation): boolean {
  return (state === 'lost' || state === 'expired') && isEnd(kind, observation);
}

function isEnd(kind: Operation['kind'], observation: PushedObservation): boolean {
  const word = observation.type === 'status' ? wordOf(kind, observation.status) : undefined;
  return word !== undefined && isTerminal(word.state);
}

function busy(): AppError {
  return new AppError('storage_busy', 'A notification could not be stored.', { action: 'retry' });
}
