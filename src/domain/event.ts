// The CloudEvent of a transition, built once, as bytes. What is stored, queued and shown later is this very text.
// CloudEvents 1.0.2, JSON format; extensions `sequence`, `partitionkey` and `traceparent` are lower-case alphanumeric as
// it demands.
import { type Details, isTerminal, type JsonValue, type Resource } from './operation.ts';
import type { OperationEvent, Transition } from './transition.ts';

/** A storage queue takes 48 KiB before base64; half of it leaves room for readers that wrap the event. */
export const maxEventBytes = 24 * 1024;
const sequenceDigits = 10;

/** @param graphRoot origin of Graph, without a trailing slash; `source` is built on it. */
export function buildEvent(transition: Transition, graphRoot: string): OperationEvent {
  const { operation } = transition;
  const { key, generation, sequence } = operation;
  const whole = JSON.stringify(envelope(transition, graphRoot, { details: operation, isTruncated: false }));
  const body = byteLength(whole) <= maxEventBytes ? whole : cutToSize(transition, graphRoot);
  return { key, generation, sequence, body };
}

/** The event's id: stable, because it is made of stored facts only. */
function eventId(event: Pick<OperationEvent, 'key' | 'generation' | 'sequence'>): string {
  return `${event.key}-${event.generation}-${event.sequence}`;
}

/** Absolute address of a resource in Graph, each segment encoded. */
function sourceOf(resource: Resource, graphRoot: string): string {
  const path = resource.path.split('/').map(encodeURIComponent).join('/');
  return `${graphRoot}/${resource.version}${path}`;
}

function envelope(
  transition: Transition,
  graphRoot: string,
  { details, isTruncated }: { readonly details: Details; readonly isTruncated: boolean },
) {
  const { operation, previous, observedBy, observedAtMs, evidence } = transition;
  const observedAt = new Date(observedAtMs).toISOString();
  return {
    specversion: '1.0',
    id: eventId(operation),
    type: `opwatch.${operation.kind}.${operation.state}`,
    source: sourceOf(operation.resource, graphRoot),
    subject: operation.key,
    time: observedAt,
    datacontenttype: 'application/json',
    sequence: String(operation.sequence).padStart(sequenceDigits, '0'),
    partitionkey: operation.resource.parentId,
    // Of the request that began the tracking: the same in each event, so that a consumer can follow it back.
    ...(operation.traceparent === undefined ? {} : { traceparent: operation.traceparent }),
    data: {
      key: operation.key,
      kind: operation.kind,
      generation: operation.generation,
      sequence: operation.sequence,
      terminal: isTerminal(operation.state),
      previous,
      current: { state: operation.state, status: operation.status, statusKnown: operation.statusKnown },
      observedBy,
      observedAt,
      resource: operation.resource,
      error: details.error,
      result: details.result,
      clientContext: details.clientContext,
      percentComplete: details.percentComplete,
      evidence: evidence && {
        httpStatus: evidence.httpStatus,
        count: evidence.count,
        firstAt: new Date(evidence.firstAtMs).toISOString(),
        lastAt: new Date(evidence.lastAtMs).toISOString(),
        ...(evidence.deletedAtMs === null ? {} : { deletedAt: new Date(evidence.deletedAtMs).toISOString() }),
      },
      label: operation.label,
      metadata: operation.metadata,
      ...(isTruncated ? { truncated: true } : {}),
    },
  };
}

/** Shortens the provider's texts step by step until the event fits; the last step drops them. */
function cutToSize(transition: Transition, graphRoot: string): string {
  const { operation } = transition;
  for (const limit of [4096, 1024, 256, 64]) {
    const details = {
      error: cutTexts(operation.error, limit),
      result: cutTexts(operation.result, limit),
      clientContext: operation.clientContext?.slice(0, limit) ?? null,
      percentComplete: operation.percentComplete,
    };
    const body = JSON.stringify(envelope(transition, graphRoot, { details, isTruncated: true }));
    if (byteLength(body) <= maxEventBytes) return body;
  }
  const none = { error: null, result: null, clientContext: null, percentComplete: operation.percentComplete };
  return JSON.stringify(envelope(transition, graphRoot, { details: none, isTruncated: true }));
}

function cutTexts(value: JsonValue, limit: number): JsonValue {
  if (typeof value === 'string') return value.slice(0, limit).toWellFormed();
  if (Array.isArray(value)) return value.map((item: JsonValue) => cutTexts(item, limit));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, cutTexts(item, limit)]));
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
