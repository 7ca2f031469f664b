// Shared commits of a sweep: while one transaction is under way the next changes gather, so that a busy sweep writes
// many changes at a time and a quiet one writes at once. A refused transaction is taken apart and each change applied
// on its own, so that one conflict or one bad row never holds up the others.
import type { Observation } from '../domain/observation.ts';
import type { Decision } from '../domain/observe.ts';
import type { Operation } from '../domain/operation.ts';
import type { Change, Shard, Stored } from '../domain/stored.ts';
import { type ApplyPorts, applyObservation, makeChange } from './apply-observation.ts';
import type { Publisher } from './publish-events.ts';

export type Proposal = {
  readonly before: Stored<Operation>;
  readonly observation: Observation;
  readonly decision: Decision;
};

export type Committer = {
  readonly add: (proposal: Proposal) => void;
  /** Waits until everything that was added is committed or given up; rejects when storage refuses us. */
  readonly drain: () => Promise<CommitCounts>;
  /** Whether storage refuses us: nothing that is added from now on will be committed. */
  readonly hasFailed: () => boolean;
};

export type CommitCounts = {
  readonly committed: number;
  readonly commits: number;
  readonly left: number;
};

/** Azure Tables: 100 rows and 4 MiB a transaction. An event of 24 KiB is written twice, an operation at most twice. */
const maxRows = 100;
const maxChanges = 33;

export function createCommitter(ports: ApplyPorts, shard: Shard, publisher: Publisher): Committer {
  const waiting: Proposal[] = [];
  let running: Promise<void> | null = null;
  let failure: Error | null = null;
  const counts = { committed: 0, commits: 0, left: 0 };

  return { add, drain, hasFailed: () => failure !== null };

  function add(proposal: Proposal): void {
    waiting.push(proposal);
    running ??= run();
  }

  async function run(): Promise<void> {
    // Gathers what the same batch of answers adds in this turn of the event loop.
    await Promise.resolve();
    try {
      while (waiting.length > 0 && failure === null) await commitGroup(takeGroup());
    } catch (error) {
      // Told by drain; the sweep fails and the next one finds the rows as they are.
      failure = error instanceof Error ? error : new Error('The commit failed.', { cause: error });
    } finally {
      running = null;
    }
  }

  function takeGroup(): readonly Proposal[] {
    const group: Proposal[] = [];
    let rows = 0;
    while (waiting.length > 0 && group.length < maxChanges) {
      const next = waiting[0];
      if (next === undefined || rows + rowsOf(next) > maxRows) break;
      rows += rowsOf(next);
      group.push(next);
      waiting.shift();
    }
    return group;
  }

  async function commitGroup(group: readonly Proposal[]): Promise<void> {
    const changes: readonly Change[] = group.map(({ before, decision }) =>
      makeChange(ports, before, decision),
    );
    counts.commits += 1;
    const committed = await ports.commit(shard, changes);
    if (committed.applied) {
      counts.committed += changes.length;
      publisher.publish(changes.flatMap((change) => change.events));
      return;
    }
    for (const proposal of group) await commitAlone(proposal);
  }

  async function commitAlone({ before, observation }: Proposal): Promise<void> {
    const { key, generation } = before.value;
    const applied = await applyObservation(
      ports,
      { shard, key, generation, observation, isUncertain: true },
      publisher,
    );
    if (applied.outcome === 'changed') counts.committed += 1;
    if (applied.outcome === 'storageBusy') counts.left += 1;
  }

  async function drain(): Promise<CommitCounts> {
    while (running !== null) await running;
    if (failure !== null) throw failure;
    return counts;
  }
}

/** `live!` and, at the end, `known!`; an event row and an outbox row for each transition. */
function rowsOf({ decision }: Proposal): number {
  return (decision.operation.endedAtMs === null ? 1 : 2) + 2 * decision.transitions.length;
}
