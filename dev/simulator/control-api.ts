// The control functions over HTTP, under /_control: one table of routes, JSON in and out.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { PushLoadInput } from './callbacks/push-load.ts';
import type { TokenInput } from './callbacks/push-tokens.ts';
import type { RotationInput } from './callbacks/signing-keys.ts';
import type { SubscriptionInput } from './callbacks/targets.ts';
import type { Control } from './control.ts';
import type { FaultInput } from './faults.ts';
import type { LoadInput } from './load.ts';
import type { ChangeInput, Operation, OperationInput } from './operations.ts';
import type { CallInput, ConnectionInput } from './parents.ts';
import { kindSchema, scriptSchema } from './scripts.ts';
import type { QuotaInput } from './throttle.ts';

export const controlPrefix = '/_control';

// Inputs typed as `…Input` below are unchecked here: the control function parses them and throws a ZodError.
const manySchema = z.strictObject({ operations: z.array(z.unknown()).min(1) });
const pathSchema = z.strictObject({ path: z.string() });
const idSchema = z.strictObject({ id: z.string() });
const armSchema = z.strictObject({ startMs: z.number().optional() }).default({});
const birthSchema = z.strictObject({ kind: kindSchema, script: scriptSchema });
const tokenSchema = z.strictObject({ token: z.string().nullable() });
const refuseSchema = z.strictObject({ forMs: z.number().min(0) });

type Handler = (control: Control, input: unknown) => unknown;

const routes: Readonly<Record<string, Handler>> = {
  'POST /connections': (control, input) => control.addConnection(input as ConnectionInput),
  'POST /calls': (control, input) => control.addCall(input as CallInput),
  'POST /calls/end': (control, input) => control.endCall(idSchema.parse(input).id),
  'POST /operations': (control, input) => addOperations(control, input),
  'POST /load': (control, input) => ({ loaded: control.load(input as LoadInput) }),
  'POST /arm': (control, input) => ({ armed: control.arm(armSchema.parse(input).startMs) }),
  'POST /status': (control, input) => viewOf(control.setStatus(input as ChangeInput)),
  'POST /remove': (control, input) => ({ removed: control.remove(pathSchema.parse(input).path) }),
  'POST /births': (control, input) => {
    const { kind, script } = birthSchema.parse(input);
    control.setBirth(kind, script);
  },
  'GET /faults': (control) => ({ value: control.faults() }),
  'POST /faults': (control, input) => ({ id: control.addFault(input as FaultInput) }),
  'DELETE /faults': (control) => control.clearFaults(),
  'GET /quotas': (control) => ({ value: control.quotas() }),
  'POST /quotas': (control, input) => control.setQuota(input as QuotaInput),
  'DELETE /quotas': (control) => control.clearQuotas(),
  'GET /callbacks': (control) => ({ value: control.callbacks() }),
  'POST /callbacks': (control, input) => ({ id: control.addCallback(input as SubscriptionInput) }),
  'DELETE /callbacks': (control) => control.clearCallbacks(),
  'POST /keys/rotate': (control, input) => control.rotateKeys(input as RotationInput),
  'POST /keys/token': async (control, input) => ({ token: await control.makeToken(input as TokenInput) }),
  'GET /pushes': (control) => ({ value: control.pushes() }),
  'POST /pushes/settle': (control) => control.settlePushes(),
  'POST /pushes/load': (control, input) => control.loadPushes(input as PushLoadInput),
  'GET /stats': (control) => control.stats(),
  'POST /zero': (control) => control.zero(),
  'POST /reset': (control) => control.reset(),
  'GET /requests': (control) => ({ value: control.requests() }),
  'GET /ids': (control) => ({ value: control.ids() }),
  'GET /truth': (control) => ({ value: control.truth() }),
  'POST /token': (control, input) => control.requireToken(tokenSchema.parse(input).token ?? undefined),
  'POST /refuse': (control, input) => {
    const { forMs } = refuseSchema.parse(input);
    // After the answer, for it would be cut off with everything else.
    setImmediate(() => void control.refuseConnections(forMs));
  },
};

/** Answers one control request: 200 with the result, 204 without one, 400 for a wrong input, 404 for a wrong path. */
export async function serveControl(
  control: Control,
  incoming: { readonly request: IncomingMessage; readonly response: ServerResponse; readonly text: string },
): Promise<void> {
  const { request, response, text } = incoming;
  const path = (request.url ?? '').split('?')[0]?.slice(controlPrefix.length) ?? '';
  const [, list, id] = /^\/(faults|callbacks)\/([^/]+)$/.exec(path) ?? [];
  if (request.method === 'DELETE' && id !== undefined) {
    const isRemoved = list === 'faults' ? control.removeFault(id) : control.removeCallback(id);
    reply(response, isRemoved ? 204 : 404, isRemoved ? undefined : problem(`No such entry in ${list}.`));
    return;
  }
  const handler = routes[`${request.method} ${path}`];
  if (!handler) {
    reply(response, 404, problem(`No such control route. Known: ${Object.keys(routes).join(', ')}.`));
    return;
  }
  try {
    const result = await handler(control, text === '' ? undefined : JSON.parse(text));
    reply(response, result === undefined ? 204 : 200, result);
  } catch (error) {
    // Whatever a control function throws is about its input, and whoever typed it wants to read why.
    reply(response, 400, problem(error instanceof z.ZodError ? z.prettifyError(error) : String(error)));
  }
}

function addOperations(control: Control, input: unknown): unknown {
  const many = manySchema.safeParse(input);
  if (many.success) {
    return {
      value: many.data.operations.map((operation) =>
        viewOf(control.addOperation(operation as OperationInput)),
      ),
    };
  }
  return viewOf(control.addOperation(input as OperationInput));
}

function viewOf({ kind, id, parentPath, path, startMs }: Operation): unknown {
  return { kind, id, parentPath, path, startMs };
}

function problem(message: string): unknown {
  return { error: { message } };
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, body === undefined ? {} : { 'Content-Type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
