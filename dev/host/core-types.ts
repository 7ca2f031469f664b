// The part of the worker's core API that @azure/functions 4.x uses, as types: what crosses between library and host.

/** A payload as the worker's protocol carries it; exactly one member is set. */
export type TypedData = {
  readonly string?: string;
  readonly json?: string;
  readonly bytes?: Uint8Array;
  readonly int?: number;
  readonly double?: number;
  readonly http?: HttpData;
};

/** An HTTP request or answer held in memory: the form without streaming. */
export type HttpData = {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly params?: Readonly<Record<string, string>>;
  readonly body?: TypedData | null;
  readonly statusCode?: string;
  readonly cookies?: readonly CookieData[];
};

type Nullable<T> = { readonly value: T };

export type CookieData = {
  readonly name: string;
  readonly value: string;
  readonly domain?: Nullable<string>;
  readonly path?: Nullable<string>;
  readonly expires?: Nullable<{ readonly seconds: number }>;
  readonly secure?: Nullable<boolean>;
  readonly httpOnly?: Nullable<boolean>;
  readonly sameSite?: 'none' | 'lax' | 'strict' | 'explicitNone';
  readonly maxAge?: Nullable<number>;
};

export type NamedData = { readonly name: string; readonly data: TypedData };

/** A binding as registered: its own options stay unresolved beside type and direction. */
export type BindingInfo = {
  readonly type: string;
  readonly direction: 'in' | 'out';
  readonly [option: string]: unknown;
};

type Duration = { readonly seconds: number };

export type RetryOptions = {
  readonly maxRetryCount?: number;
  readonly retryStrategy?: string;
  readonly delayInterval?: Duration;
  readonly minimumInterval?: Duration;
  readonly maximumInterval?: Duration;
};

export type FunctionMetadata = {
  readonly name: string;
  readonly bindings: Readonly<Record<string, BindingInfo>>;
  readonly retryOptions?: RetryOptions;
};

export type LogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';

export type FunctionCallback = (...inputs: readonly unknown[]) => unknown;

export type RetryContext = { readonly retryCount: number; readonly maxRetryCount: number };

/** What the library needs to make one invocation's arguments. `state` tells it which hooks run. */
export type CoreInvocationContext = {
  readonly invocationId: string;
  readonly metadata: FunctionMetadata;
  readonly request: {
    readonly invocationId: string;
    readonly inputData: readonly NamedData[];
    readonly triggerMetadata: Readonly<Record<string, TypedData>>;
    readonly retryContext?: RetryContext;
    readonly traceContext: { readonly traceParent: string; readonly traceState?: string };
  };
  state?: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks';
  readonly log: (level: LogLevel, category: string, message: string) => void;
};

export type InvocationResponse = {
  readonly outputData?: readonly NamedData[];
  readonly returnValue?: TypedData | null;
};

export type InvocationModel = {
  getArguments(): Promise<{ readonly context: unknown; readonly inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: readonly unknown[], handler: FunctionCallback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<InvocationResponse>;
};

export type ProgrammingModel = {
  readonly name: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
};

export type HookCallback = (context: unknown) => unknown;
