// One call to Graph for a caller. What it starts is tracked before the caller has the answer, and what it shows of a
// tracked operation is an observation like any other.
// If we die after Graph's answer and before the commit, the caller never got the answer either; if storage can't take
// it, the caller gets Graph's answer with its Location all the same, and is told that nobody watches.
import { crashPoint } from '../domain/crash-point.ts';
import { AppError } from '../domain/errors.ts';
import type { ProxiedFact } from '../domain/facts.ts';
import type { StatusObservation } from '../domain/observation.ts';
import type { JsonObject } from '../domain/patch-rules.ts';
import type { ProxyTarget } from '../domain/proxied-resources.ts';
import { type GraphHome, type NamedResource, parseResource } from '../domain/resources.ts';
import type { TrackRequest } from '../domain/tracking.ts';
import { type ApplyPorts, applyObservation } from './apply-observation.ts';
import type { Log, ShardOf } from './ports.ts';
import { createPublisher, type PublishPorts } from './publish-events.ts';
import type { TrackOutcome } from './results.ts';

export type GraphCall = {
  readonly method: 'GET' | 'PATCH';
  readonly version: string;
  /** Segments of the canonical path, not encoded. */
  readonly segments: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject | null;
};

export type GraphAnswer = {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyText: string;
  readonly sentAtMs: number;
  readonly arrivedAtMs: number;
};

export type ProxyPorts = ApplyPorts &
  PublishPorts & {
    readonly home: GraphHome;
    readonly callGraph: (call: GraphCall) => Promise<GraphAnswer>;
    /** What a body says of an operation of this kind; null when it says nothing that counts. */
    readonly observationOf: (answer: GraphAnswer, named: NamedResource) => StatusObservation | null;
    readonly track: (request: TrackRequest) => Promise<TrackOutcome>;
    readonly shardOf: ShardOf;
    readonly log: Log;
  };

export type ProxyRequest = {
  readonly target: ProxyTarget;
  readonly change: JsonObject | null;
  readonly ifMatch: string | null;
  readonly clientRequestId: string;
  /** A valid traceparent of the caller's request; absent when it has none. */
  readonly traceparent?: string | undefined;
  readonly wantsRepresentation: boolean;
};

/** `watch` says what became of an operation that the call started. */
export type ProxyOutcome =
  | { readonly outcome: 'answered'; readonly answer: GraphAnswer; readonly watch: WatchOutcome | null }
  /** Graph gave no usable answer; after a PATCH nobody knows whether it happened. */
  | { readonly outcome: 'failed'; readonly error: AppError; readonly isUnknown: boolean };

export type WatchOutcome =
  | { readonly watched: true; readonly key: string }
  | { readonly watched: false; readonly reason: 'location_foreign' | 'location_unknown' | 'storage_busy' };

export function createProxyRequest(ports: ProxyPorts): (request: ProxyRequest) => Promise<ProxyOutcome> {
  return async function proxyRequest(request) {
    const isPatch = request.change !== null;
    try {
      const answer = await callGraph(request);
      const watch = isPatch && answer.status === 202 ? await watchStarted(answer, request) : null;
      const wantsMore = isPatch && answer.status === 204 && request.wantsRepresentation;
      const shown = wantsMore ? await readBack(request, answer) : answer;
      await applyShown(request.target, shown);
      return { outcome: 'answered', answer: shown, watch };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // Without a token nothing was sent.
      return { outcome: 'failed', error, isUnknown: isPatch && error.code !== 'graph_auth' };
    }
  };

  async function callGraph(request: ProxyRequest): Promise<GraphAnswer> {
    const call = callOf(request);
    const { route, named } = request.target;
    const startedAtMs = ports.clock.nowMs();
    const tell = (outcome: Pick<ProxiedFact, 'status' | 'code'>): void => {
      const endedAtMs = ports.clock.nowMs();
      const key = named?.key ?? null;
      ports.tell({ type: 'proxied', method: call.method, route, key, startedAtMs, endedAtMs, ...outcome });
    };
    try {
      const answer = await ports.callGraph(call);
      tell({ status: answer.status, code: null });
      return answer;
    } catch (error) {
      tell({ status: null, code: error instanceof AppError ? error.code : null });
      throw error;
    }
  }

  /** The change has happened: when it can't be read back, its own answer stands. */
  async function readBack(request: ProxyRequest, changed: GraphAnswer): Promise<GraphAnswer> {
    try {
      const read = await callGraph({ ...request, change: null, ifMatch: null });
      return read.status === 200 ? read : changed;
    } catch (error) {
      if (error instanceof AppError) return changed;
      throw error;
    }
  }

  /** A Location without a version means that of the call. */
  async function watchStarted(answer: GraphAnswer, started: ProxyRequest): Promise<WatchOutcome | null> {
    const { version } = started.target;
    const location = answer.headers['location'] ?? answer.headers['operation-location'];
    if (location === undefined) return null;
    const named = parseResource(location, ports.home, version) ?? parseResource(location, ports.home);
    if (named === null)
      return { watched: false, reason: isForeign(location) ? 'location_foreign' : 'location_unknown' };
    const request = {
      named,
      label: null,
      metadata: {},
      deadlineMs: null,
      restartAfter: null,
      trackedBy: 'proxy',
      traceparent: started.traceparent,
    } as const;
    try {
      const tracked = await ports.track(request);
      if (tracked.outcome === 'created' || tracked.outcome === 'existing')
        return { watched: true, key: named.key };
    } catch (error) {
      ports.log(
        'error',
        { operationKey: named.key, error },
        'operation was started and could not be tracked',
      );
    }
    return { watched: false, reason: 'storage_busy' };
  }

  function isForeign(location: string): boolean {
    const isAbsolute = /^\s*([a-z][a-z0-9+.-]*:|[\\/]{2})/i.test(location);
    return isAbsolute && !location.toLowerCase().startsWith(`${ports.home.root.toLowerCase()}/`);
  }

  /** A 200 that shows a tracked operation is news. That it can't be stored now takes nothing from the caller. */
  async function applyShown({ named }: ProxyTarget, answer: GraphAnswer): Promise<void> {
    const observation = named === null || answer.status !== 200 ? null : ports.observationOf(answer, named);
    if (named === null || observation === null) return;
    const shard = ports.shardOf(named);
    const publisher = createPublisher(ports, shard);
    TEST: crashPoint('N0');
    try {
      await applyObservation(ports, { shard, key: named.key, generation: null, observation }, publisher);
    } catch (error) {
      ports.log(
        'warn',
        { operationKey: named.key, error },
        'answer was not applied; the next poll sees it too',
      );
    }
    await publisher.drain();
    TEST: crashPoint('N10');
  }
}

function callOf({ target, change, ifMatch, clientRequestId }: ProxyRequest): GraphCall {
  return {
    method: change === null ? 'GET' : 'PATCH',
    version: target.version,
    segments: target.path.slice(1).split('/'),
    headers: { 'client-request-id': clientRequestId, ...(ifMatch === null ? {} : { 'if-match': ifMatch }) },
    body: change,
  };
}
