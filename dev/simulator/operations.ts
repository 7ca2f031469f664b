// The world: connections, calls and operations as they are, whoever asks and whatever goes wrong on the way.
// Entries are replaced, never changed in place; an operation's past stays in its script, so the truth can be told later.
import { z } from 'zod';
import { canonicalGuid, joinPath } from './paths.ts';
import { type Random, randomGuid, randomHex } from './random.ts';
import {
  type Kind,
  kindSchema,
  orderedScript,
  type Script,
  type Step,
  scriptSchema,
  stepIndexAt,
  stepSchema,
  usualScript,
} from './scripts.ts';

export const operationSchema = z.strictObject({
  kind: kindSchema,
  /** Connection id, call id, or OneNote owner as a path such as `/users/adele@contoso.test`. Made up when absent. */
  parent: z.string().optional(),
  id: z.string().optional(),
  /** Runs ten seconds, then completes, when absent. */
  script: scriptSchema.optional(),
  /** Epoch milliseconds; now when absent, null: waits for `arm`. */
  startMs: z.number().nullable().optional(),
  /** Milliseconds between `arm` and the start of an operation that waits for it. */
  startOffsetMs: z.number().min(0).default(0),
  /** Further properties of the body: clientContext, createdDateTime, resourceLocation, `@odata.type`, … */
  properties: z.record(z.string(), z.json()).optional(),
});
export type OperationInput = z.input<typeof operationSchema>;

export const changeSchema = stepSchema.omit({ afterMs: true }).extend({
  path: z.string(),
  /** Keep the script's later steps; by default the change is the last word. */
  keepLaterSteps: z.boolean().default(false),
});
export type ChangeInput = z.input<typeof changeSchema>;

export type Operation = {
  readonly kind: Kind;
  readonly id: string;
  readonly parentPath: string;
  readonly path: string;
  readonly startMs: number | null;
  readonly startOffsetMs: number;
  readonly script: Script;
  readonly properties: Readonly<Record<string, unknown>>;
};

export const connectionSchema = z.strictObject({
  id: z.string(),
  name: z.string().optional(),
  description: z.string().nullable().optional(),
  configuration: z.record(z.string(), z.json()).optional(),
  /** `auto`: draft until a schema operation has completed, then ready. */
  state: z.string().default('auto'),
  /** What the caller gets who does not own it. */
  access: z.literal(['owned', 403, 404]).default('owned'),
  schema: z.json().optional(),
});
export type ConnectionInput = z.input<typeof connectionSchema>;
export type Connection = Readonly<z.output<typeof connectionSchema>> & {
  readonly path: string;
  readonly schemaOperationPath?: string;
  readonly revision: number;
};

export const callSchema = z.strictObject({
  id: z.string().optional(),
  state: z.string().default('established'),
});
export type CallInput = z.input<typeof callSchema>;
export type Call = { readonly id: string; readonly path: string; readonly state: string };

/** When the world changed: the words an operation has had, each with the instant in which it began. */
export type Truth = {
  readonly path: string;
  readonly kind: Kind;
  readonly deletedAtMs: number | null;
  readonly changes: readonly { readonly status: unknown; readonly atMs: number }[];
};

export type World = ReturnType<typeof createWorld>;

