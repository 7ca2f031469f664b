// One resource, one answer: finds what a path addresses and asks quotas and item faults before the resource itself.

import { actOnCall, createCall, endCall } from './calls.ts';
import { failureAnswer, htmlAnswer, usualCode } from './errors.ts';
import type { Envelope, RetryAfter } from './faults.ts';
import type { Operation } from './operations.ts';
import type { Connection } from './parents.ts';
import { parsePath, type Resource } from './paths.ts';
import { type Answer, type GraphRequest, jsonType } from './protocol.ts';
import {
  callGone,
  listOperations,
  notFound,
  readCall,
  readConnection,
  readOperation,
  readSchema,
} from './reads.ts';
import type { Kind } from './scripts.ts';
import { announce, countEarly, refuse, type Simulation, subjectOf } from './simulation.ts';
import { copyNotes, createConnection, patchConnection, patchOperation, writeSchema } from './writes.ts';

/** Answers a request for one resource, whether it came singly or in a batch. */
export function answerResource(simulation: Simulation, asked: Omit<GraphRequest, 'kind'>): Answer {
  const { world, stats, faults } = simulation;
  // The canonical spelling is by far the most frequent one: one look-up, no parsing.
  const known = world.operations.get(asked.path);
  const resource: Resource = known ? { type: 'operation', ...known } : parsePath(asked.path, asked.version);
  const kind = 'kind' in resource ? resource.kind : undefined;
  const request = { ...asked, kind };
  stats.item(kind, request.method);
  const held = kind === undefined ? undefined : throttled(simulation, request, kind);
  const answer =
    held ??
    (faults.isActive ? faultyAnswer(simulation, request, resource) : undefined) ??
    route(simulation, request, resource);
  stats.itemAnswered(answer.status);
  return answer;
}

function throttled(simulation: Simulation, request: GraphRequest, kind: Kind): Answer | undefined {
  const { throttle } = simulation;
  const { exchange } = request;
  countEarly(simulation, request.method, { exchange, kinds: [kind] });
  const refusal = throttle.admit(exchange.tenant, kind, exchange.arrivedAtMs);
  if (!refusal) {
    return undefined;
  }
  announce(exchange, [kind], refusal.retryAfter);
  return refuse(
    simulation,
    { status: 429, code: 'TooManyRequests', retryAfter: refusal.retryAfter },
    request,
  );
}

/** An answer of a fault on the item level, which may hide that the request was carried out. */
function faultyAnswer(simulation: Simulation, request: GraphRequest, resource: Resource): Answer | undefined {
  const { faults } = simulation;
  const kind = 'kind' in resource ? resource.kind : undefined;
  const subject = subjectOf(request);
  const wait = faults.take('throttle', subject, 'item');
  const forced = wait
    ? { ...wait, status: 429, code: 'TooManyRequests', message: undefined }
    : faults.take('status', subject, 'item');
  if (forced) {
    if (forced.applied) {
      route(simulation, request, resource);
    }
    announce(request.exchange, kind === undefined ? [] : [kind], forced.retryAfter);
    return forcedFailure(simulation, request, forced);
  }
  const html = faults.take('html', subject, 'item');
  if (html) {
    return htmlAnswer(html.status);
  }
  const empty = faults.take('empty', subject, 'item');
  if (empty) {
    return { status: empty.status, headers: {}, body: undefined };
  }
  const garbage = faults.take('garbage', subject, 'item');
  if (garbage) {
    return { status: 200, headers: { 'Content-Type': jsonType }, body: garbage.body };
  }
  const inOk = faults.take('errorInOk', subject, 'item');
  return inOk ? { ...refuse(simulation, { status: 200, code: inOk.code }, request), status: 200 } : undefined;
}

type ForcedFailure = {
  readonly status: number;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly retryAfter?: RetryAfter | undefined;
  readonly envelope?: Envelope | undefined;
};

