// One operation as callers see it, also while they wait for its end.
import { kindOfKey } from '../domain/keys.ts';
import { isTerminal, type Operation } from '../domain/operation.ts';
import { emptyMemory } from '../domain/shard-memory.ts';
import type { Lookup, Shard } from '../domain/stored.ts';
import { type OperationView, operationView } from '../domain/view.ts';
import type { Clock, LookUp, ReadMemory, ShardOf } from './ports.ts';

export type FindPorts = {
  readonly clock: Clock;
  readonly lookUp: LookUp;
  readonly readMemory: ReadMemory;
  readonly shardOf: ShardOf;
};

export type FoundOperation = { readonly shard: Shard; readonly found: Lookup; readonly operation: Operation };

/** The rows of a key; null when it is no key or names nothing that is or was watched. */
export async function findRows(
  ports: Pick<FindPorts, 'lookUp' | 'shardOf'>,
  key: string,
): Promise<FoundOperation | null> {
  const kind = kindOfKey(key);
  if (kind === null) return null;
  const shard = ports.shardOf({ key, kind });
  const found = await ports.lookUp(shard, key);
  const operation = found.live?.value ?? found.known?.value.ended ?? null;
  return operation && { shard, found, operation };
}

/** The view of an operation with what its shard remembers, which matters to a live one only. */
export async function viewWithMemory(
  ports: Pick<FindPorts, 'clock' | 'readMemory'>,
  shard: Shard,
  operation: Operation,
): Promise<OperationView> {
  const isEnded = isTerminal(operation.state);
  const memory = isEnded ? emptyMemory : ((await ports.readMemory(shard))?.value ?? emptyMemory);
  return operationView(operation, { nowMs: ports.clock.nowMs(), memory });
}

export function createFindOperation(ports: FindPorts): (key: string) => Promise<OperationView | null> {
  return async function findOperation(key) {
    const rows = await findRows(ports, key);
    return rows && (await viewWithMemory(ports, rows.shard, rows.operation));
  };
}

export type WaitPorts = FindPorts & {
  /** Resolves after the time, or at once when the signal fires. */
  readonly sleep: (delayMs: number, signal: AbortSignal) => Promise<void>;
  /** Answers that one process holds at a time. */
  readonly maxWaiters: number;
};

/** A row read twice a second for each of a few waiters: cheaper than any machinery that would tell them. */
const lookEveryMs = 500;

/**
 * Holds until the operation has ended or the time is over, and answers with it as it then is.
 * When this process holds its number of waiters already, the answer comes at once.
 */
export function createWaitForEnd(
  ports: WaitPorts,
): (key: string, waitMs: number, signal: AbortSignal) => Promise<OperationView | null> {
  let waiters = 0;
  return async function waitForEnd(key, waitMs, signal) {
    if (waiters >= ports.maxWaiters) return createFindOperation(ports)(key);
    waiters += 1;
    try {
      return await look(key, waitMs, signal);
    } finally {
      waiters -= 1;
    }
  };

  async function look(key: string, waitMs: number, signal: AbortSignal): Promise<OperationView | null> {
    const untilMs = ports.clock.monotonicMs() + waitMs;
    for (;;) {
      const rows = await findRows(ports, key);
      if (rows === null) return null;
      const leftMs = untilMs - ports.clock.monotonicMs();
      if (isTerminal(rows.operation.state) || leftMs <= 0 || signal.aborted) {
        return viewWithMemory(ports, rows.shard, rows.operation);
      }
      await ports.sleep(Math.min(lookEveryMs, leftMs), signal);
    }
  }
}