/** An empty world. `now` is the only clock in it. */
export function createWorld(now: () => number, random: Random) {
  const operations = new Map<string, Operation>();
  const deleted = new Map<string, { readonly operation: Operation; readonly atMs: number }>();
  const children = new Map<string, Set<string>>();
  const connections = new Map<string, Connection>();
  const calls = new Map<string, Call>();

  function addConnection(input: ConnectionInput): Connection {
    const connection = connectionSchema.parse(input);
    const path = joinPath('external', 'connections', connection.id);
    const added = { ...connection, path, revision: 1 };
    connections.set(path, added);
    return added;
  }

  function addCall(input: CallInput): Call {
    const { id = randomGuid(random), state } = callSchema.parse(input);
    const call = { id, state, path: joinPath('communications', 'calls', canonicalGuid(id)) };
    calls.set(call.path, call);
    return call;
  }

  function put(operation: Operation): Operation {
    operations.set(operation.path, operation);
    const siblings = children.get(operation.parentPath) ?? new Set();
    children.set(operation.parentPath, siblings.add(operation.path));
    return operation;
  }

  function parentPathOf(kind: Kind, parent: string | undefined): string {
    if (kind === 'onenoteOperation') {
      return joinPath(...(parent ?? `/users/${randomGuid(random)}`).split('/').filter(Boolean));
    }
    if (kind === 'commsOperation') {
      const path = joinPath('communications', 'calls', canonicalGuid(parent ?? randomGuid(random)));
      return calls.has(path) ? path : addCall(parent === undefined ? {} : { id: parent }).path;
    }
    const id = parent ?? `conn${randomHex(random, 12)}`;
    const path = joinPath('external', 'connections', id);
    return connections.has(path) ? path : addConnection({ id }).path;
  }

  function addOperation(input: OperationInput): Operation {
    const {
      kind,
      parent,
      id,
      script,
      startMs,
      startOffsetMs,
      properties = {},
    } = operationSchema.parse(input);
    const parentPath = parentPathOf(kind, parent);
    const operationId =
      id ?? (kind === 'connectionOperation' ? `1.neu.${randomHex(random, 32)}` : randomGuid(random));
    const keyId = kind === 'commsOperation' ? canonicalGuid(operationId) : operationId;
    const path = `${parentPath}${kind === 'onenoteOperation' ? '/onenote' : ''}/operations${joinPath(keyId)}`;
    return put({
      kind,
      id: operationId,
      parentPath,
      path,
      startMs: startMs === undefined ? now() : startMs,
      startOffsetMs,
      script: orderedScript(script ?? usualScript(kind, 10_000)),
      properties,
    });
  }

  function changeStatus(input: ChangeInput): Operation {
    const { path, keepLaterSteps, ...said } = changeSchema.parse(input);
    const operation = operations.get(path);
    if (!operation) {
      throw new RangeError(`No operation at ${path}`);
    }
    const startMs = operation.startMs ?? now();
    const afterMs = Math.max(0, now() - startMs);
    const earlier = operation.script.filter((step) => step.afterMs <= afterMs);
    const later = keepLaterSteps ? operation.script.filter((step) => step.afterMs > afterMs) : [];
    return put({ ...operation, startMs, script: [...earlier, { ...said, afterMs }, ...later] });
  }

  function remove(path: string): boolean {
    const operation = operations.get(path);
    if (operation) {
      operations.delete(path);
      children.get(operation.parentPath)?.delete(path);
      deleted.set(path, { operation, atMs: now() });
      return true;
    }
    const isParent = connections.delete(path) || calls.delete(path);
    for (const child of isParent ? [...(children.get(path) ?? [])] : []) {
      remove(child);
    }
    return isParent;
  }

  return {
    /** Live operations by canonical path. */
    operations: operations as ReadonlyMap<string, Operation>,
    connections: connections as ReadonlyMap<string, Connection>,
    calls: calls as ReadonlyMap<string, Call>,
    addConnection,
    addCall,
    /** Adds an operation, and its connection or call when there is none. */
    addOperation,
    putOperation: put,
    putConnection(connection: Connection): void {
      connections.set(connection.path, { ...connection, revision: connection.revision + 1 });
    },
    /** Lets an operation say something else from now on. @throws RangeError when there is no such operation */
    changeStatus,
    /** Removes an operation, or a connection or call with all operations under it. */
    remove,
    operationsOf(parentPath: string): Operation[] {
      return [...(children.get(parentPath) ?? [])].map((path) => operations.get(path) as Operation);
    },
    /** Starts every operation that waits for it; returns how many. */
    arm(startMs: number): number {
      const waiting = [...operations.values()].filter((operation) => operation.startMs === null);
      for (const operation of waiting) {
        operations.set(operation.path, { ...operation, startMs: startMs + operation.startOffsetMs });
      }
      return waiting.length;
    },
    /** Changes up to now, deleted operations included. */
    truth(): Truth[] {
      const gone = [...deleted.values()].map(({ operation, atMs }) => truthOf(operation, atMs, atMs));
      return [...gone, ...[...operations.values()].map((operation) => truthOf(operation, now(), null))];
    },
    clear(): void {
      for (const map of [operations, deleted, children, connections, calls]) {
        map.clear();
      }
    },
  };
}

/** The step in force at an instant; an operation that waits for `arm` stays at its first. */
export function stepOf(operation: Operation, atMs: number): Step {
  const index = operation.startMs === null ? 0 : stepIndexAt(operation.script, atMs - operation.startMs);
  return operation.script[index] as Step;
}

function truthOf(operation: Operation, untilMs: number, deletedAtMs: number | null): Truth {
  const { path, kind, script, startMs } = operation;
  const past =
    startMs === null || startMs > untilMs ? [] : script.slice(0, stepIndexAt(script, untilMs - startMs) + 1);
  const changes = past
    .filter((step, index) => index === 0 || step.status !== past[index - 1]?.status)
    .map((step) => ({ status: step.status, atMs: (startMs ?? 0) + step.afterMs }));
  return { path, kind, deletedAtMs, changes };
}
