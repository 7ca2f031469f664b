// Telemetry as the app holds it: there from the start, and nothing but empty functions until the module that sends is
// loaded, which only happens where a connection string is set. Nothing here fails anybody's work.
import type { TokenCredential } from '@azure/identity';
import type { Fact } from '../domain/facts.ts';
import { validTraceparent } from '../domain/traceparent.ts';
import type { Handler, Sender } from './application-insights.ts';
import type { SweepNumbers } from './gather-sweeps.ts';

export type Telemetry = {
  /** Loads what sends; whoever comes before is not recorded. Never rejects. */
  readonly open: () => Promise<void>;
  readonly tell: (fact: Fact) => void;
  /** The log, whose errors are told as failures too. */
  readonly telling: (log: Log) => Log;
  readonly recordSweep: (shard: string, numbers: SweepNumbers, isNews: boolean) => void;
  /** The handler, run in the trace of the host; the same handler where it named none that is valid. */
  readonly continueTrace: <T extends Handler>(traceparent: unknown, handler: T) => T;
  /** To be called after each invocation. Takes two seconds at most. */
  readonly flush: () => Promise<void>;
  /** To be called before the process ends. Takes two seconds at most. */
  readonly close: () => Promise<void>;
};

type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  fields: Readonly<Record<string, unknown>>,
  message: string,
) => void;

export type TelemetryOptions = {
  /** Null: telemetry is off. */
  readonly connectionString: string | null;
  readonly credential: () => TokenCredential | null;
  readonly graphHost: string;
  readonly monotonicMs: () => number;
  readonly log: Log;
};

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { connectionString, log } = options;
  let opening: Promise<void> | undefined;
  let sender: Sender | undefined;
  return {
    open: () => {
      opening ??= load();
      return opening;
    },
    tell: (fact) => sender?.tell(fact),
    telling: (write) => (level, fields, message) => {
      write(level, fields, message);
      if (level === 'error') sender?.tell(failureOf(fields, message));
    },
    recordSweep: (...report) => sender?.recordSweep(...report),
    continueTrace: (traceparent, handler) => {
      const valid = validTraceparent(traceparent);
      return sender === undefined || valid === undefined ? handler : sender.continueTrace(valid, handler);
    },
    flush: async () => sender?.flush(),
    close: async () => sender?.flushAll(),
  };

  /** A failure is told once and costs nothing else. */
  async function load(): Promise<void> {
    if (connectionString === null) return;
    try {
      const { openSender } = await import('./application-insights.ts');
      sender = openSender({
        ...options,
        connectionString,
        credential: options.credential(),
        onProblem: (problem) => log('warn', { problem }, 'telemetry has a problem'),
      });
    } catch (error) {
      log('error', { error }, 'telemetry could not be started');
    }
  }
}

function failureOf(fields: Readonly<Record<string, unknown>>, message: string): Fact {
  const { error, operationKey, shard } = fields;
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return {
    type: 'failure',
    event: message,
    code: textOrNull(code),
    operationKey: textOrNull(operationKey),
    shard: textOrNull(shard),
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
