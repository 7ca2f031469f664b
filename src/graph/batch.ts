// A batch as Graph takes and gives it: plain items, told apart by id. One bad item spoils no other.
// @see Microsoft Graph documentation, "Combine multiple HTTP requests using JSON batching"
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Resource } from '../domain/operation.ts';
import { parseRetryAfterMs } from '../domain/retry-after.ts';
import type { PauseRequest } from '../domain/throttle.ts';
import { isOwnAddress, pathOf } from './address.ts';
import { parseJson, type ReadTarget } from './answers.ts';

/** What an item may bring beside id and status is looked at by whoever needs it: of most, only the body. */
const item = z.object({
  id: z.union([z.string(), z.number()]),
  status: z.number(),
  headers: z.unknown().optional(),
  body: z.unknown().optional(),
});
const itemHeaders = z.record(z.string(), z.unknown()).catch({});
export type BatchItem = Omit<z.infer<typeof item>, 'id'>;

const batchAnswer = z.object({ responses: z.array(z.unknown()) });

/** An item's request. Ids are compared without case, so a key is one as it stands. */
export function itemOf(target: ReadTarget) {
  return {
    id: target.key,
    method: 'GET',
    url: addressOf(target),
    headers: { 'client-request-id': randomUUID() },
  };
}

export function segmentsOf({ resource }: ReadTarget): readonly string[] {
  return resource.path.slice(1).split('/');
}

/** Whether a target's path is what it spells. Paths are made by the domain; a row that somebody else wrote may hold any. */
export function isAddressable(target: ReadTarget): boolean {
  return addressOf(target) !== null;
}

/** By resource, which never changes and is read again and again: to check an address costs as much as to read an answer. */
const addresses = new WeakMap<Resource, string | null>();

function addressOf({ resource }: ReadTarget): string | null {
  const known = addresses.get(resource);
  if (known !== undefined) return known;
  const address = checkedAddress(resource.path);
  addresses.set(resource, address);
  return address;
}

/** Encoded; null for a path that leads elsewhere than it spells. */
function checkedAddress(path: string): string | null {
  const segments = path.slice(1).split('/');
  // Half a character has no encoding at all. Where the path leads does not depend on the origin.
  if (segments.includes('') || !path.isWellFormed()) return null;
  const address = pathOf(segments);
  return isOwnAddress(`https://graph${address}`, 'https://graph') ? address : null;
}

/** The items by id whenever the body has some, whatever the outer status says (older texts say 424, newer ones 200). */
export function itemsById(bodyText: string): ReadonlyMap<string, BatchItem> | null {
  const parsed = batchAnswer.safeParse(parseJson(bodyText));
  if (!parsed.success) return null;
  const byId = new Map<string, BatchItem>();
  for (const response of parsed.data.responses) {
    const read = item.safeParse(response);
    if (!read.success) continue;
    const id = String(read.data.id).toLowerCase();
    if (!byId.has(id)) byId.set(id, read.data);
  }
  return byId;
}

/** What an item says about coming back. */
export function itemPause({ status, headers }: BatchItem, nowMs: number): PauseRequest | null {
  if (!mayAnnounce(status)) return null;
  const all = Object.entries(itemHeaders.parse(headers));
  const header = all.find(([name]) => name.toLowerCase() === 'retry-after');
  return pauseOf(status, header === undefined ? undefined : String(header[1]), nowMs);
}

/** A pause for 429, and for any failure of Graph's own that names a time. */
export function pauseOf(status: number, retryAfter: string | undefined, nowMs: number): PauseRequest | null {
  if (!mayAnnounce(status)) return null;
  const retryAfterMs = parseRetryAfterMs(retryAfter, nowMs);
  return status === 429 || retryAfterMs !== null ? { retryAfterMs, code: `http_${status}` } : null;
}

function mayAnnounce(status: number): boolean {
  return status === 429 || status === 424 || status >= 500;
}

/** The longer of two; one that names no time is shorter than any that does. */
export function longerPause(one: PauseRequest | null, other: PauseRequest | null): PauseRequest | null {
  if (one === null || other === null) return one ?? other;
  return (other.retryAfterMs ?? -1) > (one.retryAfterMs ?? -1) ? other : one;
}
