// What must hold of every commit, where commits are part of the history.
import { type Facts, type Violation } from './facts.ts';
import { only } from './history.ts';
import { isEndWord } from './invariants-of-events.ts';

type Invariant = (facts: Facts) => readonly Violation[];
type Row = Facts['rows'][number];

function violation(invariant: string, row: Pick<Row, 'rowKey'>, message: string): Violation {
  const [, key = null] = /^\w+!([^!]+)/.exec(row.rowKey) ?? [];
  return { invariant, key, message: `${row.rowKey}: ${message}` };
}

/** C15, C16: an operation's row only goes forward, and each step of it brings its events in the same transaction. */
export const rowsGoForward: Invariant = ({ rows }) => {
  const byCommit = Map.groupBy(rows, ({ index }) => index);
  return rows
    .filter(({ rowKey }) => rowKey.startsWith('live!'))
    .flatMap((row) => {
      const together = byCommit.get(row.index) ?? [];
      const [, key = ''] = row.rowKey.split('!');
      const events = together.filter(({ rowKey }) => rowKey.startsWith(`event!${key}!`)).length;
      const outbox = together.filter(
        ({ rowKey, action }) => rowKey.startsWith(`outbox!${key}!`) && action === 'create',
      ).length;
      const known = together.find(({ rowKey }) => rowKey === `known!${key}`);
      if (events !== outbox)
        return [violation('C16 event without outbox row', row, `${events} and ${outbox}`)];
      if (row.action === 'create')
        return known === undefined ? [violation('C11 operation without identity', row, 'created alone')] : [];
      if (row.action === 'delete')
        return known === undefined || events === 0
          ? [violation('C16 end without event', row, 'deleted')]
          : [];
      return judgeStep(row, events);
    });
};

function judgeStep(row: Row, events: number): readonly Violation[] {
  const before = JSON.parse(row.before ?? '{}');
  const after = JSON.parse(row.value ?? '{}');
  if (row.before === row.value) return [violation('C16 write without news', row, 'the same again')];
  if (after.generation !== before.generation || after.sequence < before.sequence)
    return [violation('C15 set back', row, `${before.sequence} → ${after.sequence}`)];
  if (after.endedAtMs !== null) return [violation('C11 ended and still live', row, after.state)];
  return after.sequence - before.sequence === events
    ? []
    : [
        violation(
          'C16 step without its events',
          row,
          `${before.sequence} → ${after.sequence}, ${events} events`,
        ),
      ];
}

/** C15: a running generation's identity is replaced by its end only. */
export const identitiesAreFollowedOnce: Invariant = ({ rows }) =>
  rows
    .filter(
      ({ rowKey, action, before, value }) =>
        rowKey.startsWith('known!') && action === 'replace' && before === null && value === null,
    )
    .map((row) => violation('C15 followed twice', row, 'replaced while it ran'));

/** C16: what a shard remembers is joined, never overwritten by older knowledge. */
export const memoryIsJoined: Invariant = ({ rows }) =>
  rows
    .filter(({ rowKey, action }) => rowKey === 'memory' && action === 'replace')
    .flatMap((row) => {
      const before = tryParse(row.before);
      const after = tryParse(row.value);
      if (before === null || after === null) return [];
      if (row.before === row.value) return [violation('C16 write without news', row, 'the same again')];
      // A time a year ahead counts as absent.
      const isSane = (before.sweptAtMs ?? 0) <= row.atMs;
      if (isSane && (after.sweptAtMs ?? 0) < (before.sweptAtMs ?? 0))
        return [violation('C16 memory set back', row, 'swept earlier')];
      return Object.entries(before.pauses)
        .filter(
          ([tenant, { untilMs }]) => untilMs > row.atMs && (after.pauses[tenant]?.untilMs ?? 0) < untilMs,
        )
        .map(([tenant]) => violation('C16 memory set back', row, `pause of ${tenant}`));
    });

type Memory = { sweptAtMs: number | null; pauses: Record<string, { untilMs: number }> };

function tryParse(text: string | null): Memory | null {
  try {
    const value = JSON.parse(text ?? '');
    return typeof value.pauses === 'object' ? value : null;
  } catch {
    return null; // spoiled on purpose
  }
}

/** Knowledge of a pause that another process stored may be this old, and a request may be this long on its way. */
const staleKnowledgeMs = 10_000;
const wayMs = 1000;

/** C10: nobody calls before a stored wait is over. */
export const waitsAreKept: Invariant = ({ history, rows }) => {
  const waits = rows
    .filter(({ rowKey, action }) => rowKey === 'memory' && action !== 'delete')
    .flatMap(({ value, atMs }) =>
      Object.entries(tryParse(value)?.pauses ?? {}).map(([tenantId, { untilMs }]) => ({
        tenantId,
        untilMs,
        atMs,
      })),
    );
  const spoiledAtMs = only(history, 'fault')
    .filter(({ what }) => what === 'memory')
    .map(({ atMs }) => atMs);
  return only(history, 'called').flatMap((call) => {
    const isForgotten = (sinceMs: number): boolean =>
      spoiledAtMs.some((atMs) => sinceMs <= atMs && atMs <= call.sentAtMs);
    const wait = waits.find(
      ({ tenantId, untilMs, atMs }) =>
        tenantId === call.tenantId &&
        !isForgotten(atMs) &&
        atMs + staleKnowledgeMs + wayMs < call.sentAtMs &&
        call.sentAtMs < untilMs,
    );
    return wait === undefined
      ? []
      : [
          {
            invariant: 'C10 throttle breach',
            key: null,
            message: `${call.by} called ${wait.untilMs - call.sentAtMs} ms early`,
          },
        ];
  });
};

