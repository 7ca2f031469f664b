// The world: connections, calls and operations as they are, whoever asks and whatever goes wrong on the way.
// Entries are replaced, never changed in place; an operation's past stays in its script, so the truth can be told later.
import { z } from 'zod';
import { type CallListener, createParents } from './parents.ts';
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

const operationSchema = z.strictObject({
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
  /** False: no call notification ever tells of it. */
  announced: z.boolean().default(true),
});
export type OperationInput = z.input<typeof operationSchema>;

const changeSchema = stepSchema.omit({ afterMs: true }).extend({
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
  readonly announced: boolean;
};

/** Who is told of what the world becomes, at once and in order. Reads tell nobody. */
export type WorldListener = CallListener & {
  /** An operation is there, or there in another form, from this instant on. */
  readonly operationPut: (operation: Operation, atMs: number) => void;
  readonly operationRemoved: (path: string) => void;
};

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
  let listener: WorldListener | undefined;
  const tell: WorldListener = {
    operationPut: (operation, atMs) => listener?.operationPut(operation, atMs),
    operationRemoved: (path) => listener?.operationRemoved(path),
    callPut: (call, earlier) => listener?.callPut(call, earlier),
  };
  const parents = createParents(random, tell);
  const store = createStore(now, tell);
  const { operations, put } = store;

  return {
    ...parents,
    ...store,
    /** The one listener of this world. */
    listen(to: WorldListener): void {
      listener = to;
    },
    /** Adds an operation, and its connection or call when there is none. */
    addOperation(input: OperationInput): Operation {
      const operation = operationSchema.parse(input);
      const parentPath = parents.ensureParent(operation.kind, operation.parent);
      const nowMs = now();
      return put(newOperation(operation, { parentPath, nowMs, random }), nowMs);
    },
    /** Lets an operation say something else from now on. @throws RangeError when there is no such operation */
    changeStatus(input: ChangeInput): Operation {
      const { path, keepLaterSteps, ...said } = changeSchema.parse(input);
      const operation = operations.get(path);
      if (!operation) {
        throw new RangeError(`No operation at ${path}`);
      }
      const nowMs = now();
      const startMs = operation.startMs ?? nowMs;
      const afterMs = Math.max(0, nowMs - startMs);
      const earlier = operation.script.filter((step) => step.afterMs <= afterMs);
      const later = keepLaterSteps ? operation.script.filter((step) => step.afterMs > afterMs) : [];
      return put({ ...operation, startMs, script: [...earlier, { ...said, afterMs }, ...later] }, nowMs);
    },
    /** Removes an operation, or a connection or call with all operations under it. */
    remove(path: string): boolean {
      const isParent = parents.removeParent(path);
      for (const operation of isParent ? store.operationsOf(path) : []) {
        store.removeOperation(operation.path);
      }
      return isParent || store.removeOperation(path);
    },
    clear(): void {
      parents.clearParents();
      store.clearOperations();
    },
  };
}

/** Operations by path and by parent, the removed ones kept for the truth. */
function createStore(now: () => number, tell: WorldListener) {
  const operations = new Map<string, Operation>();
  const removed = new Map<string, { readonly operation: Operation; readonly atMs: number }>();
  const children = new Map<string, Set<string>>();

  return {
    /** Live operations by canonical path. */
    operations: operations as ReadonlyMap<string, Operation>,
    put(operation: Operation, atMs = now()): Operation {
      operations.set(operation.path, operation);
      const siblings = children.get(operation.parentPath) ?? new Set();
      children.set(operation.parentPath, siblings.add(operation.path));
      tell.operationPut(operation, atMs);
      return operation;
    },
    removeOperation(path: string): boolean {
      const operation = operations.get(path);
      if (operation) {
        operations.delete(path);
        children.get(operation.parentPath)?.delete(path);
        removed.set(path, { operation, atMs: now() });
        tell.operationRemoved(path);
      }
      return operation !== undefined;
    },
    operationsOf(parentPath: string): Operation[] {
      return [...(children.get(parentPath) ?? [])].flatMap((path) => operations.get(path) ?? []);
    },
    /** Starts every operation that waits for it; returns how many. */
    arm(startMs: number): number {
      const waiting = [...operations.values()].filter((operation) => operation.startMs === null);
      for (const operation of waiting) {
        const armed = { ...operation, startMs: startMs + operation.startOffsetMs };
        operations.set(operation.path, armed);
        tell.operationPut(armed, now());
      }
      return waiting.length;
    },
    /** Changes up to now, removed operations included. */
    truth(): Truth[] {
      const gone = [...removed.values()].map(({ operation, atMs }) => truthOf(operation, atMs, atMs));
      return [...gone, ...[...operations.values()].map((operation) => truthOf(operation, now(), null))];
    },
    clearOperations(): void {
      operations.clear();
      removed.clear();
      children.clear();
    },
  };
}

function newOperation(
  input: z.output<typeof operationSchema>,
  place: { readonly parentPath: string; readonly nowMs: number; readonly random: Random },
): Operation {
  const {
    kind,
    startMs = place.nowMs,
    startOffsetMs,
    script = usualScript(kind, 10_000),
    properties = {},
    announced,
  } = input;
  const { parentPath, random } = place;
  const id =
    input.id ?? (kind === 'connectionOperation' ? `1.neu.${randomHex(random, 32)}` : randomGuid(random));
  const collection =
    kind === 'onenoteOperation' ? `${parentPath}/onenote/operations` : `${parentPath}/operations`;
  const path = `${collection}${joinPath(kind === 'commsOperation' ? canonicalGuid(id) : id)}`;
  const ordered = orderedScript(script);
  return { kind, id, parentPath, path, startMs, startOffsetMs, script: ordered, properties, announced };
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
