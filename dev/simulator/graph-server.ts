// One HTTP exchange with Graph: reads it, lets the faults of the whole exchange have their way, answers it.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authorization } from './authorization.ts';
import { answerBatch, batchContents } from './batch.ts';
import { failureAnswer, htmlAnswer, usualCode } from './errors.ts';
import type { Subject } from './faults.ts';
import { answerResource } from './graph-routes.ts';
import { parsePath } from './paths.ts';
import { type Answer, type Exchange, jsonType, type Version } from './protocol.ts';
import { type Shape, sendAnswer, sendShaped, type Timers } from './send.ts';
import { announce, countEarly, fail, type Simulation } from './simulation.ts';
import type { RequestRecord, Route } from './stats.ts';

export type GraphServer = {
  readonly simulation: Simulation;
  readonly authorization: Authorization;
  readonly timers: Timers;
  /** How long each answer is held back, already computed: the round trip of a real Graph. */
  readonly latencyMs: number;
};

/** A request as it was read: what it asks of whom. */
type Asked = {
  readonly method: string;
  /** Undefined: neither v1.0 nor beta. */
  readonly version: Version | undefined;
  readonly path: string;
  readonly body: unknown;
  /** The body was there and no JSON. */
  readonly isUnreadable: boolean;
  readonly isBatch: boolean;
  readonly headers: IncomingMessage['headers'];
};

/** Answers one request to Graph's side of the simulator. */
export function serveGraph(
  server: GraphServer,
  incoming: { readonly request: IncomingMessage; readonly response: ServerResponse; readonly text: string },
): void {
  const { simulation, authorization } = server;
  const { request, response, text } = incoming;
  const asked = readAsked(request, text);
  const record = simulation.stats.request(
    routeOf(asked),
    { method: asked.method, path: request.url ?? '', body: asked.body },
    asked.headers,
  );
  const identity = authorization.check(asked.headers.authorization);
  simulation.stats.authorization(identity.outcome, identity.sha256 === '' ? undefined : identity);
  const requestId = randomUUID();
  const given = asked.headers['client-request-id'];
  const clientRequestId = typeof given === 'string' ? given : requestId;
  const exchange: Exchange = {
    tenant: identity.tenant,
    app: identity.app,
    requestId,
    clientRequestId,
    arrivedAtMs: simulation.now(),
    announced: [],
  };
  const answer = () => (authorization.admits(identity) ? undefined : unauthorized(exchange));
  if (!simulation.faults.isActive) {
    const answered = answer() ?? answerAsked(simulation, asked, { exchange, subject: emptySubject });
    deliverAfter(server, server.latencyMs, { response, exchange, record, answer: answered });
    return;
  }
  const about: About = { exchange, subject: subjectOf(asked, exchange.tenant) };
  serveFaulty(server, { asked, about, response, record, refusal: answer() });
}

type About = { readonly exchange: Exchange; readonly subject: Subject };
// Without rules nothing looks at the subject, so nothing is spent on it.
const emptySubject: Subject = { method: '', paths: [], kinds: [], tenant: '', batched: false };

type Delivery = {
  readonly response: ServerResponse;
  readonly exchange: Exchange;
  readonly record: RequestRecord;
  readonly answer: Answer;
  readonly shape?: Shape;
};

function deliverAfter(server: GraphServer, waitMs: number, delivery: Delivery): void {
  if (waitMs === 0) {
    deliver(server, delivery);
    return;
  }
  const { timers } = server;
  const timer = setTimeout(() => {
    timers.delete(timer);
    deliver(server, delivery);
  }, waitMs);
  timers.add(timer);
}

function deliver(server: GraphServer, delivery: Delivery): void {
  const { simulation, timers } = server;
  const { response, exchange, record, answer, shape } = delivery;
  if (response.destroyed) {
    return;
  }
  simulation.stats.answered(record, answer.status);
  if (shape) {
    sendShaped(response, { answer, exchange, shape, timers });
  } else {
    sendAnswer(response, answer, exchange);
  }
  if (exchange.announced.length > 0) {
    simulation.throttle.open(exchange.tenant, exchange.announced, simulation.now());
  }
}

/** The same, with faults of the whole exchange. */
function serveFaulty(
  server: GraphServer,
  serving: {
    readonly asked: Asked;
    readonly about: About;
    readonly response: ServerResponse;
    readonly record: RequestRecord;
    readonly refusal: Answer | undefined;
  },
): void {
  const { simulation } = server;
  const { asked, about, response, record, refusal } = serving;
  const { faults, random } = simulation;
  const { subject, exchange } = about;
  const isHanging = faults.take('hang', subject) !== undefined;
  const reset = isHanging ? undefined : faults.take('reset', subject);
  const isCut = reset !== undefined && !reset.applied;
  const override = isHanging || isCut ? undefined : (refusal ?? wholeAnswer(simulation, asked, about));
  if (isHanging || isCut || override) {
    // No resource sees this request, and yet it came: a read that came too early is counted here.
    countEarly(simulation, asked.method, { exchange, kinds: subject.kinds });
  }
  if (isHanging) {
    return;
  }
  if (isCut) {
    response.socket?.resetAndDestroy();
    return;
  }
  const answer = override ?? answerAsked(simulation, asked, about);
  const holdMs = simulation.pushes.takeHoldMs();
  if (reset) {
    response.socket?.resetAndDestroy();
    return;
  }
  const shape = shapeOf(simulation, subject);
  const delivery = { response, exchange, record, answer, ...(shape ? { shape } : {}) };
  const latency = faults.take('latency', subject);
  const ruleMs = latency ? latency.ms + latency.jitterMs * random() : 0;
  deliverAfter(server, server.latencyMs + holdMs + ruleMs, delivery);
}

