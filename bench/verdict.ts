// The verdict on a run: what a contestant told against what really happened. It comes before every figure, for one who
// loses, invents, repeats or disorders has no costs worth comparing.
import type { SeenEvent } from './contestants/contestant.ts';

export type ArrivedEvent = SeenEvent & { readonly arrivedAtMs: number };

/** The words an operation really had, and since when; the first one is no news. */
export type History = {
  readonly path: string;
  readonly changes: readonly { readonly status: unknown; readonly atMs: number }[];
};

export type Verdict = {
  readonly lost: readonly string[];
  readonly invented: readonly string[];
  readonly repeated: readonly string[];
  /** Events that came again under their own id, as at-least-once allows: a consumer drops them. */
  readonly copies: number;
  readonly disordered: readonly string[];
  /** Each event that is right: when the change was, when it was told. */
  readonly detections: readonly Detection[];
};

export type Detection = { readonly changedAtMs: number; readonly arrivedAtMs: number };

/** Both clocks are this machine's; two processes may read it within a millisecond of each other in either order. */
const clockToleranceMs = 5;

/**
 * @param events in the order of their arrival.
 * @param settledBeforeMs the word that each operation had then must have been told, or a later one: what it was between two
 * looks nobody can see.
 */
export function judge(
  events: readonly ArrivedEvent[],
  histories: readonly History[],
  settledBeforeMs: number,
): Verdict {
  const verdict = emptyVerdict();
  const byPath = Map.groupBy(events, ({ path }) => path);
  const paths = new Set(histories.map(({ path }) => path));
  for (const { path, status } of events)
    if (!paths.has(path)) verdict.invented.push(`${path}: nobody knows it, and "${String(status)}" was told`);
  for (const history of histories)
    judgeOne(byPath.get(history.path) ?? [], history, { verdict, settledBeforeMs });
  return verdict;
}

/** What makes a verdict a failure, in words; empty when nothing does. */
export function problemsOf({ lost, invented, repeated, disordered }: Verdict): readonly string[] {
  const kinds = { lost, invented, repeated, disordered };
  return Object.entries(kinds).flatMap(([kind, found]) => found.map((what) => `${kind}: ${what}`));
}

function emptyVerdict() {
  return {
    lost: [] as string[],
    invented: [] as string[],
    repeated: [] as string[],
    copies: 0,
    disordered: [] as string[],
    detections: [] as Detection[],
  };
}

function judgeOne(
  events: readonly ArrivedEvent[],
  { path, changes }: History,
  { verdict, settledBeforeMs }: { verdict: ReturnType<typeof emptyVerdict>; settledBeforeMs: number },
): void {
  const ids = new Set<string>();
  let lastPlace = 0;
  let lastSequence = 0;
  for (const { status, id, sequence, arrivedAtMs } of events.toSorted(bySequence)) {
    const what = `${path}: "${String(status)}"`;
    const place = changes.findIndex((change, index) => index > 0 && change.status === status);
    const change = changes[place];
    const identity = id ?? String(status);
    if (change === undefined || change.atMs > arrivedAtMs + clockToleranceMs) verdict.invented.push(what);
    else if (ids.has(identity) && id !== null) verdict.copies += 1;
    else if (ids.has(identity)) verdict.repeated.push(what);
    else if (place <= lastPlace || (sequence !== null && sequence <= lastSequence))
      verdict.disordered.push(what);
    else verdict.detections.push({ changedAtMs: change.atMs, arrivedAtMs });
    ids.add(identity);
    lastPlace = Math.max(lastPlace, place);
    lastSequence = sequence ?? lastSequence;
  }
  const untold = untoldChange(events, changes, settledBeforeMs);
  if (untold !== null) verdict.lost.push(`${path}: "${String(untold.status)}"`);
}

/** A queue may let one message overtake another: what says its place is put there, as a consumer does, and all else is as it came. */
function bySequence(one: ArrivedEvent, other: ArrivedEvent): number {
  return (one.sequence ?? 0) - (other.sequence ?? 0);
}

/** The word that was in force then, when neither it nor a later one was told. */
function untoldChange(
  events: readonly ArrivedEvent[],
  changes: History['changes'],
  settledBeforeMs: number,
): History['changes'][number] | null {
  const place = changes.findLastIndex(({ atMs }) => atMs < settledBeforeMs);
  const wanted = changes.slice(Math.max(place, 1));
  const isTold = wanted.some((change) => events.some(({ status }) => status === change.status));
  return place < 1 || isTold ? null : (changes[place] ?? null);
}
