// PATCH of connections, schemas and operations, and the writes that bring connections and operations to life.
import { usualCode } from './errors.ts';
import { type Operation, type OperationInput, stepOf } from './operations.ts';
import type { Connection } from './parents.ts';
import type { Resource } from './paths.ts';
import { type Answer, entityHeaders, type GraphRequest, headerOf } from './protocol.ts';
import { connectionBody, etagOf, operationAnswer } from './reads.ts';
import { type Kind, type Step, usualScript } from './scripts.ts';
import { refuse, type Simulation, subjectOf } from './simulation.ts';

const connectionProperties = ['name', 'description', 'configuration'];
const operationProperties: Readonly<Record<Kind, readonly string[]>> = {
  connectionOperation: ['status', 'error'],
  commsOperation: ['status', 'clientContext', 'resultInfo'],
  onenoteOperation: ['status', 'createdDateTime', 'lastActionDateTime'],
};

/** PATCH of a connection: merged, 204 without a body. */
export function patchConnection(
  simulation: Simulation,
  request: GraphRequest,
  connection: Connection,
): Answer {
  const { world, faults } = simulation;
  const changes = changesOf(request, connectionProperties);
  const name = changes?.['name'];
  if (!changes || (name !== undefined && (typeof name !== 'string' || name.length > 128))) {
    return badRequest(simulation, request);
  }
  if (connection.state === 'obsolete') {
    return refuse(
      simulation,
      { status: 400, code: 'BadRequest', message: 'An obsolete connection cannot be updated.' },
      request,
    );
  }
  const subject = subjectOf(request);
  if (faults.take('etags', subject) && isOutdated(request, `W/"${connection.revision}"`)) {
    return preconditionFailed(simulation, request);
  }
  const changed = { ...connection, ...changes };
  world.putConnection(changed);
  const wantsBody =
    faults.take('honourPrefer', subject) !== undefined && prefers(request, 'return=representation');
  const status = wantsBody ? 200 : (faults.take('patchConnection', subject)?.status ?? 204);
  if (status === 204) {
    return { status, headers: {}, body: undefined };
  }
  const applied = wantsBody ? { 'Preference-Applied': 'return=representation' } : {};
  return {
    status,
    headers: { ...entityHeaders(request), ...applied },
    body: connectionBody(simulation, request, changed),
  };
}

/** PATCH (or the older POST) of a schema: 202, and an operation that registers it. */
export function writeSchema(simulation: Simulation, request: GraphRequest, connection: Connection): Answer {
  const { body } = request;
  if (!isRecord(body) || !Array.isArray(body['properties']) || body['properties'].length > 128) {
    return badRequest(simulation, request);
  }
  const { '@odata.type': _, ...schema } = body;
  const operation = bear(simulation, { kind: 'connectionOperation', parent: connection.id });
  simulation.world.putConnection({
    ...connection,
    schema: schema as Connection['schema'],
    schemaOperationPath: operation.path,
  });
  return {
    status: 202,
    headers: locationHeaders(simulation, request, { operation, usualHeader: 'Location' }),
    body: undefined,
  };
}

/** PATCH of an operation. Undocumented for every kind, so its outcome is a switch; by default 200 and the object. */
export function patchOperation(simulation: Simulation, request: GraphRequest, operation: Operation): Answer {
  const { world, faults, now } = simulation;
  const subject = subjectOf(request);
  const status = faults.take('patchOperation', subject)?.status ?? 200;
  if (status >= 400) {
    return refuse(simulation, { status, code: usualCode(status) }, request);
  }
  const changes = changesOf(request, operationProperties[operation.kind]);
  if (!changes) {
    return badRequest(simulation, request);
  }
  const hasEtags = faults.take('etags', subject) !== undefined;
  if (hasEtags && isOutdated(request, etagOf(operation, now()))) {
    return preconditionFailed(simulation, request);
  }
  const {
    status: word,
    error,
    resultInfo,
    ...properties
  } = changes as Partial<Step> & Record<string, unknown>;
  world.put({ ...operation, properties: { ...operation.properties, ...properties } });
  if (word !== undefined || error !== undefined || resultInfo !== undefined) {
    const said = { status: word ?? stepOf(operation, now()).status, error, resultInfo };
    world.changeStatus({ path: operation.path, ...said, keepLaterSteps: word === undefined });
  }
  if (status === 204 || prefers(request, 'return=minimal')) {
    return { status: 204, headers: {}, body: undefined };
  }
  const patched = world.operations.get(operation.path) ?? operation;
  const etag = hasEtags ? etagOf(patched, now()) : undefined;
  return operationAnswer(request, patched, { step: stepOf(patched, now()), etag });
}

