// What the ends of operations teach their shard: who saw them first, and how long the operations took. Only Graph's own
// word counts as an end here: what is lost, expired or cancelled took no time that anybody knows.
import { addDurations, durationsOf, noDurations, type Span } from './durations.ts';
import type { ObservedBy, Operation } from './operation.ts';
import { type Outlook, outlooksOf } from './outlook.ts';
import { gridPointBefore } from './poll-grid.ts';
import { addEnds, endSeen, noEnds } from './pushes.ts';
import type { ShardMemory, Stored } from './stored.ts';

export type EndNews = Pick<ShardMemory, 'ends' | 'durations'>;

export const noEndNews: EndNews = { ends: noEnds, durations: noDurations };

/** The news of one and, weighing more, of what came later. */
export function addEndNews(one: EndNews, later: EndNews): EndNews {
  return {
    ends: addEnds(one.ends, later.ends),
    durations: addDurations(one.durations, later.durations),
  };
}

/** What a sweep read, by what memory. */
export type Looks = {
  readonly due: readonly { readonly stored: Stored<Operation>; readonly dueAtMs: number }[];
  readonly memory: ShardMemory;
};

/**
 * What is learned from the ends that a sweep saw; null: nothing.
 * @param changed operations as they are now; those that have not ended teach nothing.
 */
export function polledEnds(changed: readonly Operation[], { due, memory }: Looks): EndNews | null {
  const ended = new Map(changed.flatMap((one) => (one.endedAtMs === null ? [] : [[one.key, one]])));
  if (ended.size === 0) return null;
  const outlookOf = outlooksOf(memory);
  return due.reduce<EndNews | null>((news, { stored: { value: before }, dueAtMs }) => {
    const after = ended.get(before.key);
    const own = after && newsOf(after, polledSpan(after, { before, dueAtMs, outlook: outlookOf(before) }));
    return own ? addEndNews(news ?? noEndNews, own) : news;
  }, null);
}

/**
 * What is learned from an end that a notification brought, which tells the instant; null: nothing.
 * @param before null when the notification began the tracking too.
 */
export function pushedEnd(ended: Operation, before: Operation | null): EndNews | null {
  const ageMs = (ended.endedAtMs ?? 0) - ended.trackedAtMs;
  return newsOf(ended, isRunEnd(ended, before, 'push') ? { fromMs: ageMs, toMs: ageMs } : null);
}

function newsOf(ended: Operation, span: Span | null): EndNews | null {
  const ends = endSeen(ended);
  if (ends === null && span === null) return null;
  return { ends: ends ?? noEnds, durations: span === null ? noDurations : durationsOf([span]) };
}

/**
 * Between the last look that came before it and the one that showed it. An operation that was in trouble, or was read as
 * a proof only, was last read at some other time.
 */
function polledSpan(
  ended: Operation,
  look: { readonly before: Operation; readonly dueAtMs: number; readonly outlook: Outlook },
): Span | null {
  const { before, dueAtMs, outlook } = look;
  const wasReadByGrid = before.health.status === 'ok' && outlook.pushTrustedUntilMs === null;
  if (!isRunEnd(ended, before, 'poll') || !wasReadByGrid) return null;
  const lastLookMs = gridPointBefore(before, dueAtMs, outlook.cadence) ?? before.trackedAtMs;
  return {
    fromMs: Math.max(lastLookMs, before.changedAtMs) - ended.trackedAtMs,
    toMs: (ended.endedAtMs ?? 0) - ended.trackedAtMs,
  };
}

/** An end at the first sight says nothing of the looks that follow it, which are all that is learned. */
function isRunEnd({ state, endedBy }: Operation, before: Operation | null, seenBy: ObservedBy): boolean {
  return before?.state === 'running' && endedBy === seenBy && (state === 'succeeded' || state === 'failed');
}
