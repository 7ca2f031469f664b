// What must hold of the events that consumers get, whatever happened to those who made them.
import { type Facts, fold, type Placed, type Violation } from './facts.ts';
import { only } from './history.ts';

type Invariant = (facts: Facts) => readonly Violation[];

function violation(invariant: string, key: string | null, message: string): Violation {
  return { invariant, key, message };
}

/** C3, C4: one place has one id, and an id the same bytes in every copy, wherever it is seen. */
export const stableIdentity: Invariant = ({ committed, enqueued, received, history }) => {
  const bytes = new Map<string, string>();
  const kept = only(history, 'kept').flatMap(({ key, bodies }) => bodies.map((body) => ({ key, body })));
  const found: Violation[] = [];
  for (const { id, body, key, generation, sequence } of [...committed, ...enqueued, ...received]) {
    if (id !== `${key}-${generation}-${sequence}`) found.push(violation('C3 unstable id', key, id));
    const first = bytes.get(id) ?? body;
    bytes.set(id, first);
    if (first !== body) found.push(violation('C4 mutated copy', key, id));
  }
  const published = new Set(received.map(({ body }) => body));
  for (const { key, body } of kept)
    if (!published.has(body)) found.push(violation('C4 kept and published differ', key, body.slice(0, 120)));
  return found;
};

/** C5, C6, C7: sequences have no gap, each event follows the one before, and one end is the last. */
export const unbrokenChains: Invariant = ({ generations }) =>
  [...generations.values()].flatMap((own) =>
    own.flatMap((one, index) => {
      const before = own[index - 1];
      const found: Violation[] = [];
      if (one.sequence !== index + 1)
        found.push(violation('C5 gap', one.key, `${one.id} stands at place ${index + 1}`));
      const isChained =
        one.previous === null
          ? before === undefined
          : one.previous.state === before?.state && one.previous.status === before.status;
      if (!isChained) found.push(violation('C6 chain break', one.key, one.id));
      if (before?.terminal === true) found.push(violation('C7 after the end', one.key, one.id));
      return found;
    }),
  );

/** C9: nobody is told what is not durable yet. */
export const durableFirst: Invariant = ({ hasCommits, committed, enqueued }) => {
  if (!hasCommits) return [];
  const since = new Map(committed.map(({ id, index }) => [id, index]));
  return enqueued
    .filter(({ id, index }) => (since.get(id) ?? Number.POSITIVE_INFINITY) > index)
    .map(({ id, key }) => violation('C9 published before durable', key, id));
};

/** C1b: what was committed, or is kept, was received. */
export const nothingLost: Invariant = ({ committed, received }) => {
  const ids = new Set(received.map(({ id }) => id));
  return committed.filter(({ id }) => !ids.has(id)).map(({ id, key }) => violation('C1 lost', key, id));
};

/** C1, C14: every tracking that somebody was told of, and every one that spoke, has come to its end. */
export const everyTrackingEnds: Invariant = ({ history, generations, received }) => {
  const ended = new Set(received.filter(({ terminal }) => terminal).map(nameOf));
  const known = new Map<string, string>();
  for (const { key, generation } of only(history, 'tracked')) known.set(nameOf({ key, generation }), key);
  for (const [name, [first]] of generations) if (first !== undefined) known.set(name, first.key);
  return [...known]
    .filter(([name]) => !ended.has(name))
    .map(([name, key]) => violation('C1 never ended', key, name));
};

/** Clocks follow the storage's Date header, which has whole seconds, of answers that may have been slow. */
const clockErrorMs = 4500;

/** C2: each word was really shown, in the order in which it was true, and not before. */
export const nothingInvented: Invariant = ({ history, generations, hasCommits }) => {
  const truths = Map.groupBy(only(history, 'truth'), ({ key }) => key);
  return [...generations.values()].flatMap((own) => {
    const truth = truths.get(own[0]?.key ?? '') ?? [];
    let place = 0;
    return own.flatMap((one, index) => {
      if (fold(one.status) === fold(own[index - 1]?.status ?? null) && index > 0) return [];
      if (index === 0 && isConclusion(one)) return [];
      const next = truth.findIndex(
        ({ word, gone }, at) => at >= place && gone === null && fold(word) === fold(one.status),
      );
      const isTrue =
        next >= 0 && (truth[next]?.atMs ?? 0) <= (hasCommits ? one.atMs : one.observedAtMs + clockErrorMs);
      if (!isTrue) return [violation('C2 invented', one.key, `${one.id} says ${one.status}`)];
      place = next;
      return [];
    });
  });
};

/** An end of our own making has no word of its own. */
function isConclusion({ state }: Placed): boolean {
  return state === 'lost' || state === 'expired' || state === 'cancelled';
}