/** POST of a OneNote copy action: 202 and `Operation-Location`. */
export function copyNotes(
  simulation: Simulation,
  request: GraphRequest,
  resource: Resource & { type: 'copy' },
): Answer {
  const operation = bear(simulation, {
    kind: 'onenoteOperation',
    parent: decodeURIComponent(resource.ownerPath),
  });
  return {
    status: 202,
    headers: locationHeaders(simulation, request, { operation, usualHeader: 'Operation-Location' }),
    body: undefined,
  };
}

/** POST of a connection: 201 and the object. */
export function createConnection(simulation: Simulation, request: GraphRequest): Answer {
  const { body } = request;
  if (!isRecord(body) || typeof body['id'] !== 'string' || !/^[A-Za-z0-9]{3,32}$/.test(body['id'])) {
    return badRequest(simulation, request);
  }
  const text = (name: string) => (typeof body[name] === 'string' ? { [name]: body[name] } : {});
  const connection = simulation.world.addConnection({
    id: body['id'],
    ...text('name'),
    ...text('description'),
  });
  return {
    status: 201,
    headers: entityHeaders(request),
    body: connectionBody(simulation, request, connection),
  };
}

/** An operation that is born by a call to Graph. */
export function bear(simulation: Simulation, input: OperationInput): Operation {
  const { births, world, pushes } = simulation;
  const script = births.get(input.kind) ?? usualScript(input.kind, 10_000);
  const operation = world.addOperation({ script, ...input });
  pushes.bear(operation);
  return operation;
}

/** Where an answer says that its operation is. */
export function locationHeaders(
  simulation: Simulation,
  request: GraphRequest,
  born: { readonly operation: Operation; readonly usualHeader: string },
): Readonly<Record<string, string>> {
  const { operation, usualHeader } = born;
  const rule = simulation.faults.take('location', subjectOf({ ...request, kind: operation.kind }));
  const { form = 'absolute', header = usualHeader, foreignOrigin = '' } = rule ?? {};
  const versioned = `/${request.version}${operation.path}`;
  switch (form) {
    case 'absolute':
      return { [header]: `${simulation.origin()}${versioned}` };
    case 'relative':
      return { [header]: versioned };
    case 'resourceUrl':
      return { [header]: operation.path };
    case 'parenthesised':
      return { [header]: `${simulation.origin()}/${request.version}${parenthesised(operation.path)}` };
    case 'foreign':
      return { [header]: `${foreignOrigin}${versioned}` };
    case 'missing':
      return {};
  }
}

/** `/connections/x/operations/y` as `/connections('x')/operations('y')`. */
function parenthesised(path: string): string {
  return path.replace(/\/(connections|calls|users|groups|sites|operations)\/([^/]+)/g, "/$1('$2')");
}

/** The writable properties of a body, or undefined when it has others or is no object. */
function changesOf(request: GraphRequest, writable: readonly string[]): Record<string, unknown> | undefined {
  if (!isRecord(request.body)) {
    return undefined;
  }
  const { id: _id, '@odata.type': _type, ...changes } = request.body;
  return Object.keys(changes).every((name) => writable.includes(name)) ? changes : undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function prefers(request: GraphRequest, preference: string): boolean {
  return headerOf(request, 'prefer')?.includes(preference) === true;
}

function isOutdated(request: GraphRequest, etag: string): boolean {
  const condition = headerOf(request, 'if-match');
  return condition !== undefined && condition !== '*' && condition !== etag;
}

function preconditionFailed(simulation: Simulation, request: GraphRequest): Answer {
  return refuse(simulation, { status: 412, code: 'PreconditionFailed' }, request);
}

export function badRequest(simulation: Simulation, request: GraphRequest): Answer {
  return refuse(
    simulation,
    { status: 400, code: 'BadRequest', message: 'The body is not valid for this resource.' },
    request,
  );
}
