// All parts of one running simulator, as its routes see them.
import type { Pushes } from './callbacks/pushes.ts';
import { announcedUntilMs, type Failure, failureAnswer } from './errors.ts';
import type { Faults, RetryAfter, Subject } from './faults.ts';
import type { World } from './operations.ts';
import type { Answer, Exchange, GraphRequest } from './protocol.ts';
import type { Random } from './random.ts';
import type { Kind, Script } from './scripts.ts';
import type { Stats } from './stats.ts';
import type { Throttle } from './throttle.ts';

export type Simulation = {
  readonly now: () => number;
  readonly random: Random;
  readonly world: World;
  readonly faults: Faults;
  readonly throttle: Throttle;
  readonly stats: Stats;
  /** Scripts of operations that are born by a call to Graph; replaced by the control API. */
  readonly births: Map<Kind, Script>;
  /** Notifications of calls. */
  readonly pushes: Pushes;
  /** Origin of absolute links, known once the server listens. */
  readonly origin: () => string;
};

/** An error answer in the envelope that is in force for this subject. */
export function fail(
  simulation: Simulation,
  failure: Failure,
  about: { exchange: Exchange; subject: Subject },
): Answer {
  const { faults } = simulation;
  const form = faults.isActive ? faults.take('envelope', about.subject)?.form : undefined;
  return failureAnswer(failure, form ?? 'innerError', about.exchange);
}

/** An error answer to a request for one resource. */
export function refuse(simulation: Simulation, failure: Failure, request: GraphRequest): Answer {
  return fail(simulation, failure, { exchange: request.exchange, subject: subjectOf(request) });
}

/** Notes an announced wait, which binds once the answer is sent. */
export function announce(
  exchange: Exchange,
  kinds: readonly Kind[],
  retryAfter: RetryAfter | undefined,
): void {
  const untilMs = announcedUntilMs(retryAfter, exchange.arrivedAtMs);
  for (const kind of untilMs === undefined ? [] : kinds) {
    exchange.announced.push({ kind, untilMs: untilMs ?? 0 });
  }
}

/** Counts reads inside an announced wait. Writes are not polls: whoever forwards them need not know of the wait. */
export function countEarly(
  simulation: Simulation,
  method: string,
  asked: { readonly exchange: Exchange; readonly kinds: readonly Kind[] },
): void {
  const { tenant, arrivedAtMs } = asked.exchange;
  for (const kind of method === 'PATCH' ? [] : asked.kinds) {
    const early = simulation.throttle.earlyCall(tenant, kind, arrivedAtMs);
    if (early) {
      simulation.stats.early(early);
    }
  }
}

/** What rules are matched against, for one resource. */
export function subjectOf(request: GraphRequest): Subject {
  return {
    method: request.method,
    paths: [request.path],
    kinds: request.kind === undefined ? [] : [request.kind],
    tenant: request.exchange.tenant,
    batched: request.batched,
  };
}
