// From one call notification to what it says. Ids come in any spelling, bodies as objects or lists, the last word of an
// operation as "deleted"; what a body holds beside status and result (tokens of recordings) is never looked at.
// @see Microsoft Graph documentation, "commsNotification resource type" and the examples of "call: playPrompt"
import { z } from 'zod';
import { isSameId } from '../domain/ids.ts';
import { kinds, wordOf } from '../domain/kinds.ts';
import type { Notification } from '../domain/notification.ts';
import type { DeletedObservation, StatusObservation } from '../domain/observation.ts';
import { isTerminal } from '../domain/operation.ts';
import { type GraphHome, type NamedResource, parseParent, parseResource } from '../domain/resources.ts';
import { observeBody } from './answers.ts';

const text = z.string().optional().catch(undefined);
const schema = z.looseObject({
  changeType: text,
  /** An older alias of `resourceUrl`; some notifications have only one of them. */
  resource: text,
  resourceUrl: text,
  resourceData: z.unknown().optional(),
});
type Item = z.infer<typeof schema>;

const entity = z.looseObject({
  id: z.string().nullish().catch(null),
  state: text,
  clientContext: text,
});
type Entity = z.infer<typeof entity>;

/** @param at.nowMs when it arrived, which is also how it is dated: what it says was true before. */
export function readNotification(
  value: unknown,
  at: { readonly home: GraphHome; readonly nowMs: number },
): Notification {
  const parsed = schema.safeParse(value);
  if (!parsed.success) return { type: 'ignored', reason: 'malformed' };
  const item = parsed.data;
  const addresses = [item.resourceUrl, item.resource].filter((one) => one !== undefined);
  for (const address of addresses) {
    const named = parseResource(address, at.home);
    if (named !== null && kinds[named.kind].push !== null) return ofOperation(item, named, at.nowMs);
  }
  for (const address of addresses) {
    const parent = parseParent(address, at.home);
    if (parent !== null && kinds[parent.kind].push !== null) return ofParent(item, parent, at.nowMs);
  }
  if (addresses.some((address) => isBelowParent(address, at.home))) return { type: 'unrelated' };
  return { type: 'ignored', reason: addresses.length === 0 ? 'malformed' : 'foreign' };
}

function ofOperation(item: Item, named: NamedResource, nowMs: number): Notification {
  const body = entitiesOf(item).find(({ id }) => isIdOf(id, named));
  const status = body === undefined ? null : statusOf(named, body, nowMs);
  const isEnd = isTerminal(wordOf(named.kind, status?.status ?? null)?.state ?? 'running');
  const deleted = isDeleted(item) && !isEnd ? [deletedAt(nowMs)] : [];
  const observations = [...(status === null ? [] : [status]), ...deleted];
  return observations.length === 0
    ? { type: 'ignored', reason: 'malformed' }
    : { type: 'operation', named, observations };
}

type Parent = Pick<NamedResource, 'kind'> & { readonly parentId: string };

/** Of a call itself its end counts, and an operation that is named by its context only. */
function ofParent(item: Item, { kind, parentId }: Parent, nowMs: number): Notification {
  const [body] = entitiesOf(item);
  if (isDeleted(item) || body?.state?.toLowerCase() === 'terminated')
    return { type: 'parentEnded', kind, parentId, observation: deletedAt(nowMs) };
  const clientContext = body?.clientContext;
  if (body === undefined || clientContext === undefined) return { type: 'unrelated' };
  const observation = statusOf({ kind }, body, nowMs);
  return observation === null
    ? { type: 'ignored', reason: 'malformed' }
    : { type: 'context', kind, parentId, clientContext, observation };
}

/** Such as the participants of a call, or one of them. */
function isBelowParent(address: string, home: GraphHome): boolean {
  const segments = address.split('/');
  const above = [segments.slice(0, -1), segments.slice(0, -2)].map((kept) => kept.join('/'));
  const parents = above.flatMap((path) => parseParent(path, home) ?? []);
  return parents.some(({ kind }) => kinds[kind].push !== null);
}

function entitiesOf({ resourceData }: Item): readonly Entity[] {
  const values: readonly unknown[] = Array.isArray(resourceData) ? resourceData : [resourceData];
  return values.flatMap((value) => {
    const parsed = entity.safeParse(value);
    return parsed.success ? [parsed.data] : [];
  });
}

/** The id may be missing: then the address says it. */
function isIdOf(id: string | null | undefined, { resource }: NamedResource): boolean {
  return id === null || id === undefined || isSameId(id, resource.operationId);
}

function statusOf(
  target: Pick<NamedResource, 'kind'>,
  body: Entity,
  nowMs: number,
): StatusObservation | null {
  const seen = observeBody(target.kind, body, { sentAtMs: nowMs, arrivedAtMs: nowMs });
  return seen && { ...seen, observedBy: 'push' };
}

function isDeleted({ changeType }: Item): boolean {
  return changeType?.toLowerCase() === 'deleted';
}

function deletedAt(nowMs: number): DeletedObservation {
  return { type: 'deleted', sentAtMs: nowMs, arrivedAtMs: nowMs };
}
