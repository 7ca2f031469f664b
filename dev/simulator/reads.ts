// GET of operations, connections, schemas and calls, with everything that can be odd about what they say.
import { type Operation, stepOf } from './operations.ts';
import type { Call, Connection } from './parents.ts';
import type { Resource } from './paths.ts';
import { type Answer, entityHeaders, type GraphRequest, headerOf, wantsNoMetadata } from './protocol.ts';
import { endOfScript, isTerminalWord, recase, type Step } from './scripts.ts';
import { refuse, type Simulation, subjectOf } from './simulation.ts';

/** Answers a GET of one operation. */
export function readOperation(simulation: Simulation, request: GraphRequest, operation: Operation): Answer {
  const { faults, now } = simulation;
  if (!faults.isActive) {
    return operationAnswer(request, operation, { step: stepOf(operation, now()) });
  }
  const subject = subjectOf(request);
  const refusal = refusalOf(simulation, request, operation);
  if (refusal) {
    return refusal;
  }
  const step = simulation.pushes.shown(operation, seenStep(simulation, request, operation));
  if (!step) {
    return notFound(simulation, request);
  }
  const casing = faults.take('casing', subject);
  const word = faults.take('statusWord', subject);
  const other = faults.take('otherId', subject);
  const drawn = simulation.random() < 0.5 ? 'csdl' : 'lowerCamel';
  const form = casing?.form === 'mixed' ? drawn : casing?.form;
  const recased = form ? recase(operation.kind, step.status, form) : step.status;
  return operationAnswer(request, operation, {
    // The value of a rule without one is undefined, which JSON leaves out.
    step: { ...step, status: (word ? word.value : recased) as Step['status'] },
    id: other ? (other.id ?? `other-${operation.id}`) : operation.id,
    etag: faults.take('etags', subject) ? etagOf(operation, now()) : undefined,
  });
}

/** What an operation says in one answer; `id` and `etag` only where they differ from what is usual. */
type Said = { readonly step: Step; readonly id?: string; readonly etag?: string | undefined };

/** An answer with an operation's body. */
export function operationAnswer(request: GraphRequest, operation: Operation, said: Said): Answer {
  const headers = entityHeaders(request);
  return {
    status: 200,
    headers: said.etag === undefined ? headers : { ...headers, ETag: said.etag },
    body: operationBody(request, operation, said),
  };
}

/** The body of an operation as Graph writes it; undefined properties are left out by JSON. */
export function operationBody(
  request: GraphRequest,
  operation: Operation,
  said: Said,
): Record<string, unknown> {
  const { step, id = operation.id } = said;
  const hidesWord =
    step.evolved === true && headerOf(request, 'prefer')?.includes('include-unknown-enum-members') !== true;
  const status = hidesWord ? 'unknownFutureValue' : step.status;
  const hidden = wantsNoMetadata(request) ? { '@odata.type': undefined } : {};
  const body = { ...annotations(request, operation), ...operation.properties, ...hidden, id, status };
  switch (operation.kind) {
    case 'connectionOperation':
      return { ...body, error: step.error ?? null };
    case 'commsOperation':
      return {
        ...body,
        clientContext: operation.properties['clientContext'] ?? null,
        resultInfo: step.resultInfo ?? null,
      };
    case 'onenoteOperation':
      return { ...body, ...noteProperties(operation, step) };
  }
}

function annotations(request: GraphRequest, operation: Operation): Record<string, unknown> {
  if (wantsNoMetadata(request)) {
    return {};
  }
  const root = `https://graph.microsoft.com/${request.version}/$metadata#`;
  const container = operation.path.slice(1, operation.path.lastIndexOf('/'));
  const context = { '@odata.context': `${root}${container}/$entity` };
  return operation.kind === 'commsOperation'
    ? { ...context, '@odata.type': '#microsoft.graph.commsOperation' }
    : context;
}

function noteProperties(operation: Operation, step: Step): Record<string, unknown> {
  const startMs = operation.startMs ?? 0;
  const failed = step.error !== undefined && step.error !== null;
  return {
    createdDateTime: operation.properties['createdDateTime'] ?? new Date(startMs).toISOString(),
    lastActionDateTime:
      operation.properties['lastActionDateTime'] ?? new Date(startMs + step.afterMs).toISOString(),
    percentComplete: step.percentComplete,
    error: step.error,
    '@api.diagnostics': failed ? '[{"Level":"Error","Message":"The operation failed."}]' : undefined,
  };
}

/** What the asked replica shows: the past, a step back, or the present. */
function seenStep(simulation: Simulation, request: GraphRequest, operation: Operation): Step {
  const { faults, now, random } = simulation;
  const subject = subjectOf(request);
  const stale = faults.take('stale', subject);
  const ageMs = stale ? stale.seconds * 1000 * (stale.exact ? 1 : random()) : 0;
  const step = stepOf(operation, now() - ageMs);
  if (!faults.take('regression', subject)) {
    return step;
  }
  return operation.script[operation.script.indexOf(step) - 1] ?? step;
}

