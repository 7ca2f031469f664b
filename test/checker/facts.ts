// A history, read once: its events parsed and grouped, so that each invariant is a few lines.
import { type CommittedRow, type EventOf, type History, only } from './history.ts';

/** The parts of a published event that invariants speak of. */
export type Transition = {
  readonly id: string;
  readonly body: string;
  readonly key: string;
  readonly generation: number;
  readonly sequence: number;
  readonly terminal: boolean;
  readonly state: string;
  readonly status: string | null;
  readonly previous: { readonly state: string; readonly status: string | null } | null;
  readonly observedBy: string;
  readonly observedAtMs: number;
};

/** A transition where it stands in the history. */
export type Placed = Transition & { readonly index: number; readonly atMs: number };

export type Violation = { readonly invariant: string; readonly key: string | null; readonly message: string };

export type Facts = {
  readonly history: History;
  /** Whether commits are part of the history. Where they are not, what rests on them is not judged. */
  readonly hasCommits: boolean;
  /** Committed once each, in order. */
  readonly committed: readonly Placed[];
  readonly enqueued: readonly Placed[];
  readonly received: readonly Placed[];
  /** All that is known of a generation, by whatever way, without copies, by sequence. */
  readonly generations: ReadonlyMap<string, readonly Placed[]>;
  readonly calmAtMs: number;
  /** Rows of commits in order. */
  readonly rows: readonly (CommittedRow & {
    readonly index: number;
    readonly atMs: number;
    readonly by: string;
  })[];
};

export function readFacts(history: History): Facts {
  const commits = history.flatMap((event, index) => (event.type === 'committed' ? [{ event, index }] : []));
  const rows = commits.flatMap(({ event, index }) =>
    event.rows.map((row) => ({ ...row, index, atMs: event.atMs, by: event.by })),
  );
  const committed = rows
    .filter(({ rowKey, action }) => rowKey.startsWith('event!') && action === 'create')
    .map(({ value, index, atMs }) => ({ ...parse(value ?? '{}'), index, atMs }));
  const enqueued = placed(history, 'enqueued');
  const received = placed(history, 'received');
  return {
    history,
    hasCommits: commits.length > 0,
    committed,
    enqueued,
    received,
    generations: generationsOf(committed.length > 0 ? committed : received),
    calmAtMs: only(history, 'calm')[0]?.atMs ?? Number.POSITIVE_INFINITY,
    rows,
  };
}

function placed(history: History, type: 'enqueued' | 'received'): readonly Placed[] {
  return history.flatMap((event, index) =>
    event.type === type ? [{ ...parse((event as EventOf<typeof type>).body), index, atMs: event.atMs }] : [],
  );
}

function generationsOf(transitions: readonly Placed[]): ReadonlyMap<string, readonly Placed[]> {
  const first = new Map<string, Placed>();
  for (const one of transitions) if (!first.has(one.id)) first.set(one.id, one);
  const groups = Map.groupBy(first.values(), ({ key, generation }) => `${key} ${generation}`);
  return new Map(
    [...groups].map(([name, own]) => [name, own.toSorted((one, other) => one.sequence - other.sequence)]),
  );
}

function parse(body: string): Transition {
  const { id, data } = JSON.parse(body);
  return {
    id,
    body,
    key: data.key,
    generation: data.generation,
    sequence: data.sequence,
    terminal: data.terminal,
    state: data.current.state,
    status: data.current.status,
    previous: data.previous,
    observedBy: data.observedBy,
    observedAtMs: Date.parse(data.observedAt),
  };
}

export function fold(word: string | null): string {
  return word === null ? 'null' : word.toLowerCase();
}
