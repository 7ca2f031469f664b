// Reads the status of operations, 20 a request. Throttling and faults are judged for each item; a whole answer that
// can't be used is one fault of transport and no status. A kind that a batch refuses is read one by one for an hour.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type ReadObservation, throttledCode } from '../domain/observation.ts';
import type { Kind } from '../domain/operation.ts';
import type { PauseRequest } from '../domain/throttle.ts';
import {
  type Dates,
  errorCode,
  type ItemAnswer,
  observeAnswer,
  parseJson,
  type ReadTarget,
  unreadable,
} from './answers.ts';
import type { GraphClient, GraphReply } from './graph-client.ts';
import { parseRetryAfterMs } from './retry-after.ts';

export type BatchRead = {
  readonly observations: ReadonlyMap<string, ReadObservation>;
  readonly pause: PauseRequest | null;
  readonly httpRequests: number;
};

export type OperationReader = {
  /** At most 20 targets of one tenant and version. Never rejects for a fault of Graph. */
  readonly readBatch: (targets: readonly ReadTarget[], signal?: AbortSignal) => Promise<BatchRead>;
};

const maxItems = 20;
const singlesInFlight = 4;
const singlesForMs = 3_600_000;
/** A refused identity is tried again after a minute. */
const refusedPause: PauseRequest = { retryAfterMs: 60_000, code: 'blocked' };

const batchAnswer = z.object({
  responses: z.array(
    z.object({
      id: z.coerce.string(),
      status: z.number(),
      headers: z.record(z.string(), z.unknown()).nullish(),
      body: z.unknown(),
    }),
  ),
});
type BatchItem = z.infer<typeof batchAnswer>['responses'][number];

export function createOperationReader(
  client: GraphClient,
  clock: { readonly nowMs: () => number; readonly monotonicMs: () => number },
): OperationReader {
  /** Until when a kind and version is read one by one, by the monotonic clock. */
  const singlesUntilMs = new Map<string, number>();
  return { readBatch };

  async function readBatch(targets: readonly ReadTarget[], signal?: AbortSignal): Promise<BatchRead> {
    if (targets.length > maxItems)
      throw new TypeError(`A batch has at most ${maxItems} items, not ${targets.length}.`);
    const [first] = targets;
    if (first === undefined) return { observations: new Map(), pause: null, httpRequests: 0 };
    if (isReadSingly(first)) return readSingles(targets, signal);
    const reply = await client.call({
      method: 'POST',
      version: first.resource.version,
      segments: ['$batch'],
      headers: { 'content-type': 'application/json', 'client-request-id': randomUUID() },
      body: { requests: targets.map(itemOf) },
      signal,
    });
    const items = itemsOf(reply);
    if (items !== null) return readItems(targets, items, { reply, signal });
    if (isBatchRefusal(reply)) return tryChangeToSingles(targets, { batch: 1, signal });
    return wholeFault(targets, reply);
  }

  function isReadSingly(target: ReadTarget): boolean {
    return (singlesUntilMs.get(wayOf(target)) ?? 0) > clock.monotonicMs();
  }

  /** Each answer by its id; the first of two wins, unknown ids count for nothing, a missing one is unreadable. */
  async function readItems(
    targets: readonly ReadTarget[],
    items: readonly BatchItem[],
    { reply, signal }: { reply: GraphReply; signal: AbortSignal | undefined },
  ): Promise<BatchRead> {
    const byId = new Map<string, BatchItem>();
    for (const item of items) {
      const id = item.id.toLowerCase();
      if (!byId.has(id)) byId.set(id, item);
    }
    const dates = datesOf(reply);
    const observations = new Map<string, ReadObservation>();
    const refused: ReadTarget[] = [];
    let pause: PauseRequest | null = null;
    for (const target of targets) {
      const item = byId.get(target.key);
      if (item !== undefined && refusesBatching(item.status)) refused.push(target);
      observations.set(
        target.key,
        item === undefined ? unreadable('missing_answer', dates) : observeAnswer(target, bodyOf(item), dates),
      );
      if (item?.status === 429) pause = longerPause(pause, retryAfterOf(item, clock.nowMs()));
    }
    if (refused.length === 0) return { observations, pause, httpRequests: 1 };
    const singles = await tryChangeToSingles(refused, { batch: 1, signal });
    for (const [key, observation] of singles.observations) observations.set(key, observation);
    return { observations, pause: singles.pause ?? pause, httpRequests: singles.httpRequests };
  }

  /** When the same reads do better one by one, the kind is read so for an hour. */
  async function tryChangeToSingles(
    targets: readonly ReadTarget[],
    { batch, signal }: { batch: number; signal: AbortSignal | undefined },
  ): Promise<BatchRead> {
    const singles = await readSingles(targets, signal);
    const isBetter = [...singles.observations.values()].some(
      ({ type }) => type === 'status' || type === 'gone',
    );
    const [first] = targets;
    if (isBetter && first !== undefined) singlesUntilMs.set(wayOf(first), clock.monotonicMs() + singlesForMs);
    return { ...singles, httpRequests: singles.httpRequests + batch };
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
        httpRequests += 1;
        const read = await readSingle(target, signal);
        observations.set(target.key, read.observation);
        pause = read.pause ?? pause;
      }
    }
  }

  async function readSingle(
    target: ReadTarget,
    signal?: AbortSignal,
  ): Promise<{ observation: ReadObservation; pause: PauseRequest | null }> {
    const { version, path } = target.resource;
    const headers = { 'client-request-id': randomUUID() };
    const segments = path.slice(1).split('/');
    const reply = await client.call({ method: 'GET', version, segments, headers, body: null, signal });
    const { answer } = reply;
    const dates = datesOf(reply);
    if (!answer.arrived) return { observation: unreadable(answer.code, dates), pause: null };
    const observation = observeAnswer(
      target,
      { status: answer.status, body: parseJson(answer.bodyText) },
      dates,
    );
    return { observation, pause: answer.status === 401 ? refusedPause : outerPause(answer, clock.nowMs()) };
  }

  function wholeFault(targets: readonly ReadTarget[], reply: GraphReply): BatchRead {
    const { answer } = reply;
    const fault = faultOf(reply);
    const observations = new Map(targets.map((target) => [target.key, fault] as const));
    const announced = answer.arrived ? outerPause(answer, clock.nowMs()) : null;
    const pause = fault.type === 'refused' ? refusedPause : announced;
    return { observations, pause, httpRequests: 1 };
  }
}

