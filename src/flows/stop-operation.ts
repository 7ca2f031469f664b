// A caller's stop. It means the generation that it first read: one that began meanwhile is left alone.
// Its event is published by this request; if we die after the commit, a sweep publishes it.
import { crashPoint } from '../domain/crash-point.ts';
import type { Operation } from '../domain/operation.ts';
import { emptyMemory } from '../domain/shard-memory.ts';
import { operationView } from '../domain/view.ts';
import { type ApplyPorts, applyObservation } from './apply-observation.ts';
import { type FindPorts, findRows } from './find-operation.ts';
import { createPublisher, type PublishPorts } from './publish-events.ts';
import type { StopOutcome } from './results.ts';

export type StopPorts = ApplyPorts & PublishPorts & Pick<FindPorts, 'lookUp' | 'shardOf'>;

/** @param generation stops only this one; null: the one that is there. */
export function createStopOperation(
  ports: StopPorts,
): (key: string, generation: number | null) => Promise<StopOutcome> {
  return async function stopOperation(key, generation) {
    TEST: crashPoint('N0');
    const rows = await findRows(ports, key);
    if (rows === null) return { outcome: 'notFound' };
    const meant = rows.operation.generation;
    if (generation !== null && generation !== meant) return { outcome: 'generationChanged' };
    if (rows.found.live === null) return ended(rows.operation);
    const publisher = createPublisher(ports, rows.shard);
    const nowMs = ports.clock.nowMs();
    const observation = { type: 'stop', sentAtMs: nowMs, arrivedAtMs: nowMs } as const;
    const applied = await applyObservation(
      ports,
      { shard: rows.shard, key, generation: meant, observation },
      publisher,
    );
    await publisher.drain();
    TEST: crashPoint('N10');
    switch (applied.outcome) {
      case 'changed':
      case 'unchanged':
      case 'ended':
        return ended(applied.operation);
      case 'generationChanged':
      case 'notFound':
      case 'storageBusy':
        return { outcome: applied.outcome };
      case 'frozen':
        return { outcome: 'storageBusy' };
    }
  };

  function ended(operation: Operation): StopOutcome {
    return {
      outcome: 'ended',
      operation: operationView(operation, { nowMs: ports.clock.nowMs(), memory: emptyMemory }),
    };
  }
}
