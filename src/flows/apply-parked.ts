// A notification that waited for its operation. It is applied before anybody reads Graph for it: what Graph shows later may
// be that the operation is gone, and a conclusion must not come before the platform's own word.
import { crashPoint } from '../domain/crash-point.ts';
import type { ParkedPush, Shard, Stored } from '../domain/stored.ts';
import { type Applied, type ApplyPorts, applyObservation } from './apply-observation.ts';
import type { Publisher } from './publish-events.ts';

export type ParkedPorts = ApplyPorts & {
  readonly removeParked: (shard: Shard, parked: Stored<ParkedPush>) => Promise<boolean>;
};

const keptAfter: ReadonlySet<Applied['outcome']> = new Set(['storageBusy', 'frozen', 'notFound']);

/**
 * If we die before the removal, it is applied again and finds nothing to say. It stays where nobody has the operation:
 * retention may have removed one that was live when the rows were read, and somebody may register it again.
 */
export async function applyParked(
  ports: ParkedPorts,
  shard: Shard,
  { parked, publisher }: { readonly parked: Stored<ParkedPush>; readonly publisher: Publisher },
): Promise<Applied> {
  const { key, observation } = parked.value;
  const applied = await applyObservation(ports, { shard, key, observation, generation: null }, publisher);
  TEST: crashPoint('S3');
  if (!keptAfter.has(applied.outcome)) await ports.removeParked(shard, parked);
  return applied;
}
