// `@azure/functions-core`: the module of which no package exists. The worker answers `require` of that one name itself,
// and so does this host; the app registers its functions and hooks here while it loads, and never later.
import Module from 'node:module';
import type {
  FunctionCallback,
  FunctionMetadata,
  HookCallback,
  LogLevel,
  ProgrammingModel,
} from './core-types.ts';
import type { HostLog } from './log.ts';

export const hostVersion = '4.34.0';
const workerVersion = '3.9.1';

const hookNames = ['appStart', 'appTerminate', 'preInvocation', 'postInvocation'] as const;
export type HookName = (typeof hookNames)[number];

export type RegisteredFunction = { readonly metadata: FunctionMetadata; readonly callback: FunctionCallback };

export type Registry = {
  readonly functions: ReadonlyMap<string, RegisteredFunction>;
  readonly hooks: (name: HookName) => readonly HookCallback[];
  readonly model: () => ProgrammingModel | undefined;
  /** From here on registering a function is an error, as it is in the worker. */
  readonly lock: () => void;
};

type CoreApi = {
  readonly version: string;
  readonly hostVersion: string;
  readonly Disposable: typeof Disposable;
  readonly registerFunction: (metadata: FunctionMetadata, callback: FunctionCallback) => Disposable;
  readonly registerHook: (name: string, callback: HookCallback) => Disposable;
  readonly setProgrammingModel: (model: ProgrammingModel) => void;
  readonly getProgrammingModel: () => ProgrammingModel | undefined;
  readonly log: (level: LogLevel, category: string, message: string) => void;
};

/** Undoes a registration, once. */
class Disposable {
  #undo: (() => void) | undefined;

  constructor(undo: () => void) {
    this.#undo = undo;
  }

  static from(...others: readonly { dispose(): void }[]): Disposable {
    return new Disposable(() => {
      for (const other of others) other.dispose();
    });
  }

  dispose(): void {
    this.#undo?.();
    this.#undo = undefined;
  }
}

export function createCoreApi(log: HostLog): { readonly api: CoreApi; readonly registry: Registry } {
  const functions = new Map<string, RegisteredFunction>();
  const hooks = new Map<HookName, HookCallback[]>(hookNames.map((name) => [name, []]));
  let model: ProgrammingModel | undefined;
  let locked = false;

  const api: CoreApi = {
    version: workerVersion,
    hostVersion,
    Disposable,
    registerFunction: (metadata, callback) => {
      if (locked) throw systemError(new Error('A function can only be registered during app startup.'));
      if (!/^[A-Za-z][A-Za-z0-9_-]{0,127}$/.test(metadata.name)) {
        throw systemError(new Error(`${JSON.stringify(metadata.name)} is no valid function name.`));
      }
      if (functions.has(metadata.name)) {
        throw systemError(new Error(`A function with the name ${metadata.name} is already registered.`));
      }
      functions.set(metadata.name, { metadata, callback });
      return new Disposable(() => functions.delete(metadata.name));
    },
    registerHook: (name, callback) => {
      const list = hooks.get(name as HookName);
      // The worker knows no `log` hook below host 4.34 either, and says so with the same error.
      if (list === undefined) throw systemError(new RangeError(`Unrecognized hook "${name}"`));
      list.push(callback);
      return new Disposable(() => {
        hooks.set(
          name as HookName,
          (hooks.get(name as HookName) ?? []).filter((other) => other !== callback),
        );
      });
    },
    setProgrammingModel: (given) => {
      model = given;
    },
    getProgrammingModel: () => model,
    log: (level, category, message) => log(level, { category }, message),
  };
  const registry: Registry = {
    functions,
    hooks: (name) => [...(hooks.get(name) ?? [])],
    model: () => model,
    lock: () => {
      locked = true;
    },
  };
  return { api, registry };
}

/** Answers `require('@azure/functions-core')` everywhere in this process. @returns what takes it away again. */
export function provideCoreApi(api: CoreApi): () => void {
  const prototype = Module.prototype as unknown as { require: NodeJS.Require };
  const original = prototype.require;
  prototype.require = new Proxy(original, {
    apply: (target, self, given: [string]) =>
      given[0] === '@azure/functions-core' ? api : (Reflect.apply(target, self, given) as unknown),
  });
  return () => {
    prototype.require = original;
  };
}

function systemError<E extends Error>(error: E): E {
  return Object.assign(error, { isAzureFunctionsSystemError: true });
}
