// Reads the status of operations, 20 a request. Throttling and faults are judged for each item; a whole answer that
// can't be used is one fault of transport and no status. A kind that a batch refuses is read one by one for an hour.
// A read that its caller gives up says nothing: its operations get no observation.
import { randomUUID } from 'node:crypto';
import type { ReadObservation } from '../domain/observation.ts';
import type { Kind } from '../domain/operation.ts';
import { identityRefusedCode, type PauseRequest } from '../domain/throttle.ts';
import { batchSegment } from './address.ts';
import { observeAnswer, parseJson, type ReadTarget, refusesIdentity, unreadable } from './answers.ts';
import {
  type BatchItem,
  isAddressable,
  itemOf,
  itemPause,
  itemsById,
  longerPause,
  pauseOf,
  segmentsOf,
} from './batch.ts';
import type { GraphClient, GraphReply } from './graph-client.ts';
import {
  datesOf,
  faultOf,
  isBatchRefusal,
  isGivenUp,
  isNotFound,
  isTooLarge,
  refusesBatching,
} from './replies.ts';

export type BatchRead = {
  readonly observations: ReadonlyMap<string, ReadObservation>;
  readonly pause: PauseRequest | null;
  readonly httpRequests: number;
};

export type OperationReader = {
  /**
   * At most 20 targets of one tenant, kind and version. Never rejects for a fault of Graph. Targets that were not read,
   * because Graph asked to wait or the signal fired, have no observation.
   */
  readonly readBatch: (targets: readonly ReadTarget[], signal?: AbortSignal) => Promise<BatchRead>;
};

const maxItems = 20;
const singlesInFlight = 4;
/** A kind whose batch is refused and whose single reads are not is read one by one for so long. */
const singlesForMs = 3_600_000;
/** Where single reads are refused as well, they are tried again after so long: it may have been a few operations only. */
const noSinglesForMs = 60_000;
/** A refused identity is tried again after a minute. */
const refusedPause: PauseRequest = { retryAfterMs: 60_000, code: identityRefusedCode };

