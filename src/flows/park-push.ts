// A notification that finds nobody watching waits for a registration. Of several the word of the highest rank is kept;
// a row is only ever replaced with If-Match, so that none that came at the same time is lost.
import { crashPoint } from '../domain/crash-point.ts';
import { kindOfKey } from '../domain/keys.ts';
import { rankOfWord } from '../domain/kinds.ts';
import type { ParkedPush, Shard, Stored } from '../domain/stored.ts';

export type ParkPorts = {
  readonly park: (shard: Shard, parked: ParkedPush, etag: string | null) => Promise<boolean>;
  readonly readParked: (shard: Shard, key: string) => Promise<Stored<ParkedPush> | null>;
};

const attempts = 4;

/** @returns whether the notification, or one that says more, is stored; false: storage gave no clear answer. */
export async function parkPush(ports: ParkPorts, shard: Shard, push: ParkedPush): Promise<boolean> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const stored = await ports.readParked(shard, push.key);
    if (stored !== null && rankOf(stored.value) >= rankOf(push)) return true;
    TEST: crashPoint('N2');
    const isParked = await ports.park(shard, push, stored?.etag ?? null);
    TEST: crashPoint('N3');
    if (isParked) return true;
  }
  return false;
}

function rankOf({ key, observation }: ParkedPush): number {
  const kind = kindOfKey(key);
  return kind === null ? -1 : rankOfWord(kind, observation.status);
}