/** C10: what one process was told all keep to, once it has had the time to store it and the others to look. */
export const waitsAreShared: Invariant = ({ history }) => {
  const told = only(history, 'throttled');
  const mishaps = history.filter(({ type }) => type === 'crashed' || type === 'paused' || type === 'fault');
  return only(history, 'called').flatMap((call) => {
    const wait = told.find(
      ({ tenantId, untilMs, atMs }) =>
        tenantId === call.tenantId &&
        atMs + staleKnowledgeMs + wayMs < call.sentAtMs &&
        call.sentAtMs < untilMs - wayMs &&
        !mishaps.some((one) => atMs - wayMs <= one.atMs && one.atMs <= call.sentAtMs),
    );
    return wait === undefined
      ? []
      : [
          {
            invariant: 'C10 wait not shared',
            key: null,
            message: `${call.by} called ${wait.untilMs - call.sentAtMs} ms early`,
          },
        ];
  });
};

/** C11: when all is calm nothing waits in the outbox, nothing is parked past its time, nothing lives without identity. */
export const nothingIsLeft: Invariant = ({ rows, history }) => {
  const there = new Map<string, Row>();
  for (const row of rows) {
    if (row.action === 'delete') there.delete(row.rowKey);
    else there.set(row.rowKey, row);
  }
  const endMs = history.at(-1)?.atMs ?? 0;
  return [...there.values()].flatMap((row) => {
    if (row.rowKey.startsWith('outbox!')) return [violation('C11 left in the outbox', row, 'never cleared')];
    if (row.rowKey.startsWith('live!')) return [violation('C14 still alive', row, 'should have ended')];
    const isOld = endMs - row.atMs > 15 * 60_000;
    return row.rowKey.startsWith('parked!') && isOld
      ? [violation('C11 parked for ever', row, 'past its time')]
      : [];
  });
};

const promptMs = 5000;
/** What was under way when the faults ended may still be lost. */
const settlingMs = 100;

/** When nothing is wrong, an end that a read shows is committed at once: no neighbour's conflict holds it up. */
export const endsAreCommittedPromptly: Invariant = ({ history, generations, calmAtMs }) => {
  const ends = [...generations.values()].flatMap((own) => own.filter(({ terminal }) => terminal));
  return only(history, 'observed')
    .filter(
      ({ how, what, sentAtMs }) => how === 'poll' && isEndWord(what) && sentAtMs > calmAtMs + settlingMs,
    )
    .filter(({ by, key, atMs }) => {
      const isAsleep = history.some(
        (one) => one.type === 'paused' && one.by === by && Math.abs(one.atMs - atMs) < promptMs,
      );
      if (isAsleep) return false;
      const own = ends.filter((end) => end.key === key);
      return !own.some((end) => end.atMs <= atMs + promptMs);
    })
    .map(({ key, what }) => ({
      invariant: 'C14 committed late',
      key,
      message: `${what} was seen and not committed`,
    }));
};

const seenWithinMs = 90_000;

/** When nothing is wrong, an operation that begins is looked at soon: no sweep takes it for absent. */
export const whatBeginsIsSeen: Invariant = ({ history, rows, calmAtMs }) => {
  const endMs = history.at(-1)?.atMs ?? 0;
  const observed = only(history, 'observed');
  return rows
    .filter(
      ({ rowKey, action, atMs }) => rowKey.startsWith('live!') && action === 'create' && atMs > calmAtMs,
    )
    .filter(({ atMs }) => atMs + seenWithinMs < endMs)
    .filter((born) => {
      const isSoon = ({ atMs }: { atMs: number }) => atMs > born.atMs && atMs <= born.atMs + seenWithinMs;
      const isChanged = rows.some(
        (row) => row.rowKey === born.rowKey && row.action !== 'create' && isSoon(row),
      );
      return !isChanged && !observed.some((one) => `live!${one.key}` === born.rowKey && isSoon(one));
    })
    .map((born) => violation('C14 not looked at', born, `began ${born.atMs - calmAtMs} ms after the faults`));
};

/** How long after a mishap a copy may still be its consequence: the grace of 15 s, a sweep, a pause. */
const consequenceMs = 180_000;

/** C12: copies come from mishaps only. */
export const copiesHaveReasons: Invariant = ({ history, enqueued }) => {
  const mishaps = history.filter(
    ({ type }) => type === 'crashed' || type === 'paused' || type === 'fault' || type === 'restarted',
  );
  const seen = new Set<string>();
  return enqueued.flatMap(({ id, key, atMs }) => {
    const isCopy = seen.has(id);
    seen.add(id);
    if (!isCopy || mishaps.some((one) => one.atMs <= atMs && atMs - one.atMs < consequenceMs)) return [];
    return [{ invariant: 'C12 copy without a reason', key, message: id }];
  });
};
