// One pushed observation: to the live operation, to one that ended, or to one that nobody watches. It is an observation
// like any other; only what it means for an operation that is not live is its own.
import { noEndNews, pushedEnd } from '../domain/ends.ts';
import { AppError } from '../domain/errors.ts';
import { wordOf } from '../domain/kinds.ts';
import type { DeletedObservation, StatusObservation } from '../domain/observation.ts';
import { observe } from '../domain/observe.ts';
import { isTerminal, type Operation } from '../domain/operation.ts';
import { endSeenAgain } from '../domain/pushes.ts';
import type { NamedResource } from '../domain/resources.ts';
import type { Shard, Stored } from '../domain/stored.ts';
import type { TrackRequest } from '../domain/tracking.ts';
import type { ApplyPorts } from './apply-observation.ts';
import type { MemoryPorts } from './merge-memory.ts';
import { type ParkPorts, parkPush } from './park-push.ts';
import type { ShardOf } from './ports.ts';
import type { PublishPorts } from './publish-events.ts';
import type { PushMemory } from './push-memory.ts';
import type { TrackOutcome } from './results.ts';
import type { Round } from './shared-rounds.ts';

export type PushedObservation = StatusObservation | DeletedObservation;

/** What became of it. `late`: its operation has ended; `ignored`: it says nothing that counts. */
export type Taken = 'changed' | 'unchanged' | 'late' | 'parked' | 'ignored';

export type ApplyPushPorts = ApplyPorts &
  PublishPorts &
  MemoryPorts &
  ParkPorts & {
    readonly shardOf: ShardOf;
    readonly track: (request: TrackRequest) => Promise<TrackOutcome>;
    readonly roundOf: (shard: Shard) => Round;
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
        if (!(await beginAgain(named, ended, observation))) return noteLate(shard, ended, observation);
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
    const applied = await ports.roundOf(shard).committer.commit({ before: live, observation, decision });
    switch (applied.outcome) {
      case 'changed': {
        const news = pushedEnd(applied.operation, live.value);
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

  /** `lost` and `expired` are conclusions of ours: when the platform tells the real end, a new generation ends with it. */
  async function beginAgain(
    { key, kind }: NamedResource,
    ended: Operation,
    observation: PushedObservation,
  ): Promise<boolean> {
    const isConclusion = ended.state === 'lost' || ended.state === 'expired';
    if (!isConclusion || !isEnd(kind, observation)) return false;
    const { resource, label, metadata, generation } = ended;
    await begin({ named: { key, kind, resource }, label, metadata, restartAfter: generation });
    return true;
  }

  function noteLate(shard: Shard, ended: Operation, observation: PushedObservation): Taken {
    const again = isEnd(ended.kind, observation) ? endSeenAgain(ended, observation.arrivedAtMs) : null;
    if (again !== null) ports.memory.addEnds(shard, { ...noEndNews, ends: again });
    return 'late';
  }

  /** Null when the operation is watched now, so that the observation is applied to it. */
  async function takeUnknown(
    shard: Shard,
    named: NamedResource,
    observation: PushedObservation,
  ): Promise<Taken | null> {
    if (observation.type === 'deleted') return 'ignored';
    if (ports.autoTrack && mayTrack()) {
      await begin({ named, label: null, metadata: {}, restartAfter: null });
      return null;
    }
    const parked = { key: named.key, observation, parkedAtMs: ports.clock.nowMs() };
    if (!(await parkPush(ports, shard, parked))) throw busy();
    // A registration that came at the same time has not seen the parked row: it is looked for once more.
    const { live } = await ports.lookUp(shard, named.key);
    return live === null ? 'parked' : null;
  }

  async function begin(
    request: Pick<TrackRequest, 'named' | 'label' | 'metadata' | 'restartAfter'>,
  ): Promise<void> {
    const tracked = await ports.track({ ...request, deadlineMs: null, trackedBy: 'push' });
    if (tracked.outcome === 'storageBusy') throw busy();
  }

  function mayTrack(): boolean {
    const nowMs = ports.clock.monotonicMs();
    if (nowMs - minute.beganAtMs >= minuteMs) minute = { beganAtMs: nowMs, tracked: 0 };
    minute = { ...minute, tracked: minute.tracked + 1 };
    return minute.tracked <= trackedAMinute;
  }
}

function isEnd(kind: Operation['kind'], observation: PushedObservation): boolean {
  const word = observation.type === 'status' ? wordOf(kind, observation.status) : undefined;
  return word !== undefined && isTerminal(word.state);
}

function busy(): AppError {
  return new AppError('storage_busy', 'A notification could not be stored.', { action: 'retry' });
}
