// Calls: made, answered, ended, and acted on, which brings operations to life.
// @see Microsoft Graph documentation, cloud communications: create, answer, redirect, reject, transfer, delete call
import { defaultTenant } from './authorization.ts';
import { recording } from './callbacks/notifications.ts';
import { type CallbackTarget, uriSchema } from './callbacks/targets.ts';
import { stepOf } from './operations.ts';
import type { Call } from './parents.ts';
import type { Resource } from './paths.ts';
import { type Answer, entityHeaders, type GraphRequest } from './protocol.ts';
import { callBody, callGone, operationBody } from './reads.ts';
import { isTerminalWord, type Script, usualEnd, usualScript } from './scripts.ts';
import { refuse, type Simulation } from './simulation.ts';
import { badRequest, bear, isRecord, locationHeaders } from './writes.ts';

/** POST of a call: 201, the call, and its Location. Its notifications go to its `callbackUri`, if it has one. */
export function createCall(simulation: Simulation, request: GraphRequest): Answer {
  const { body } = request;
  const callback = isRecord(body) ? callbackIn(body, request) : undefined;
  if (!isRecord(body) || callback === 'unusable') {
    return badRequest(simulation, request);
  }
  const call = simulation.world.addCall(callback ? { callback } : {});
  const { id: _id, state: _state, ...given } = body;
  return {
    status: 201,
    headers: {
      ...entityHeaders(request),
      Location: `${simulation.origin()}/${request.version}${call.path}`,
    },
    // Established at once; the answer still shows what came before, as Graph's does.
    body: { ...given, ...callBody(request, { ...call, state: 'establishing' }) },
  };
}

/** DELETE of a call: it is hung up, and tells so. */
export function endCall(simulation: Simulation, request: GraphRequest, path: string): Answer {
  const call = liveCall(simulation, path);
  if (!call) {
    return callGone(simulation, request);
  }
  simulation.world.addCall({ id: call.id, state: 'terminated' });
  return { status: 204, headers: {}, body: undefined };
}

function liveCall({ world }: Simulation, path: string): Call | undefined {
  const call = world.calls.get(path);
  return call?.state === 'terminated' ? undefined : call;
}

/** The callback that a body names, undefined for none; the token says whose it is, where the body does not. */
function callbackIn(
  body: Record<string, unknown>,
  { exchange }: GraphRequest,
): CallbackTarget | 'unusable' | undefined {
  const { callbackUri, tenantId } = body;
  if (callbackUri === undefined || callbackUri === null) {
    return undefined;
  }
  const uri = uriSchema.safeParse(callbackUri);
  const tenant = exchange.tenant === defaultTenant ? undefined : exchange.tenant;
  return uri.success
    ? { uri: uri.data, appId: exchange.app, tenantId: typeof tenantId === 'string' ? tenantId : tenant }
    : 'unusable';
}

// Actions without an operation: accepted, and the call's own state tells the rest.
const acceptedActions: ReadonlySet<string> = new Set(['answer', 'redirect', 'reject', 'transfer']);

/** POST of an action that is only accepted; `answer` and `redirect` may move the callback, `reject` ends the call. */
function acceptAction(
  simulation: Simulation,
  request: GraphRequest,
  { call, action }: { readonly call: Call; readonly action: string },
): Answer {
  const callback = isRecord(request.body) ? callbackIn(request.body, request) : undefined;
  if (callback === 'unusable') {
    return badRequest(simulation, request);
  }
  const state = action === 'reject' ? 'terminated' : call.state;
  simulation.world.addCall({ id: call.id, state, ...(callback ? { callback } : {}) });
  return { status: 202, headers: {}, body: undefined };
}

// Ended at birth in every documented example: one transition, never polled. The others run.
const instantActions = new Set([
  'mute',
  'unmute',
  'subscribetotone',
  'updaterecordingstatus',
  'cancelmediaprocessing',
]);
const actionTypes: Readonly<Record<string, string>> = {
  playprompt: 'playPromptOperation',
  recordresponse: 'recordOperation',
  record: 'recordOperation',
  invite: 'inviteParticipantsOperation',
  mute: 'muteParticipantOperation',
  unmute: 'unmuteParticipantOperation',
  subscribetotone: 'subscribeToToneOperation',
  sendtonesdtmf: 'sendDtmfTonesOperation',
  senddtmftones: 'sendDtmfTonesOperation',
  updaterecordingstatus: 'updateRecordingStatusOperation',
  cancelmediaprocessing: 'cancelMediaProcessingOperation',
};

/** POST of a call action: 200, the operation's body and its Location. */
export function actOnCall(
  simulation: Simulation,
  request: GraphRequest,
  resource: Resource & { type: 'callAction' },
): Answer {
  const call = liveCall(simulation, resource.callPath);
  if (!call) {
    return callGone(simulation, request);
  }
  const action = resource.action.toLowerCase();
  if (acceptedActions.has(action)) {
    return acceptAction(simulation, request, { call, action });
  }
  const type = actionTypes[action];
  if (type === undefined) {
    return refuse(
      simulation,
      { status: 400, code: 'BadRequest', message: `Unknown action ${resource.action}.` },
      request,
    );
  }
  const given = isRecord(request.body) ? request.body['clientContext'] : undefined;
  const context = typeof given === 'string' ? { clientContext: given } : {};
  const script = scriptOf(simulation, action);
  const operation = bear(simulation, {
    kind: 'commsOperation',
    parent: call.id,
    properties: {
      '@odata.type': `#microsoft.graph.${type}`,
      ...context,
      ...(type === 'recordOperation' ? recording : {}),
    },
    script,
    // What the answer itself shows as ended is not told again.
    announced: !isTerminalWord(script[0]?.status),
  });
  const body = operationBody(request, operation, { step: stepOf(operation, simulation.now()) });
  const location = locationHeaders(simulation, request, { operation, usualHeader: 'Location' });
  return { status: 200, headers: { ...entityHeaders(request), ...location }, body };
}

function scriptOf({ births }: Simulation, action: string): Script {
  return instantActions.has(action)
    ? [{ afterMs: 0, ...usualEnd('commsOperation', 'completed') }]
    : (births.get('commsOperation') ?? usualScript('commsOperation', 10_000));
}
