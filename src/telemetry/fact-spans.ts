// Facts as spans and counts. A span is for what is rare and matters: a transition, a call for a caller, an error, and
// the batch that brought one of these. What happens on every poll has none.
import { type Link, type Span, SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import type { BatchFact, Fact, ProxiedFact } from '../domain/facts.ts';
import { kindOfKey } from '../domain/keys.ts';
import type { Transition } from '../domain/transition.ts';
import { spans } from './names.ts';

export type CountTransition = (attributes: {
  readonly kind: string;
  readonly state: string;
  readonly observedBy: string;
}) => void;

export type FactSpansOptions = {
  readonly tracer: Tracer;
  readonly countTransition: CountTransition;
  readonly recordLag: (lagMs: number, attributes: { readonly kind: string }) => void;
  /** Host name of Graph. */
  readonly graphHost: string;
};

/** Spans take their place in the trace of the invocation that runs. */
export function createTellFact(options: FactSpansOptions): (fact: Fact) => void {
  const { tracer, countTransition, recordLag, graphHost } = options;
  return function tellFact(fact) {
    switch (fact.type) {
      case 'transition':
        return tellTransition(fact.transition, fact.committedAtMs);
      case 'published': {
        const kind = kindOfKey(fact.key);
        if (fact.lagMs !== null && kind !== null) recordLag(fact.lagMs, { kind });
        return undefined;
      }
      case 'batch':
        return tellBatch(fact);
      case 'proxied':
        return tellProxied(fact);
      case 'failure':
        return tellFailure(fact);
    }
  };

  function tellTransition(transition: Transition, committedAtMs: number): void {
    const { operation, observedBy, observedAtMs } = transition;
    const { key, kind, generation, sequence, state, status, statusKnown, trackedAtMs } = operation;
    countTransition({ kind, state, observedBy });
    const span = tracer.startSpan(spans.transition.name, {
      kind: SpanKind.INTERNAL,
      startTime: observedAtMs,
      links: linksTo(operation.traceparent),
      attributes: {
        operationKey: key,
        kind,
        generation,
        sequence,
        state,
        // A word that we do not know is text that somebody else wrote.
        status: statusKnown && status !== null ? status : 'unknown',
        observedBy,
        ageMs: observedAtMs - trackedAtMs,
      },
    });
    span.end(Math.max(committedAtMs, observedAtMs));
  }

  function tellBatch(fact: BatchFact): void {
    const { kind, sentAtMs, arrivedAtMs, changedItems, throttledItems, refusedItems, unreadableItems } = fact;
    const failed = throttledItems + refusedItems + unreadableItems;
    if (changedItems + failed === 0) return;
    const counts = { changedItems, throttledItems, refusedItems, unreadableItems };
    const span = tracer.startSpan(spans.batch.name, {
      kind: SpanKind.CLIENT,
      startTime: sentAtMs,
      attributes: {
        kind,
        'http.request.method': 'POST',
        'server.address': graphHost,
        items: fact.items,
        httpRequests: fact.httpRequests,
        ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
      },
    });
    if (failed > 0) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(Math.max(arrivedAtMs, sentAtMs));
  }

  function tellProxied({ method, route, key, startedAtMs, endedAtMs, status, code }: ProxiedFact): void {
    const span = tracer.startSpan(`${method} ${route}`, {
      kind: SpanKind.CLIENT,
      startTime: startedAtMs,
      attributes: {
        'http.request.method': method,
        'url.template': route,
        'server.address': graphHost,
        ...given('operationKey', key),
        ...given('http.response.status_code', status),
        ...given('code', code),
      },
    });
    if (status === null || status >= 400) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(Math.max(endedAtMs, startedAtMs));
  }

  function tellFailure({ event, code, operationKey, shard }: Extract<Fact, { type: 'failure' }>): void {
    const span: Span = tracer.startSpan(spans.failure.name, {
      kind: SpanKind.INTERNAL,
      attributes: {
        event,
        ...given('code', code),
        ...given('operationKey', operationKey),
        ...given('shard', shard),
      },
    });
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }
}

function given(name: string, value: string | number | null): Readonly<Record<string, string | number>> {
  return value === null ? {} : { [name]: value };
}

/** The request that began the tracking lies in another trace. */
function linksTo(traceparent: string | undefined): Link[] {
  const [, traceId, spanId, flags] = traceparent?.split('-') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return [];
  return [{ context: { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true } }];
}
