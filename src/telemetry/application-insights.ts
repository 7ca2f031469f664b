// Application Insights behind a port. It costs more to load than all the rest, so it is loaded only where a connection
// string is set. No instrumentation of HTTP or of the SDKs: those cost on every poll, also when sampled away.
import type { TokenCredential } from '@azure/identity';
import type { Meter } from '@opentelemetry/api';
import { type SweepMetric, sweepMetrics } from './names.ts';

export type Telemetry = {
  /** One set of numbers a sweep; the shard tells them apart. */
  readonly recordSweep: (shard: string, numbers: Readonly<Partial<Record<SweepMetric, number>>>) => void;
  /** Sends what is waiting, for two seconds at most: an instance may be frozen after its work. */
  readonly flush: () => Promise<void>;
};

export type TelemetryOptions = {
  readonly connectionString: string;
  /** For a component that refuses keys; null where the connection string's key counts. */
  readonly credential: TokenCredential | null;
};

const flushLimitMs = 2000;
const off = { enabled: false } as const;

export async function openTelemetry({ connectionString, credential }: TelemetryOptions): Promise<Telemetry> {
  const { flushAzureMonitor, useAzureMonitor } = await import('applicationinsights');
  const { metrics } = await import('@opentelemetry/api');
  useAzureMonitor({
    azureMonitorExporterOptions: {
      connectionString,
      disableOfflineStorage: true,
      ...(credential === null ? {} : { credential }),
    },
    // Zero switches off the rate-limited sampler, which would drop most of what is rare and matters.
    tracesPerSecond: 0,
    samplingRatio: 1,
    enableLiveMetrics: false,
    enableStandardMetrics: false,
    enablePerformanceCounters: false,
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
  const meter = metrics.getMeter('opwatch');
  const recorders = Object.entries(sweepMetrics).map(([field, { name, type }]) => {
    const record = recorderOf(meter, name, type);
    return (numbers: Readonly<Record<string, number>>, shard: string) => {
      const value = numbers[field];
      if (value !== undefined) record(value, { shard });
    };
  });
  return {
    recordSweep(shard, numbers) {
      for (const record of recorders) record(numbers, shard);
    },
    async flush() {
      await Promise.race([flushAzureMonitor(), waitUnref(flushLimitMs)]);
    },
  };
}

function recorderOf(
  meter: Meter,
  name: string,
  type: 'counter' | 'gauge' | 'histogram',
): (value: number, attributes: { readonly shard: string }) => void {
  if (type === 'counter') {
    const counter = meter.createCounter(name);
    return (value, attributes) => counter.add(value, attributes);
  }
  if (type === 'histogram') {
    const histogram = meter.createHistogram(name);
    return (value, attributes) => histogram.record(value, attributes);
  }
  const gauge = meter.createGauge(name);
  return (value, attributes) => gauge.record(value, attributes);
}

function waitUnref(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs).unref();
  });
}
