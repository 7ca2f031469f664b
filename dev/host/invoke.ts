// One invocation, in the worker's order: arguments, preInvocation hooks, handler, postInvocation hooks, outputs.
import { randomBytes, randomUUID } from 'node:crypto';
import type { LoadedApp } from './app-loader.ts';
import type {
  CoreInvocationContext,
  FunctionCallback,
  InvocationResponse,
  RetryContext,
  TypedData,
} from './core-types.ts';
import type { PlannedFunction } from './function-plan.ts';
import { type HostLog, messageOf } from './log.ts';

export type Invocation = {
  readonly invocationId: string;
  readonly input: TypedData;
  readonly triggerMetadata: Readonly<Record<string, TypedData>>;
  readonly retryContext?: RetryContext;
  /** W3C traceparent and tracestate of the caller, if any. */
  readonly traceParent?: string | undefined;
  readonly traceState?: string | undefined;
};

export type Invoker = {
  /**
   * Runs the function and commits its queue outputs. Rejects with what the handler, a hook or an output threw, or when
   * functionTimeout has passed.
   */
  readonly invoke: (fn: PlannedFunction, invocation: Invocation) => Promise<InvocationResponse>;
  /** Resolves when nothing runs any more. */
  readonly idle: () => Promise<void>;
};

export type InvokerOptions = {
  readonly app: LoadedApp;
  readonly log: HostLog;
  readonly functionTimeoutMs: number | undefined;
  readonly commit: (fn: PlannedFunction, response: InvocationResponse) => Promise<void>;
};

/** Node fires longer timers at once. */
const longestTimerMs = 2 ** 31 - 1;

export function newInvocationId(): string {
  return randomUUID();
}

export function createInvoker({ app, log, functionTimeoutMs, commit }: InvokerOptions): Invoker {
  const running = new Set<Promise<unknown>>();
  return { invoke, idle };

  async function invoke(fn: PlannedFunction, given: Invocation): Promise<InvocationResponse> {
    const invocation = { ...given, traceParent: childOf(given.traceParent) };
    const { invocationId, traceParent } = invocation;
    // The trace id leads from a line to what the app told of the same invocation.
    const fields = { category: `Function.${fn.name}`, invocationId, traceId: traceParent.split('-')[1] };
    const startedMs = performance.now();
    const work = run(fn, invocation).then(async (response) => {
      await commit(fn, response);
      return response;
    });
    const settled = work.catch(() => undefined);
    running.add(settled);
    void settled.finally(() => running.delete(settled));
    try {
      const response = await withTimeout(work, fn.name, functionTimeoutMs);
      log('information', { ...fields, durationMs: elapsedMs(startedMs) }, `${fn.name} succeeded`);
      return response;
    } catch (error) {
      const durationMs = elapsedMs(startedMs);
      log('error', { ...fields, durationMs, error: messageOf(error) }, `${fn.name} failed`);
      throw error;
    }
  }

  async function run(fn: PlannedFunction, invocation: TracedInvocation): Promise<InvocationResponse> {
    const core = coreContext(fn, invocation, log);
    const model = app.model.getInvocationModel(core);
    const { context, inputs } = await model.getArguments();
    const hookData: Record<string, unknown> = {};

    core.state = 'preInvocationHooks';
    const before: HookInput = { hookData, inputs, functionCallback: fn.callback, invocationContext: context };
    for (const hook of app.registry.hooks('preInvocation')) await hook(before);

    core.state = 'invocation';
    const after: HookOutput = {
      hookData,
      inputs: before.inputs,
      invocationContext: context,
      result: null,
      error: null,
    };
    try {
      after.result = await model.invokeFunction(context, before.inputs, before.functionCallback);
    } catch (error) {
      // postInvocation hooks may look at the failure, and may clear it.
      after.error = error ?? new Error('The handler threw nothing.');
    }

    core.state = 'postInvocationHooks';
    for (const hook of app.registry.hooks('postInvocation')) await hook(after);
    if (isSet(after.error)) throw after.error;
    return await model.getResponse(context, after.result);
  }

  async function idle(): Promise<void> {
    while (running.size > 0) await Promise.allSettled(running);
  }
}

type TracedInvocation = Invocation & { readonly traceParent: string };

type HookInput = {
  readonly hookData: Record<string, unknown>;
  readonly invocationContext: unknown;
  inputs: unknown[];
  functionCallback: FunctionCallback;
};

type HookOutput = Omit<HookInput, 'functionCallback'> & { result: unknown; error: unknown };

function coreContext(fn: PlannedFunction, invocation: TracedInvocation, log: HostLog): CoreInvocationContext {
  const { invocationId, input, triggerMetadata, retryContext, traceParent, traceState } = invocation;
  return {
    invocationId,
    metadata: fn.metadata,
    request: {
      invocationId,
      inputData: [{ name: fn.trigger.bindingName, data: input }],
      triggerMetadata,
      ...(retryContext === undefined ? {} : { retryContext }),
      traceContext: {
        traceParent,
        ...(traceState === undefined ? {} : { traceState }),
      },
    },
    log: (level, kind, message) => {
      const category = kind === 'user' ? `Function.${fn.name}.User` : `Function.${fn.name}`;
      log(level, { category, invocationId }, message);
    },
  };
}

/** The host's own span: the caller's trace id where it sent one, a new one otherwise. */
function childOf(traceParent: string | undefined): string {
  const caller = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/.exec(traceParent ?? '');
  const traceId = caller?.[1] ?? randomBytes(16).toString('hex');
  return `00-${traceId}-${randomBytes(8).toString('hex')}-${caller?.[2] ?? '01'}`;
}

async function withTimeout<T>(work: Promise<T>, name: string, limitMs: number | undefined): Promise<T> {
  if (limitMs === undefined) return await work;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    // Azure ends the whole process here; this host gives the invocation up and leaves the handler alone.
    const give = (): void =>
      reject(new Error(`${name} ran longer than functionTimeout (${limitMs / 1000} s).`));
    timer = setTimeout(give, Math.min(limitMs, longestTimerMs));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function elapsedMs(startedMs: number): number {
  return Math.round((performance.now() - startedMs) * 10) / 10;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}
