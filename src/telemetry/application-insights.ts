// Application Insights behind a port. It costs more to load than all the rest, so it is loaded only where a connection
// string is set. No instrumentation of HTTP or of the SDKs: those cost on every poll, also when sampled away.
import type { TokenCredential } from '@azure/identity';
import { getLogLevel, setLogLevel } from '@azure/logger';
import {
  context,
  type DiagLogger,
  DiagLogLevel,
  diag,
  metrics,
  propagation,
  trace,
} from '@opentelemetry/api';
import { useAzureMonitor } from 'applicationinsights';
import type { Fact } from '../domain/facts.ts';
import { createExporterPolicy } from './exporter-policy.ts';
import { createTellFact } from './fact-spans.ts';
import { createFlush } from './flush.ts';
import { createGatherSweeps, type SweepNumbers } from './gather-sweeps.ts';
import { createMeters } from './meters.ts';

/** What a function is, for whoever wraps it. */
export type Handler = (...given: never[]) => unknown;

export type Sender = {
  readonly tell: (fact: Fact) => void;
  readonly recordSweep: (shard: string, numbers: SweepNumbers, isNews: boolean) => void;
  /** The handler, run in the trace that the host began. */
  readonly continueTrace: <T extends Handler>(traceparent: string, handler: T) => T;
  /** Sends what is worth sending now, for two seconds at most. Never rejects. */
  readonly flush: () => Promise<void>;
  /** The same for everything, also what was kept for later. */
  readonly flushAll: () => Promise<void>;
};

export type SenderOptions = {
  readonly connectionString: string;
  /** For a component that refuses keys; null where the connection string's key counts. */
  readonly credential: TokenCredential | null;
  /** Host name of Graph. */
  readonly graphHost: string;
  readonly monotonicMs: () => number;
  /** What the SDK complains of; told once in ten minutes. */
  readonly onProblem: (problem: string) => void;
};

/** One set a minute: a heartbeat, and a chart that is fine enough. */
const metricsEveryMs = 60_000;
const problemsEveryMs = 10 * 60_000;

export function openSender(options: SenderOptions): Sender {
  const { monotonicMs, graphHost } = options;
  let metricsSentAtMs = Number.NEGATIVE_INFINITY;
  startSdk(options, () => {
    metricsSentAtMs = monotonicMs();
  });
  const meters = createMeters(metrics.getMeter('opwatch'));
  const tracer = trace.getTracer('opwatch');
  const tell = createTellFact({ ...meters, tracer, graphHost });
  const gather = createGatherSweeps(monotonicMs);
  const send = createFlush(monotonicMs);
  const heardShards = new Set<string>();
  let isClosing = false;
  return { tell, recordSweep, continueTrace, flush, flushAll };

  function recordSweep(shard: string, numbers: SweepNumbers, isNews: boolean): void {
    // A process that may not live long says at once that it began.
    if (!heardShards.has(shard)) metricsSentAtMs = Number.NEGATIVE_INFINITY;
    heardShards.add(shard);
    meters.heartbeat(shard);
    const due = gather.add(shard, numbers, isNews);
    if (due !== null) meters.recordSweep(shard, due);
  }

  function continueTrace<T extends Handler>(traceparent: string, handler: T): T {
    return context.bind(propagation.extract(context.active(), { traceparent }), handler);
  }

  function flush(): Promise<void> {
    // A sweep that was under way at the end still has something to say.
    if (isClosing) return flushAll();
    return send(monotonicMs() - metricsSentAtMs >= metricsEveryMs);
  }

  function flushAll(): Promise<void> {
    isClosing = true;
    for (const [shard, numbers] of gather.takeKept()) meters.recordSweep(shard, numbers);
    return send(true);
  }
}

const off = { enabled: false } as const;

function startSdk(options: SenderOptions, onMetricsSent: () => void): void {
  const { connectionString, credential } = options;
  const logLevel = getLogLevel();
  useAzureMonitor({
    azureMonitorExporterOptions: {
      connectionString,
      disableOfflineStorage: true,
      additionalPolicies: [{ policy: createExporterPolicy(onMetricsSent), position: 'perCall' }],
      ...(credential === null ? {} : { credential }),
    },
    // Zero switches off the rate-limited sampler, which would drop most of what is rare and matters.
    tracesPerSecond: 0,
    samplingRatio: 1,
    enableLiveMetrics: false,
    enableStandardMetrics: false,
    enablePerformanceCounters: false,
    // The host records what fails a function; a listener of our own would only change how the process ends.
    enableAutoCollectExceptions: false,
    instrumentationOptions: {
      http: off,
      azureSdk: off,
      mongoDb: off,
      mySql: off,
      postgreSql: off,
      redis: off,
      redis4: off,
    },
  });
  // The SDK makes every Azure package write its warnings to the console (one a transaction of a table), and writes its
  // own there, whatever is in a message.
  setLogLevel(logLevel);
  diag.setLogger(problemLogger(options), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}

function problemLogger({ onProblem, monotonicMs }: SenderOptions): DiagLogger {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  const ignore = (): void => undefined;
  return { error: report, warn: report, info: ignore, debug: ignore, verbose: ignore };

  function report(problem: string): void {
    if (monotonicMs() - toldAtMs < problemsEveryMs) return;
    toldAtMs = monotonicMs();
    onProblem(problem);
  }
}