/** Reasons for which an operation that exists can't be read. */
function refusalOf(simulation: Simulation, request: GraphRequest, operation: Operation): Answer | undefined {
  const { faults, now } = simulation;
  const { kind, startMs } = operation;
  const subject = subjectOf(request);
  const late = faults.take('lateUrl', subject);
  if (late && startMs !== null && now() < startMs + late.seconds * 1000) {
    return notFound(simulation, request);
  }
  const gone = faults.take('goneAfterEnd', subject);
  const endAfterMs = endOfScript(operation.script);
  if (
    gone &&
    startMs !== null &&
    endAfterMs !== undefined &&
    now() >= startMs + endAfterMs + gone.seconds * 1000
  ) {
    return refuse(
      simulation,
      { status: gone.status, code: gone.code ?? (gone.status === 410 ? 'Gone' : 'ItemNotFound') },
      request,
    );
  }
  if (kind === 'commsOperation') {
    const inBatch = request.batched ? faults.take('commsInBatch', subject, 'item') : undefined;
    const byGet = faults.take('commsByGet', subject);
    const status = inBatch?.status ?? byGet?.status;
    return status === undefined ? undefined : refuse(simulation, { status, code: codeFor(status) }, request);
  }
  const appOnly = kind === 'onenoteOperation' ? faults.take('onenoteAppOnly', subject) : undefined;
  return appOnly
    ? refuse(simulation, { status: appOnly.status, code: '40001', message: appOnlyMessage }, request)
    : undefined;
}

const appOnlyMessage = 'The request does not contain a valid authentication token.';

function codeFor(status: number): string {
  if (status === 404) {
    return 'ItemNotFound';
  }
  return status === 403 ? 'Forbidden' : 'BadRequest';
}

export function notFound(simulation: Simulation, request: GraphRequest): Answer {
  return refuse(
    simulation,
    { status: 404, code: 'ItemNotFound', message: 'The resource could not be found.' },
    request,
  );
}

/** Changes with every step and every write. */
export function etagOf(operation: Operation, nowMs: number): string {
  return `W/"${operation.script.indexOf(stepOf(operation, nowMs))}-${operation.script.length}"`;
}

/** Answers a GET of a connection. */
export function readConnection(
  simulation: Simulation,
  request: GraphRequest,
  connection: Connection,
): Answer {
  const { faults } = simulation;
  const etag =
    faults.isActive && faults.take('etags', subjectOf(request)) ? { ETag: `W/"${connection.revision}"` } : {};
  return {
    status: 200,
    headers: { ...entityHeaders(request), ...etag },
    body: connectionBody(simulation, request, connection),
  };
}

/** The body of a connection as Graph writes it. */
export function connectionBody(
  simulation: Simulation,
  request: GraphRequest,
  connection: Connection,
): Record<string, unknown> {
  const { id, name = id, description = null, configuration = { authorizedAppIds: [] } } = connection;
  const context = {
    '@odata.context': `https://graph.microsoft.com/${request.version}/$metadata#external/connections/$entity`,
  };
  const state = stateOf(simulation, connection);
  return { ...(wantsNoMetadata(request) ? {} : context), id, name, description, state, configuration };
}

function stateOf(simulation: Simulation, connection: Connection): string {
  if (connection.state !== 'auto') {
    return connection.state;
  }
  const registration = simulation.world.operations.get(connection.schemaOperationPath ?? '');
  const word = registration ? stepOf(registration, simulation.now()).status : undefined;
  return typeof word === 'string' && isTerminalWord(word) && word.toLowerCase() !== 'failed'
    ? 'ready'
    : 'draft';
}

/** Answers a GET of a connection's schema. */
export function readSchema(simulation: Simulation, request: GraphRequest, connection: Connection): Answer {
  if (connection.schema === undefined) {
    return notFound(simulation, request);
  }
  const context = {
    '@odata.context': `https://graph.microsoft.com/${request.version}/$metadata#external${connection.path.slice(9)}/schema/$entity`,
  };
  const schema = connection.schema as Record<string, unknown>;
  return {
    status: 200,
    headers: entityHeaders(request),
    body: { ...(wantsNoMetadata(request) ? {} : context), ...schema },
  };
}

/** Answers a GET of a call. */
export function readCall(simulation: Simulation, request: GraphRequest, path: string): Answer {
  const call = simulation.world.calls.get(path);
  if (!call || call.state === 'terminated') {
    return callGone(simulation, request);
  }
  return { status: 200, headers: entityHeaders(request), body: callBody(request, call) };
}

/** The body of a call as Graph writes it. */
export function callBody(request: GraphRequest, { id, state, callback }: Call): Record<string, unknown> {
  const context = {
    '@odata.context': `https://graph.microsoft.com/${request.version}/$metadata#communications/calls/$entity`,
  };
  const type = { '@odata.type': '#microsoft.graph.call' };
  return {
    ...(wantsNoMetadata(request) ? {} : { ...context, ...type }),
    id,
    state,
    ...(callback ? { callbackUri: callback.uri } : {}),
  };
}

/** Acting on a finished call. @see microsoft-graph-comms-samples, issues 173, 191, 330 */
export function callGone(simulation: Simulation, request: GraphRequest): Answer {
  return refuse(simulation, { status: 404, code: '8522', message: 'Call not found.' }, request);
}

/** Answers a GET of all operations of one parent. */
export function listOperations(
  simulation: Simulation,
  request: GraphRequest,
  resource: Resource & { type: 'operations' },
): Answer {
  const { world, now } = simulation;
  const value = world
    .operationsOf(resource.parentPath)
    .filter((operation) => operation.kind === resource.kind)
    .map((operation) => {
      const { '@odata.context': _, ...body } = operationBody(request, operation, {
        step: stepOf(operation, now()),
      });
      return body;
    });
  const context = `https://graph.microsoft.com/${request.version}/$metadata#${resource.parentPath.slice(1)}/operations`;
  return { status: 200, headers: entityHeaders(request), body: { '@odata.context': context, value } };
}