function forcedFailure(simulation: Simulation, request: GraphRequest, forced: ForcedFailure): Answer {
  const { status, code = usualCode(status), message, retryAfter, envelope } = forced;
  const failure = {
    status,
    code,
    ...(message === undefined ? {} : { message }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
  return envelope === undefined
    ? refuse(simulation, failure, request)
    : failureAnswer(failure, envelope, request.exchange);
}

function route(simulation: Simulation, request: GraphRequest, resource: Resource): Answer {
  const { world } = simulation;
  switch (resource.type) {
    case 'operation': {
      const operation = world.operations.get(resource.path);
      return operation
        ? routeOperation(simulation, request, operation)
        : missingOperation(simulation, request, resource.parentPath);
    }
    case 'operations':
      return request.method === 'GET'
        ? listOperations(simulation, request, resource)
        : wrongMethod(simulation, request);
    case 'connections':
      return request.method === 'POST'
        ? createConnection(simulation, request)
        : wrongMethod(simulation, request);
    case 'connection':
      return routeConnection(simulation, request, { path: resource.path, methods: connectionMethods });
    case 'schema':
      return routeConnection(simulation, request, { path: resource.connectionPath, methods: schemaMethods });
    case 'calls':
      return request.method === 'POST' ? createCall(simulation, request) : wrongMethod(simulation, request);
    case 'call':
      return routeCall(simulation, request, resource.path);
    case 'callAction':
      return request.method === 'POST'
        ? actOnCall(simulation, request, resource)
        : wrongMethod(simulation, request);
    case 'copy':
      return request.method === 'POST'
        ? copyNotes(simulation, request, resource)
        : wrongMethod(simulation, request);
    case 'unknown': {
      const message = `Resource not found for the segment '${resource.segment}'.`;
      return refuse(simulation, { status: 400, code: 'BadRequest', message }, request);
    }
  }
}

type ConnectionHandler = (simulation: Simulation, request: GraphRequest, connection: Connection) => Answer;
const connectionMethods: Readonly<Record<string, ConnectionHandler>> = {
  GET: readConnection,
  PATCH: patchConnection,
};
const schemaMethods: Readonly<Record<string, ConnectionHandler>> = {
  GET: readSchema,
  PATCH: writeSchema,
  POST: writeSchema,
};

function routeConnection(
  simulation: Simulation,
  request: GraphRequest,
  target: { readonly path: string; readonly methods: Readonly<Record<string, ConnectionHandler>> },
): Answer {
  const connection = simulation.world.connections.get(target.path);
  const denied = denial(simulation, request, connection);
  if (denied || !connection) {
    return denied ?? notFound(simulation, request);
  }
  const handler = target.methods[request.method];
  return handler ? handler(simulation, request, connection) : wrongMethod(simulation, request);
}

function routeCall(simulation: Simulation, request: GraphRequest, path: string): Answer {
  if (request.method === 'GET') {
    return readCall(simulation, request, path);
  }
  return request.method === 'DELETE' ? endCall(simulation, request, path) : wrongMethod(simulation, request);
}

function routeOperation(simulation: Simulation, request: GraphRequest, operation: Operation): Answer {
  const { world } = simulation;
  if (operation.kind === 'commsOperation' && world.calls.get(operation.parentPath)?.state === 'terminated') {
    return callGone(simulation, request);
  }
  const denied = denial(simulation, request, world.connections.get(operation.parentPath));
  if (denied) {
    return denied;
  }
  if (request.method === 'GET') {
    return readOperation(simulation, request, operation);
  }
  return request.method === 'PATCH'
    ? patchOperation(simulation, request, operation)
    : wrongMethod(simulation, request);
}

function missingOperation(simulation: Simulation, request: GraphRequest, parentPath: string): Answer {
  const isDeadCall =
    parentPath.startsWith('/communications/') &&
    simulation.world.calls.get(parentPath)?.state !== 'established';
  return isDeadCall ? callGone(simulation, request) : notFound(simulation, request);
}

/** Somebody else's connection looks absent or forbidden, and so do its operations. */
function denial(
  simulation: Simulation,
  request: GraphRequest,
  connection: Connection | undefined,
): Answer | undefined {
  if (!connection || connection.access === 'owned') {
    return undefined;
  }
  return connection.access === 404
    ? notFound(simulation, request)
    : refuse(
        simulation,
        { status: 403, code: 'Forbidden', message: 'The app does not own this connection.' },
        request,
      );
}

function wrongMethod(simulation: Simulation, request: GraphRequest): Answer {
  return refuse(simulation, { status: 405, code: 'MethodNotAllowed' }, request);
}
