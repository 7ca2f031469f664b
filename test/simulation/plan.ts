// What a seed's world is like: who runs, what Graph does, and which faults happen how often. Each seed switches on some
// classes of faults only, because a world in which everything fails hides what fails alone.
import type { World } from './world.ts';

export const second = 1000;
export const minute = 60 * second;

export type FaultRates = {
  /** Of a storage request that is not applied. */
  readonly storageBefore: number;
  /** Of one that is applied and whose answer is lost. */
  readonly storageAfter: number;
  /** Of one that is answered late, or applied after its sender has given up. */
  readonly storageSlow: number;
  readonly graphItem: number;
  readonly graphBatch: number;
  readonly staleReplica: number;
  readonly throttle: number;
  readonly queueBefore: number;
  readonly queueAfter: number;
};

const none: FaultRates = {
  storageBefore: 0,
  storageAfter: 0,
  storageSlow: 0,
  graphItem: 0,
  graphBatch: 0,
  staleReplica: 0,
  throttle: 0,
  queueBefore: 0,
  queueAfter: 0,
};

/** Rates at which the invariants of a wrong design broke most often. */
const all: FaultRates = {
  storageBefore: 0.05,
  storageAfter: 0.08,
  storageSlow: 0.03,
  graphItem: 0.1,
  graphBatch: 0.05,
  staleReplica: 0.15,
  throttle: 0.03,
  queueBefore: 0.05,
  queueAfter: 0.05,
};

export type Plan = {
  /** Calls send notifications; OneNote is read one request at a time, so its sweeps last. */
  readonly kind: 'commsOperation' | 'onenoteOperation';
  readonly sweepers: number;
  readonly operations: number;
  readonly rates: FaultRates;
  readonly crashes: number;
  readonly pauses: number;
  readonly maxSkewMs: number;
  readonly autoTrack: boolean;
  readonly pushes: boolean;
  /** Ended operations are removed after so long; null: never. */
  readonly retentionMs: number | null;
  readonly memoryFaults: number;
};

export type PlanOptions = { readonly sweepers?: number; readonly operations?: number };

export function drawPlan(world: World, options: PlanOptions = {}): Plan {
  const kind = world.chance(0.7) ? 'commsOperation' : 'onenoteOperation';
  const isStorageSound = world.chance(0.25);
  const isIn = (name: string): boolean =>
    world.chance(0.6) && !(isStorageSound && name.startsWith('storage'));
  const rates = Object.fromEntries(
    Object.entries(all).map(([name, rate]) => [name, isIn(name) ? rate : 0]),
  ) as FaultRates;
  return {
    kind,
    sweepers: options.sweepers ?? world.between(2, 3),
    operations: options.operations ?? 6,
    rates,
    crashes: world.chance(0.6) ? world.between(0, 7) : 0,
    pauses: world.chance(0.4) ? world.between(1, 3) : 0,
    maxSkewMs: world.chance(0.5) ? 10 * minute : 0,
    autoTrack: world.chance(0.5),
    pushes: kind === 'commsOperation',
    retentionMs: world.chance(0.3) ? 30 * second : null,
    memoryFaults: world.chance(0.2) ? 2 : 0,
  };
}

export function calmPlan(plan: Plan): Plan {
  return { ...plan, rates: none, crashes: 0, pauses: 0, memoryFaults: 0 };
}
