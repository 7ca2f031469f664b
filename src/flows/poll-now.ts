// One read of Graph on demand. It obeys the tenant's pause and merges a new one, as a sweep does.
import { crashPoint } from '../domain/crash-point.ts';
import { throttledCode } from '../domain/observation.ts';
import { isTerminal, type Operation } from '../domain/operation.ts';
import type { ParkedPush, Shard, Stored } from '../domain/stored.ts';
import { applyObservation } from './apply-observation.ts';
import { applyParked, type ParkedPorts } from './apply-parked.ts';
import { type FindPorts, findRows, viewWithMemory } from './find-operation.ts';
import type { ReadBatch } from './ports.ts';
import { createPublisher, type PublishPorts } from './publish-events.ts';
import type { PollNowOutcome } from './results.ts';
import { createPauses, type PausePorts, type ShardPauses } from './shard-pauses.ts';

export type PollNowPorts = ParkedPorts &
  PublishPorts &
  FindPorts &
  PausePorts & {
    readonly readBatch: ReadBatch;
    readonly readParked: (shard: Shard, key: string) => Promise<Stored<ParkedPush> | null>;
  };

export function createPollNow(ports: PollNowPorts): (key: string) => Promise<PollNowOutcome> {
  const pausesOf = createPauses(ports);
  return async function pollNow(key) {
    const rows = await findRows(ports, key);
    if (rows === null) return { outcome: 'notFound' };
    if (rows.found.live === null) return { outcome: 'ended' };
    const { shard, operation } = rows;
    if (await endsByParked(shard, operation.key)) return { outcome: 'ended' };
    const pauses = await currentPauses(shard);
    return (await throttled(pauses, operation)) ?? (await readAndApply(shard, operation, pauses));
  };

  async function endsByParked(shard: Shard, key: string): Promise<boolean> {
    const parked = await ports.readParked(shard, key);
    if (parked === null) return false;
    const publisher = createPublisher(ports, shard);
    const applied = await applyParked(ports, shard, { parked, publisher });
    await publisher.drain();
    return 'operation' in applied && isTerminal(applied.operation.state);
  }

  async function currentPauses(shard: Shard): Promise<ShardPauses> {
    const readAtMonotonicMs = ports.clock.monotonicMs();
    return pausesOf(shard, { stored: await ports.readMemory(shard), readAtMonotonicMs });
  }

  async function throttled(pauses: ShardPauses, operation: Operation): Promise<PollNowOutcome | null> {
    const retryAfterMs = await pauses.leftMs(operation.resource.tenantId);
    return retryAfterMs === null ? null : { outcome: 'throttled', retryAfterMs };
  }

  async function readAndApply(
    shard: Shard,
    operation: Operation,
    pauses: ShardPauses,
  ): Promise<PollNowOutcome> {
    const { key, generation } = operation;
    // Somebody waits for it: it goes first, and the sweeps of this process wait the longer for it.
    pauses.take(operation.resource.tenantId, 1);
    const answer = await ports.readBatch([operation]);
    TEST: crashPoint('N0');
    const observation = answer.observations.get(key);
    const isRefused = observation?.type === 'unreadable' && observation.code === throttledCode;
    await pauses.settle(operation.resource.tenantId, isRefused ? 0 : 1, answer.pause);
    if (observation === undefined) return { outcome: 'unreadable', code: 'missing_answer' };
    const publisher = createPublisher(ports, shard);
    const applied = await applyObservation(ports, { shard, key, generation, observation }, publisher);
    await publisher.drain();
    TEST: crashPoint('N10');
    if (applied.outcome === 'notFound' || applied.outcome === 'storageBusy')
      return { outcome: applied.outcome };
    if (observation.type === 'unreadable') {
      const isThrottled = observation.code === throttledCode;
      return (
        (isThrottled ? await throttled(pauses, operation) : null) ?? {
          outcome: 'unreadable',
          code: observation.code,
        }
      );
    }
    return { outcome: 'polled', operation: await viewWithMemory(ports, shard, applied.operation) };
  }
}