function shapeOf(simulation: Simulation, subject: Subject): Shape | undefined {
  const { faults } = simulation;
  const shape: Shape = {
    truncate: faults.take('truncate', subject),
    slow: faults.take('slow', subject),
    big: faults.take('big', subject),
    endless: faults.take('endless', subject),
  };
  return Object.values(shape).some((part) => part !== undefined) ? shape : undefined;
}

/** An answer that stands for the whole exchange in place of the real one. */
function wholeAnswer(simulation: Simulation, asked: Asked, about: About): Answer | undefined {
  const { faults } = simulation;
  const { subject, exchange } = about;
  const redirect = faults.take('redirect', subject);
  if (redirect) {
    return { status: redirect.status, headers: { Location: redirect.location }, body: undefined };
  }
  const wait = faults.take('throttle', subject, 'request');
  const forced = wait
    ? { ...wait, status: 429, code: 'TooManyRequests', message: undefined }
    : faults.take('status', subject, 'request');
  if (forced) {
    if (forced.applied) {
      answerAsked(simulation, asked, about);
    }
    announce(exchange, subject.kinds, forced.retryAfter);
    const { status, code = usualCode(status), message, retryAfter, envelope } = forced;
    const failure = {
      status,
      code,
      ...(message === undefined ? {} : { message }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
    };
    return envelope === undefined
      ? fail(simulation, failure, about)
      : failureAnswer(failure, envelope, exchange);
  }
  const html = faults.take('html', subject, 'request');
  if (html) {
    return htmlAnswer(html.status);
  }
  const empty = faults.take('empty', subject, 'request');
  if (empty) {
    return { status: empty.status, headers: { 'Content-Type': jsonType }, body: undefined };
  }
  const garbage = faults.take('garbage', subject, 'request');
  if (garbage) {
    return { status: 200, headers: { 'Content-Type': jsonType }, body: JSON.stringify(garbage.body) };
  }
  const inOk = faults.take('errorInOk', subject, 'request');
  return inOk ? fail(simulation, { status: 200, code: inOk.code }, about) : undefined;
}

function answerAsked(simulation: Simulation, asked: Asked, about: About): Answer {
  const { version, method, path, headers, body } = asked;
  if (version === undefined) {
    return fail(simulation, { status: 400, code: 'BadRequest', message: 'Invalid version.' }, about);
  }
  if (asked.isUnreadable) {
    return fail(
      simulation,
      { status: 400, code: 'BadRequest', message: 'Unable to read JSON request payload.' },
      about,
    );
  }
  if (asked.isBatch) {
    return method === 'POST'
      ? answerBatch(simulation, { version, body, ...about })
      : fail(simulation, { status: 405, code: 'MethodNotAllowed' }, about);
  }
  return answerResource(simulation, {
    version,
    method,
    path,
    headers,
    body,
    batched: false,
    exchange: about.exchange,
  });
}

function unauthorized(exchange: Exchange): Answer {
  const message = 'Access token is empty, expired or not meant for this service.';
  return failureAnswer({ status: 401, code: 'InvalidAuthenticationToken', message }, 'innerError', exchange);
}

function readAsked(request: IncomingMessage, text: string): Asked {
  const { url = '/', method = 'GET', headers } = request;
  const version = versionOf(url);
  const queryAt = url.indexOf('?');
  const path = url.slice(version === undefined ? 0 : 5, queryAt < 0 ? undefined : queryAt);
  const isBatch = path === '/$batch' || path === '/%24batch';
  return { method, version, path, headers, isBatch, ...readJson(text) };
}

function versionOf(url: string): Version | undefined {
  if (url.startsWith('/v1.0/')) {
    return 'v1.0';
  }
  return url.startsWith('/beta/') ? 'beta' : undefined;
}

function readJson(text: string): { readonly body: unknown; readonly isUnreadable: boolean } {
  if (text === '') {
    return { body: undefined, isUnreadable: false };
  }
  try {
    return { body: JSON.parse(text), isUnreadable: false };
  } catch {
    // Graph answers 400 to it, and so does answerAsked.
    return { body: undefined, isUnreadable: true };
  }
}

function subjectOf(asked: Asked, tenant: string): Subject {
  const { method, path, version = 'v1.0', isBatch } = asked;
  if (isBatch) {
    return { method, tenant, batched: true, ...batchContents(asked.body, version) };
  }
  const resource = parsePath(path, version);
  return { method, tenant, batched: false, paths: [path], kinds: 'kind' in resource ? [resource.kind] : [] };
}

function routeOf(asked: Asked): Route {
  if (asked.isBatch) {
    return 'batch';
  }
  const routes: Readonly<Record<string, Route>> = { GET: 'get', PATCH: 'patch', POST: 'post' };
  return routes[asked.method] ?? 'other';
}
