// From one answer of Graph, alone or as an item of a batch, to an observation. Only a parsed body with the id that was
// asked for can be a status; everything else says why nothing is known.
import { z } from 'zod';
import { isSameId } from '../domain/ids.ts';
import { type ReadObservation, type StatusObservation, throttledCode } from '../domain/observation.ts';
import type { Details, JsonValue, Kind, Resource } from '../domain/operation.ts';

export type Dates = { readonly sentAtMs: number; readonly arrivedAtMs: number };
export type ReadTarget = { readonly key: string; readonly kind: Kind; readonly resource: Resource };
export type ItemAnswer = { readonly status: number; readonly body?: unknown };

/** Where each kind keeps what it says beside its status. Source: v1.0 CSDL. */
const fields: Readonly<
  Record<Kind, { readonly error: 'error' | null; readonly result: 'resultInfo' | null }>
> = {
  connectionOperation: { error: 'error', result: null },
  commsOperation: { error: null, result: 'resultInfo' },
  onenoteOperation: { error: 'error', result: null },
};

/** Graph's longest word has 18 characters; a text beyond this is no word, and no row and no event could hold any. */
const maxStatusLength = 128;

const entity = z.object({
  id: z.string().nullish(),
  status: z.string().max(maxStatusLength).nullable(),
  clientContext: z.string().nullish().catch(null),
  percentComplete: z.union([z.string(), z.number()]).nullish().catch(null),
  error: z.unknown().optional(),
  resultInfo: z.unknown().optional(),
});

const errorBody = z.looseObject({ error: z.looseObject({ code: z.string().nullish() }) });

/** OneNote's refusal of app-only tokens, whatever the HTTP status. */
const appOnlyRefused = '40001';

export function observeAnswer(target: ReadTarget, answer: ItemAnswer, dates: Dates): ReadObservation {
  const { status, body } = answer;
  if (status === 200) return observeEntity(target, body, dates);
  const code = errorCode(body) ?? `http_${status}`;
  if (status === 403 || refusesIdentity(answer)) return { type: 'refused', code, ...dates };
  if (status === 404 || status === 410) return { type: 'gone', httpStatus: status, code, ...dates };
  if (status === 429) return unreadable(throttledCode, dates);
  if (status === 424) return unreadable('not_executed', dates);
  return unreadable(code, dates);
}

function observeEntity(target: ReadTarget, body: unknown, dates: Dates): ReadObservation {
  if (isOfAnother(target, body)) return unreadable('identity_mismatch', dates);
  const seen = observeBody(target.kind, body, dates);
  return seen === null ? unreadable('status_malformed', dates) : { ...seen, observedBy: 'poll' };
}

/** Whether it is the identity that is refused, and not this one operation to it. */
export function refusesIdentity({ status, body }: ItemAnswer): boolean {
  return status === 401 || (status >= 400 && errorCode(body) === appOnlyRefused);
}

/** What an entity says of its operation, without who showed it; null when it says nothing that counts. */
export function observeBody(
  kind: Kind,
  body: unknown,
  { sentAtMs, arrivedAtMs }: Dates,
): Omit<StatusObservation, 'observedBy'> | null {
  const parsed = entity.safeParse(body);
  if (!parsed.success) return null;
  return {
    type: 'status',
    status: parsed.data.status,
    details: detailsOf(kind, parsed.data),
    sentAtMs,
    arrivedAtMs,
  };
}

/** What a proxied answer shows of an operation; null when its body says nothing that counts. */
export function observationOf(
  answer: Dates & { readonly bodyText: string },
  target: Pick<ReadTarget, 'kind' | 'resource'>,
): StatusObservation | null {
  const body = parseJson(answer.bodyText);
  const seen = isOfAnother(target, body) ? null : observeBody(target.kind, body, answer);
  return seen && { ...seen, observedBy: 'patch' };
}

/** Whether an entity says that it is not the one that was asked for. */
function isOfAnother({ resource }: Pick<ReadTarget, 'resource'>, body: unknown): boolean {
  const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : null;
  return typeof id === 'string' && !isSameId(id, resource.operationId);
}

/** Null for HTML, truncated and empty text: no body that counts. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function unreadable(code: string, dates: Dates): ReadObservation {
  return { type: 'unreadable', code, ...dates };
}

/** The deepest code that Graph gives: outer ones are generic. Both spellings of innerError occur. */
export function errorCode(body: unknown): string | null {
  const parsed = errorBody.safeParse(body);
  if (!parsed.success) return null;
  let code: string | null = null;
  let current: unknown = parsed.data.error;
  for (let depth = 0; depth < 8 && typeof current === 'object' && current !== null; depth += 1) {
    const level: Readonly<Record<string, unknown>> = { ...current };
    const own = level['code'];
    if (typeof own === 'string' && own !== '') code = own;
    current = level['innerError'] ?? level['innererror'];
  }
  return code === null ? null : code.replace(/[^\w.-]/g, '').slice(0, 64) || null;
}

function detailsOf(kind: Kind, body: z.infer<typeof entity>): Details {
  const { error, result } = fields[kind];
  const percent = body.percentComplete;
  const percentComplete =
    percent === null || percent === undefined || percent === '' ? Number.NaN : Number(percent);
  return {
    error: error === null ? null : jsonOf(body[error]),
    result: result === null ? null : jsonOf(body[result]),
    clientContext: body.clientContext ?? null,
    percentComplete: Number.isFinite(percentComplete) ? percentComplete : null,
  };
}

/** Secrets that Graph puts into bodies; they live and die at this edge. */
const secretNames = /token|secret|password|url$/i;

function jsonOf(value: unknown, depth = 0): JsonValue {
  if (value === undefined || depth > 16) return null;
  if (Array.isArray(value)) return value.map((item) => jsonOf(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value as JsonValue;
  const entries = Object.entries(value).filter(([name]) => !secretNames.test(name) && name !== '__proto__');
  return Object.fromEntries(entries.map(([name, item]) => [name, jsonOf(item, depth + 1)]));
}