function itemOf(target: ReadTarget) {
  return {
    id: target.key,
    method: 'GET',
    url: target.resource.path.split('/').map(encodeURIComponent).join('/'),
    headers: { 'client-request-id': randomUUID() },
  };
}

/** The items whenever the body has some, whatever the outer status says (older texts say 424, newer ones 200). */
function itemsOf({ answer }: GraphReply): readonly BatchItem[] | null {
  if (!answer.arrived) return null;
  const parsed = batchAnswer.safeParse(parseJson(answer.bodyText));
  return parsed.success ? parsed.data.responses : null;
}

function isBatchRefusal({ answer }: GraphReply): boolean {
  return answer.arrived && (answer.status === 403 || answer.status === 404 || refusesBatching(answer.status));
}

/** Answers that a plain GET of a legal path never gets for its own sake. */
function refusesBatching(status: number): boolean {
  return status === 400 || status === 405 || status === 501;
}

function faultOf(reply: GraphReply): ReadObservation {
  const { answer } = reply;
  const dates = datesOf(reply);
  if (!answer.arrived) {
    return answer.code === 'no_token'
      ? { type: 'refused', code: 'no_token', ...dates }
      : unreadable(answer.code, dates);
  }
  const code = errorCode(parseJson(answer.bodyText));
  if (answer.status === 401) return { type: 'refused', code: code ?? 'http_401', ...dates };
  if (answer.status === 429) return unreadable(throttledCode, dates);
  return unreadable(answer.status === 200 ? 'answer_malformed' : (code ?? `http_${answer.status}`), dates);
}

function datesOf({ sentAtMs, arrivedAtMs }: GraphReply): Dates {
  return { sentAtMs, arrivedAtMs };
}

/** A pause for 429, and for any other refusal that names a time. */
function outerPause(
  answer: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
  nowMs: number,
): PauseRequest | null {
  const retryAfterMs = parseRetryAfterMs(answer.headers['retry-after'], nowMs);
  if (answer.status !== 429 && (answer.status < 500 || retryAfterMs === null)) return null;
  return { retryAfterMs, code: `http_${answer.status}` };
}

function longerPause(pause: PauseRequest | null, retryAfterMs: number | null): PauseRequest {
  const longest = Math.max(pause?.retryAfterMs ?? -1, retryAfterMs ?? -1);
  return { retryAfterMs: longest < 0 ? null : longest, code: 'http_429' };
}

function retryAfterOf(item: BatchItem, nowMs: number): number | null {
  const header = Object.entries(item.headers ?? {}).find(([name]) => name.toLowerCase() === 'retry-after');
  return parseRetryAfterMs(header === undefined ? null : String(header[1]), nowMs);
}

function bodyOf(item: BatchItem): ItemAnswer {
  return { status: item.status, body: item.body };
}

function wayOf({ kind, resource }: ReadTarget): `${Kind} ${string}` {
  return `${kind} ${resource.version}`;
}
