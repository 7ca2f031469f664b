// The instruments of the names table. What is zero is not recorded, because every number costs an envelope; a gauge
// says its zero once, when it was something else before.
import type { Attributes, Meter } from '@opentelemetry/api';
import type { SweepNumbers } from './gather-sweeps.ts';
import { flowMetrics, type SweepMetric, sweepMetrics } from './names.ts';

export type Meters = {
  readonly heartbeat: (shard: string) => void;
  readonly recordSweep: (shard: string, numbers: SweepNumbers) => void;
  readonly countTransition: (attributes: Attributes) => void;
  readonly recordLag: (lagMs: number, attributes: Attributes) => void;
};

export function createMeters(meter: Meter): Meters {
  const sweeps = meter.createCounter(flowMetrics.sweeps.name);
  const transitions = meter.createCounter(flowMetrics.transitions.name);
  const publishLag = meter.createHistogram(flowMetrics.publishLagMs.name);
  const recorders = Object.entries(sweepMetrics).map(([field, { name, type }]) => ({
    field: field as SweepMetric,
    record: recorderOf(meter, name, type),
  }));
  return {
    heartbeat: (shard) => sweeps.add(1, { shard }),
    recordSweep: (shard, numbers) => {
      for (const { field, record } of recorders) record(numbers[field], shard);
    },
    countTransition: (attributes) => transitions.add(1, attributes),
    recordLag: (lagMs, attributes) => publishLag.record(lagMs, attributes),
  };
}

type Record = (value: number, shard: string) => void;

function recorderOf(meter: Meter, name: string, type: 'counter' | 'gauge' | 'histogram'): Record {
  switch (type) {
    case 'counter': {
      const counter = meter.createCounter(name);
      return (value, shard) => {
        if (value > 0) counter.add(value, { shard });
      };
    }
    case 'gauge': {
      const gauge = meter.createGauge(name);
      const shown = new Map<string, number>();
      return (value, shard) => {
        if (value === 0 && (shown.get(shard) ?? 0) === 0) return;
        shown.set(shard, value);
        gauge.record(value, { shard });
      };
    }
    case 'histogram': {
      const histogram = meter.createHistogram(name);
      return (value, shard) => histogram.record(value, { shard });
    }
  }
}
