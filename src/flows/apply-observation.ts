// The one flow for every way in which news arrives outside a sweep's shared commit: a push, a stop, a PATCH answer, a
// read on demand, and each change of a shared commit that was refused.
//
// Read the rows, observe, commit state + event + outbox row in one transaction guarded by the row's ETag. If the
// answer is anything but a clear success, nothing is known: read the rows again and decide again from what is there.
// What was already committed then shows as no change. If an answer of ours was unclear, its outbox row is published at
// once; after a clear refusal it is another committer's, who publishes it.
// If we die after the commit, a sweep publishes what is 15 seconds old.
import { buildEvent } from '../domain/event.ts';
import type { Observation } from '../domain/observation.ts';
import { type Decision, observe } from '../domain/observe.ts';
import type { Operation } from '../domain/operation.ts';
import type { Change, OutboxEntry, Shard, Stored } from '../domain/stored.ts';
import type { OperationEvent } from '../domain/transition.ts';
import type { Clock, CommitChanges, LookUp, ReadOutbox, Tell } from './ports.ts';
import type { Publisher } from './publish-events.ts';

export type ApplyPorts = {
  readonly lookUp: LookUp;
  readonly commit: CommitChanges;
  readonly readOutbox: ReadOutbox;
  readonly clock: Clock;
  readonly graphRoot: string;
  readonly tell: Tell;
};

export type Applied =
  | {
      readonly outcome: 'changed' | 'unchanged' | 'ended';
      readonly operation: Operation;
      readonly ignored: Decision['ignored'];
    }
  /** Another generation lives now than the one that the news is about. */
  | { readonly outcome: 'generationChanged'; readonly operation: Operation }
  | { readonly outcome: 'notFound' }
  /** Storage gave no clear answer four times: left to the next sweep, or answered 503. */
  | { readonly outcome: 'storageBusy' };

export type News = {
  readonly shard: Shard;
  readonly key: string;
  readonly observation: Observation;
  /** The generation that the news is about; null: whichever lives. */
  readonly generation: number | null;
  /** A commit of this news was tried and nothing is known of it: its events may wait in the outbox. */
  readonly isUncertain?: boolean;
};

const attempts = 4;

/** Applies one observation to what the store holds, and hands the events that it made to the publisher. */
export async function applyObservation(
  ports: ApplyPorts,
  news: News,
  publisher: Publisher,
): Promise<Applied> {
  let wasUncertain = news.isUncertain ?? false;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const found = await ports.lookUp(news.shard, news.key);
    const settled = settledWithoutChange(found.live, found.known?.value.ended ?? null, news);
    if (settled !== null) {
      if (wasUncertain) await publishLeftovers(ports, news, publisher);
      return settled;
    }
    // Two reads may straddle an end: the row is gone and its end not yet seen. Reading again tells.
    if (found.live === null) {
      if (found.known === null) return { outcome: 'notFound' };
      continue;
    }
    const decision = observe(found.live.value, news.observation);
    const change = makeChange(ports, found.live, decision);
    const committed = await ports.commit(news.shard, [change]);
    if (committed.applied) {
      tellTransitions(ports, change, decision);
      publisher.publish(entriesOf(change));
      return { outcome: 'changed', operation: decision.operation, ignored: decision.ignored };
    }
    wasUncertain ||= !committed.isRefused;
  }
  return { outcome: 'storageBusy' };
}

/** The change that a decision asks for. Its events' bytes are made here, once. */
export function makeChange(
  ports: Pick<ApplyPorts, 'clock' | 'graphRoot'>,
  before: Stored<Operation> | null,
  decision: Decision,
): Change {
  const events: readonly OperationEvent[] = decision.transitions.map((transition) =>
    buildEvent(transition, ports.graphRoot),
  );
  return { before, after: decision.operation, events, committedAtMs: ports.clock.nowMs() };
}

/** The outbox rows that a change leaves. */
export function entriesOf({ events, committedAtMs }: Change): readonly OutboxEntry[] {
  return events.map((event) => ({ event, committedAtMs }));
}

/** Only what was clearly committed by us is told: of an unclear commit another may have told already. */
export function tellTransitions(
  { tell }: Pick<ApplyPorts, 'tell'>,
  { committedAtMs }: Change,
  { transitions }: Decision,
): void {
  for (const transition of transitions) tell({ type: 'transition', transition, committedAtMs });
}

/** The answer when nothing is to be written; null when the live row has to change or to be read again. */
function settledWithoutChange(
  live: Stored<Operation> | null,
  ended: Operation | null,
  news: News,
): Applied | null {
  const current = live?.value ?? ended;
  if (current === null) return null;
  if (news.generation !== null && current.generation !== news.generation) {
    return { outcome: 'generationChanged', operation: current };
  }
  if (live === null) return { outcome: 'ended', operation: current, ignored: 'ended' };
  const decision = observe(current, news.observation);
  if (decision.operation !== current) return null;
  return { outcome: 'unchanged', operation: current, ignored: decision.ignored };
}

/** After an answer that told nothing: the commit may have been ours, so its events are sent now and not in 15 s. */
async function publishLeftovers(ports: ApplyPorts, news: News, publisher: Publisher): Promise<void> {
  publisher.publish(await ports.readOutbox(news.shard, news.key));
}