export function createOperationReader(
  client: GraphClient,
  clock: { readonly nowMs: () => number; readonly monotonicMs: () => number },
): OperationReader {
  /** What a refused batch taught of a kind and version: whether single reads do better, and until when that counts. */
  const lessons = new Map<
    string,
    { readonly areSinglesBetter: boolean; readonly untilMonotonicMs: number }
  >();
  return { readBatch };

  async function readBatch(targets: readonly ReadTarget[], signal?: AbortSignal): Promise<BatchRead> {
    if (targets.length > maxItems)
      throw new TypeError(`A batch has at most ${maxItems} items, not ${targets.length}.`);
    const addressable = targets.filter(isAddressable);
    const read = await readAddressable(addressable, signal);
    if (addressable.length === targets.length) return read;
    const now = { sentAtMs: clock.nowMs(), arrivedAtMs: clock.nowMs() };
    const refused = targets.filter((target) => !isAddressable(target));
    const faults = refused.map(({ key }) => [key, unreadable('address_refused', now)] as const);
    return { ...read, observations: new Map([...read.observations, ...faults]) };
  }

  async function readAddressable(targets: readonly ReadTarget[], signal?: AbortSignal): Promise<BatchRead> {
    const [first] = targets;
    if (first === undefined) return { observations: new Map(), pause: null, httpRequests: 0 };
    if (areSinglesBetter(first) === true) return readSingles(targets, signal);
    const reply = await client.call({
      method: 'POST',
      version: first.resource.version,
      segments: [batchSegment],
      headers: { 'content-type': 'application/json', 'client-request-id': randomUUID() },
      body: { requests: targets.map(itemOf) },
      signal,
    });
    const items = reply.answer.arrived ? itemsById(reply.answer.bodyText) : null;
    if (items !== null) return readItems(targets, items, { reply, signal });
    if (isTooLarge(reply) && targets.length > 1) return readRefused(targets, { isWholeKind: false, signal });
    if (!isBatchRefusal(reply) || areSinglesBetter(first) === false) return wholeFault(targets, reply);
    const absence = isNotFound(reply) ? faultOf(reply) : null;
    return readRefused(targets, { isWholeKind: true, absence, signal });
  }

  /** Null: nobody tried. */
  function areSinglesBetter(target: ReadTarget): boolean | null {
    const lesson = lessons.get(wayOf(target));
    return lesson !== undefined && lesson.untilMonotonicMs > clock.monotonicMs()
      ? lesson.areSinglesBetter
      : null;
  }

  /** Each answer by its id; unknown ids count for nothing, a missing one is unreadable. */
  async function readItems(
    targets: readonly ReadTarget[],
    items: ReadonlyMap<string, BatchItem>,
    { reply, signal }: { reply: GraphReply; signal: AbortSignal | undefined },
  ): Promise<BatchRead> {
    const dates = datesOf(reply);
    const observations = new Map<string, ReadObservation>();
    const refused: ReadTarget[] = [];
    let pause: PauseRequest | null = isIdentityRefused(targets, items) ? refusedPause : null;
    for (const target of targets) {
      const item = items.get(target.key);
      if (item === undefined) {
        observations.set(target.key, unreadable('missing_answer', dates));
        continue;
      }
      observations.set(target.key, observeAnswer(target, item, dates));
      if (refusesBatching(item.status)) refused.push(target);
      pause = longerPause(pause, itemPause(item, clock.nowMs()));
    }
    // Asked to wait, we do not even ask in another way.
    if (refused.length === 0 || pause !== null) return { observations, pause, httpRequests: 1 };
    // Where the batch read others of the kind, it is not the kind that is refused.
    const isWholeKind = ![...observations.values()].some(({ type }) => type === 'status');
    const singles = await readRefused(refused, { isWholeKind, signal });
    return { ...singles, observations: new Map([...observations, ...singles.observations]) };
  }

  /**
   * What a batch refused, one by one. Whether that does better for a whole kind is believed for a while.
   * @param options.absence what is said of operations that are not found, as long as none is: where nobody finds the
   * batch endpoint either, it is the way that is gone.
   */
  async function readRefused(targets: readonly ReadTarget[], options: Refused): Promise<BatchRead> {
    const { isWholeKind, absence, signal } = options;
    const singles = await readSingles(targets, signal);
    const observations = absence ? withoutAbsence(singles.observations, absence) : singles.observations;
    const isBetter = [...observations.values()].some(({ type }) => type === 'status' || type === 'gone');
    const [first] = targets;
    const isTried = isBetter || (singles.pause === null && observations.size === targets.length);
    if (isTried && isWholeKind && first !== undefined) {
      const untilMonotonicMs = clock.monotonicMs() + (isBetter ? singlesForMs : noSinglesForMs);
      lessons.set(wayOf(first), { areSinglesBetter: isBetter, untilMonotonicMs });
    }
    return { ...singles, observations, httpRequests: singles.httpRequests + 1 };
  }

  async function readSingles(targets: readonly ReadTarget[], signal?: AbortSignal): Promise<BatchRead> {
    const observations = new Map<string, ReadObservation>();
    const waiting = [...targets];
    let pause: PauseRequest | null = null;
    let httpRequests = 0;
    await Promise.all(Array.from({ length: singlesInFlight }, work));
    return { observations, pause, httpRequests };

    async function work(): Promise<void> {
      for (let target = waiting.shift(); target !== undefined && pause === null; target = waiting.shift()) {
        if (signal?.aborted) return;
        httpRequests += 1;
        const read = await readSingle(target, signal);
        if (read === null) return;
        observations.set(target.key, read.observation);
        pause = longerPause(pause, read.pause);
      }
    }
  }

  /** Null when it was given up. */
  async function readSingle(
    target: ReadTarget,
    signal?: AbortSignal,
  ): Promise<{ observation: ReadObservation; pause: PauseRequest | null } | null> {
    const reply = await client.call({
      method: 'GET',
      version: target.resource.version,
      segments: segmentsOf(target),
      headers: { 'client-request-id': randomUUID() },
      body: null,
      signal,
    });
    const { answer } = reply;
    if (isGivenUp(reply)) return null;
    if (!answer.arrived) {
      const observation = faultOf(reply);
      return { observation, pause: observation.type === 'refused' ? refusedPause : null };
    }
    const said = { status: answer.status, body: parseJson(answer.bodyText) };
    const observation = observeAnswer(target, said, datesOf(reply));
    return { observation, pause: refusesIdentity(said) ? refusedPause : outerPause(answer) };
  }

  function wholeFault(targets: readonly ReadTarget[], reply: GraphReply): BatchRead {
    const { answer } = reply;
    if (isGivenUp(reply)) return { observations: new Map(), pause: null, httpRequests: 1 };
    const fault = faultOf(reply);
    const observations = new Map(targets.map((target) => [target.key, fault] as const));
    const announced = answer.arrived ? outerPause(answer) : null;
    const isRefused = answer.arrived ? answer.status === 401 : fault.type === 'refused';
    const pause = isRefused ? refusedPause : announced;
    return { observations, pause, httpRequests: 1 };
  }

  function outerPause({ status, headers }: GraphAnswer): PauseRequest | null {
    return pauseOf(status, headers['retry-after'], clock.nowMs());
  }
}

type Refused = {
  readonly isWholeKind: boolean;
  readonly absence?: ReadObservation | null;
  readonly signal: AbortSignal | undefined;
};

type GraphAnswer = Extract<GraphReply['answer'], { readonly arrived: true }>;

function withoutAbsence(
  observations: ReadonlyMap<string, ReadObservation>,
  absence: ReadObservation,
): ReadonlyMap<string, ReadObservation> {
  const all = [...observations];
  if (all.some(([, { type }]) => type === 'status')) return observations;
  return new Map(all.map(([key, one]) => [key, one.type === 'gone' ? absence : one] as const));
}

/** Whether several items were answered and each refuses the identity: a single one may be one operation's trouble. */
function isIdentityRefused(targets: readonly ReadTarget[], items: ReadonlyMap<string, BatchItem>): boolean {
  let refused = 0;
  for (const { key } of targets) {
    const item = items.get(key);
    if (item === undefined) continue;
    if (!refusesIdentity(item)) return false;
    refused += 1;
  }
  return refused > 1;
}

function wayOf({ kind, resource }: ReadTarget): `${Kind} ${string}` {
  return `${kind} ${resource.version}`;
}
