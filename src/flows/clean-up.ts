// Retention: ended operations and their events are removed after their time, the events first and `known!` last with
// If-Match. If we die between, the next day goes on; a generation that began meanwhile is left alone.
import { crashPoint } from '../domain/crash-point.ts';
import type { Known, Shard, Stored } from '../domain/stored.ts';
import type { Clock, Log } from './ports.ts';

export type CleanUpPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly retentionMs: number;
  readonly shards: readonly Shard[];
  readonly listEndedBefore: (shard: Shard, beforeMs: number) => AsyncIterable<readonly Stored<Known>[]>;
  readonly removeEnded: (shard: Shard, known: Stored<Known>) => Promise<boolean>;
};

/** @param signal stops between two operations. @returns how many operations were removed. */
export function createCleanUp(ports: CleanUpPorts): (signal: AbortSignal) => Promise<number> {
  return async function cleanUp(signal) {
    TEST: crashPoint('R0');
    const beforeMs = ports.clock.nowMs() - ports.retentionMs;
    let removed = 0;
    for (const shard of ports.shards) {
      for await (const page of ports.listEndedBefore(shard, beforeMs)) {
        for (const known of page) {
          if (signal.aborted) return removed;
          if (await ports.removeEnded(shard, known)) removed += 1;
          TEST: crashPoint('R2');
        }
      }
    }
    ports.log('info', { removed }, 'retention removed ended operations');
    return removed;
  };
}
