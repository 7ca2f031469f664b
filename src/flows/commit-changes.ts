// Shared commits of one shard: while one transaction is under way the next changes gather, so that who is
// busy writes many changes at a time and who is not writes at once. A refused transaction is taken apart and each change applied
// on its own, so that one conflict or one bad row never holds up the others.
import type { Observation } from '../domain/observation.ts';
import type { Decision } from '../domain/observe.ts';
import type { Operation } from '../domain/operation.ts';
import type { Change, Shard, Stored } from '../domain/stored.ts';
import {
  type Applied,
  type ApplyPorts,
  applyObservation,
  entriesOf,
  makeChange,
  tellTransitions,
} from './apply-observation.ts';
import type { Publisher } from './publish-events.ts';

export type Proposal = {
  /** Null: the tracking begins with this observation. */
  readonly before: Stored<Operation> | null;
  readonly observation: Observation;
  readonly decision: Decision;
};

export type Committer = {
  /** Resolves when the change is in, or left to a later sweep; rejects when storage refuses us. */
  readonly commit: (proposal: Proposal) => Promise<Applied>;
  /** Shared transactions so far. */
  readonly commits: () => number;
  /** Whether storage refused us: what is added from now on will hardly be committed either. */
  readonly hasFailed: () => boolean;
};

/** Azure Tables: 100 rows and 4 MiB a transaction. An event of 24 KiB is written twice, an operation at most twice. */
const maxRows = 100;
const maxChanges = 33;

type Waiting = Proposal & {
  readonly resolve: (applied: Applied) => void;
  readonly reject: (error: unknown) => void;
};

export function createCommitter(ports: ApplyPorts, shard: Shard, publisher: Publisher): Committer {
  const waiting: Waiting[] = [];
  let isRunning = false;
  let isFailed = false;
  let commits = 0;

  return { commit, commits: () => commits, hasFailed: () => isFailed };

  function commit(proposal: Proposal): Promise<Applied> {
    const { promise, resolve, reject } = Promise.withResolvers<Applied>();
    promise.catch(() => undefined); // who waits for it is told; a sweep waits at its end only
    waiting.push({ ...proposal, resolve, reject });
    if (!isRunning) void run();
    return promise;
  }

  async function run(): Promise<void> {
    isRunning = true;
    // Gathers what the same batch of answers adds in this turn of the event loop.
    await Promise.resolve();
    while (waiting.length > 0) {
      const { group, repeated } = takeGroup();
      try {
        await commitGroup(group);
        await Promise.all(repeated.map(settleRepeated));
      } catch (error) {
        // The rows are as they are; the next sweep looks at them.
        isFailed = true;
        for (const one of [...group, ...repeated, ...waiting.splice(0)]) one.reject(error);
      }
    }
    isRunning = false;
  }

  /** A row can't be in a transaction twice: further news of a key is applied once the first is in. */
  function takeGroup(): { readonly group: readonly Waiting[]; readonly repeated: readonly Waiting[] } {
    const group = new Map<string, Waiting>();
    const repeated: Waiting[] = [];
    let rows = 0;
    while (waiting.length > 0 && group.size < maxChanges) {
      const next = waiting[0];
      if (next === undefined || rows + rowsOf(next) > maxRows) break;
      waiting.shift();
      const { key } = next.decision.operation;
      if (group.has(key)) {
        repeated.push(next);
        continue;
      }
      rows += rowsOf(next);
      group.set(key, next);
    }
    return { group: [...group.values()], repeated };
  }

  async function commitGroup(group: readonly Waiting[]): Promise<void> {
    const proposed = group.map(({ before, decision }) => ({
      decision,
      change: makeChange(ports, before, decision),
    }));
    const changes: readonly Change[] = proposed.map(({ change }) => change);
    commits += 1;
    const { applied, isRefused } = await ports.commit(shard, changes);
    if (applied) {
      for (const { change, decision } of proposed) tellTransitions(ports, change, decision);
      publisher.publish(changes.flatMap(entriesOf));
    }
    for (const one of group) {
      const { operation, ignored } = one.decision;
      if (applied) one.resolve({ outcome: 'changed', operation, ignored });
      // A beginning that others made fail is not there to be read again.
      else if (one.before === null && isRefused && group.length > 1) await commitGroup([one]);
      else one.resolve(await commitAlone(one, !isRefused));
    }
  }

  async function settleRepeated(one: Waiting): Promise<void> {
    one.resolve(await commitAlone(one, false));
  }

  function commitAlone({ before, observation, decision }: Proposal, isUncertain: boolean): Promise<Applied> {
    const { key } = decision.operation;
    const generation = before?.value.generation ?? null;
    const news = { shard, key, generation, observation, isUncertain };
    return applyObservation(ports, news, publisher);
  }
}

/** At most `live!` and `known!`; an event row and an outbox row for each transition. */
function rowsOf({ before, decision }: Proposal): number {
  const isStep = before !== null && decision.operation.endedAtMs === null;
  return (isStep ? 1 : 2) + 2 * decision.transitions.length;
}