/** C2b: `lost` has its evidence in the history. */
export const conclusionsHaveEvidence: Invariant = ({ history, generations }) => {
  const observed = Map.groupBy(only(history, 'observed'), ({ key }) => key);
  return [...generations.values()].flatMap((own) => {
    const end = own.at(-1);
    if (end === undefined) return [];
    const seen = (observed.get(end.key) ?? []).filter(({ atMs }) => atMs <= end.observedAtMs + clockErrorMs);
    const count = (what: string): number => seen.filter((one) => one.what === what).length;
    const isProven = count('410') >= 1 || count('404') >= 3 || (count('deleted') >= 1 && count('404') >= 1);
    if (end.state === 'lost' && !isProven) return [violation('C2b lost without evidence', end.key, end.id)];
    return [];
  });
};

/** P2: an end that Graph keeps showing is reported, and not as lost or expired. */
export const shownEndsAreReported: Invariant = ({ history, generations, rows }) => {
  const truths = Map.groupBy(only(history, 'truth'), ({ key }) => key);
  const deadlines = deadlinesOf(rows);
  return [...generations].flatMap(([name, own]) => {
    const end = own.at(-1);
    const last = truths.get(end?.key ?? '')?.at(-1);
    if (end === undefined || last === undefined || last.gone !== null || !isEndWord(last.word)) return [];
    const isLate = last.atMs > (deadlines.get(name) ?? Number.POSITIVE_INFINITY) - 30_000;
    const isMissed = end.state === 'lost' || (end.state === 'expired' && !isLate);
    return isMissed ? [violation('P2 end not reported', end.key, `${end.id} ended as ${end.state}`)] : [];
  });
};

/** C2b: `expired` needs a look at or after the deadline: a sweep's request, answered or not, or a caller's through the proxy. */
export const expiredWasLookedAt: Invariant = ({ history, generations, rows }) => {
  const deadlines = deadlinesOf(rows);
  const called = only(history, 'called');
  const observed = only(history, 'observed');
  return [...generations].flatMap(([name, own]) => {
    const end = own.at(-1);
    const deadlineAtMs = deadlines.get(name);
    if (end?.state !== 'expired' || deadlineAtMs === undefined) return [];
    const looks = [...called, ...observed.filter(({ key }) => key === end.key)];
    const isLooked = looks.some(({ sentAtMs, atMs }) => sentAtMs >= deadlineAtMs && atMs <= end.atMs);
    return isLooked ? [] : [violation('C2b expired without a look', end.key, end.id)];
  });
};

/** C8: who was told that a notification is stored finds its end among the events. */
export const acknowledgedPushesCount: Invariant = (facts) => {
  const { history, generations, hasCommits } = facts;
  const ends = [...generations.values()].flatMap((own) => own.filter(({ terminal }) => terminal));
  return history.flatMap((event, index) => {
    if (event.type !== 'pushAcked' || !isEndWord(event.word)) return [];
    if (event.parked && !isWatchedAfter(facts, event.key, index)) return []; // nobody registered it, or not again
    const real = ends.filter(
      (end) => end.key === event.key && ['succeeded', 'failed', 'cancelled'].includes(end.state),
    );
    // Where commits are not seen, an end stands where it was received, which may be long after.
    const isAtOnce = hasCommits && !event.parked;
    const isTold = isAtOnce ? real.some((end) => end.index < index) : real.length > 0;
    return isTold ? [] : [violation('C8 acknowledged push lost', event.key, `at ${index}`)];
  });
};

/** Whether the operation lived at that place of the history or later; where commits are not seen, whether it ever did. */
function isWatchedAfter({ history, hasCommits, rows }: Facts, key: string, index: number): boolean {
  if (!hasCommits) return history.some((one) => one.type === 'tracked' && one.key === key);
  const own = rows.filter(({ rowKey }) => rowKey === `live!${key}`);
  const before = own.findLast((row) => row.index < index);
  const lived = before !== undefined && before.action !== 'delete';
  return lived || own.some((row) => row.index > index);
}

/** A stop ends what it was asked for, not what began afterwards. */
export const stopsMeanWhatTheySaw: Invariant = ({ history, generations }) => {
  const asked = only(history, 'stopAsked');
  return [...generations.values()].flatMap((own) => {
    const end = own.at(-1);
    if (end?.state !== 'cancelled') return [];
    const isMeant = asked.some(({ key, generation }) => key === end.key && generation === end.generation);
    return isMeant ? [] : [violation('stopped another generation', end.key, end.id)];
  });
};

function deadlinesOf(rows: Facts['rows']): ReadonlyMap<string, number> {
  return new Map(
    rows
      .filter(({ rowKey, action }) => rowKey.startsWith('live!') && action === 'create')
      .map(({ value }) => {
        const operation = JSON.parse(value ?? '{}');
        return [nameOf(operation), operation.deadlineAtMs as number];
      }),
  );
}

function nameOf({ key, generation }: { readonly key: string; readonly generation: number }): string {
  return `${key} ${generation}`;
}

export function isEndWord(word: string | null): boolean {
  return fold(word) === 'completed' || fold(word) === 'failed';
}
