// A batch as Graph takes and gives it: plain items, told apart by id. One bad item spoils no other.
// @see Microsoft Graph documentation, "Combine multiple HTTP requests using JSON batching"
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { parseRetryAfterMs } from '../domain/retry-after.ts';
import type { PauseRequest } from '../domain/throttle.ts';
import { isOwnAddress, pathOf } from './address.ts';
import { parseJson, type ReadTarget } from './answers.ts';

const item = z.object({
  id: z.union([z.string(), z.number()]).transform((id) => String(id).toLowerCase()),
  status: z.number(),
  headers: z.record(z.string(), z.unknown()).nullish().catch(null),
  body: z.unknown().optional(),
});
export type BatchItem = z.infer<typeof item>;

const batchAnswer = z.object({ responses: z.array(z.unknown()) });

/** An item's request. Ids are compared without case, so a key is one as it stands. */
export function itemOf(target: ReadTarget) {
  return {
    id: target.key,
    method: 'GET',
    url: pathOf(segmentsOf(target)),
    headers: { 'client-request-id': randomUUID() },
  };
}

export function segmentsOf({ resource }: ReadTarget): readonly string[] {
  return resource.path.slice(1).split('/');
}

/** Whether a target's path is what it spells. Paths are made by the domain; a row that somebody else wrote may hold any. */
export function isAddressable(target: ReadTarget): boolean {
  const segments = segmentsOf(target);
  // Half a character has no encoding at all. Where the path leads does not depend on the origin.
  if (segments.includes('') || !target.resource.path.isWellFormed()) return false;
  return isOwnAddress(`https://graph${pathOf(segments)}`, 'https://graph');
}

/** The items by id whenever the body has some, whatever the outer status says (older texts say 424, newer ones 200). */
export function itemsById(bodyText: string): ReadonlyMap<string, BatchItem> | null {
  const parsed = batchAnswer.safeParse(parseJson(bodyText));
  if (!parsed.success) return null;
  const byId = new Map<string, BatchItem>();
  for (const response of parsed.data.responses) {
    const read = item.safeParse(response);
    if (read.success && !byId.has(read.data.id)) byId.set(read.data.id, read.data);
  }
  return byId;
}

/** What an item says about coming back. */
export function itemPause({ status, headers }: BatchItem, nowMs: number): PauseRequest | null {
  const header = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'retry-after');
  return pauseOf(status, header === undefined ? undefined : String(header[1]), nowMs);
}

/** A pause for 429, and for any failure of Graph's own that names a time. */
export function pauseOf(status: number, retryAfter: string | undefined, nowMs: number): PauseRequest | null {
  const retryAfterMs = parseRetryAfterMs(retryAfter, nowMs);
  const mayAnnounce = status === 424 || status >= 500;
  return status === 429 || (mayAnnounce && retryAfterMs !== null)
    ? { retryAfterMs, code: `http_${status}` }
    : null;
}

/** The longer of two; one that names no time is shorter than any that does. */
export function longerPause(one: PauseRequest | null, other: PauseRequest | null): PauseRequest | null {
  if (one === null || other === null) return one ?? other;
  return (other.retryAfterMs ?? -1) > (one.retryAfterMs ?? -1) ? other : one;
}
