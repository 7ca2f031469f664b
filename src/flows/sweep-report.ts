// What a sweep says of itself: one set of numbers, from which log line and metrics are made.
import type { Shard, ShardContents } from '../domain/stored.ts';
import type { Applied } from './apply-observation.ts';
import type { ReadCounts } from './read-due.ts';

export type SweepReport = ReadCounts & {
  readonly shard: Shard;
  readonly durationMs: number;
  readonly live: number;
  /** Since its tracking began; 0 when nothing is live. */
  readonly oldestAgeSeconds: number;
  readonly due: number;
  /** Read and answered; what was throttled is not. */
  readonly read: number;
  /** How long after its due time the latest read was begun; 0 when nothing was due. */
  readonly maxLatenessMs: number;
  /** How long requests waited for Graph's limits. */
  readonly heldBackMs: number;
  /** Due, and still so. */
  readonly unread: number;
  /** Observations older than what is known. */
  readonly ignored: number;
  /** How long Graph asked to be left alone from now on, the longest of the tenants. */
  readonly throttledForSeconds: number;
  /** Changes that are in, the shared transactions for them, and what storage gave no clear answer for. */
  readonly committed: number;
  readonly commits: number;
  readonly left: number;
  readonly published: number;
  readonly unpublished: number;
  /** Events committed and not published when the sweep began. */
  readonly outboxDepth: number;
  readonly outboxOldestSeconds: number;
  readonly parked: number;
};

/** Whether the sweep brought anything but unchanged polls: those cost next to nothing, in a log as elsewhere. */
export function isNews(report: SweepReport): boolean {
  const { committed, left, ignored, published, unpublished } = report;
  const { throttledItems, refusedItems, unreadableItems, outboxDepth, parked } = report;
  const changes = committed + left + ignored + published + unpublished;
  return changes + throttledItems + refusedItems + unreadableItems + outboxDepth + parked > 0;
}

/** Of what stood in the table when the sweep began. */
export function stockOf(
  contents: ShardContents,
  nowMs: number,
): Pick<SweepReport, 'live' | 'oldestAgeSeconds' | 'outboxDepth' | 'outboxOldestSeconds' | 'parked'> {
  const tracked = contents.live.map(({ value }) => value.trackedAtMs);
  // A row that does not say when it was committed says 0.
  const committed = contents.outbox.map(({ committedAtMs }) => committedAtMs).filter((atMs) => atMs > 0);
  return {
    live: contents.live.length,
    oldestAgeSeconds: ageSeconds(tracked, nowMs),
    outboxDepth: contents.outbox.length,
    outboxOldestSeconds: ageSeconds(committed, nowMs),
    parked: contents.parked.length,
  };
}

/** Of what it brought. */
export function newsOf(
  applied: readonly Applied[],
  commits: number,
  sent: { readonly published: number; readonly failed: number },
): Pick<SweepReport, 'committed' | 'commits' | 'left' | 'published' | 'unpublished'> {
  const committed = applied.filter(({ outcome }) => outcome === 'changed').length;
  const left = applied.filter(({ outcome }) => outcome === 'storageBusy').length;
  return { committed, commits, left, published: sent.published, unpublished: sent.failed };
}

function ageSeconds(instantsMs: readonly number[], nowMs: number): number {
  const oldestMs = instantsMs.reduce((oldest, atMs) => Math.min(oldest, atMs), nowMs);
  return Math.round((nowMs - oldestMs) / 1000);
}
