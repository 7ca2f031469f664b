// Every telemetry name, once: alerts, workbook and code use these.

/** Numbers of one sweep, by their names in the sweep's report. */
export const sweepMetrics = {
  live: { name: 'opwatch.sweep.live', type: 'gauge' },
  due: { name: 'opwatch.sweep.due', type: 'counter' },
  read: { name: 'opwatch.sweep.read', type: 'counter' },
  httpRequests: { name: 'opwatch.graph.requests', type: 'counter' },
  throttledItems: { name: 'opwatch.graph.throttled_items', type: 'counter' },
  committed: { name: 'opwatch.sweep.committed', type: 'counter' },
  left: { name: 'opwatch.sweep.left', type: 'counter' },
  published: { name: 'opwatch.queue.published', type: 'counter' },
  unpublished: { name: 'opwatch.queue.unpublished', type: 'counter' },
  maxLatenessMs: { name: 'opwatch.sweep.lateness_ms', type: 'gauge' },
} as const satisfies Readonly<Record<string, { readonly name: string; readonly type: 'gauge' | 'counter' }>>;

export type SweepMetric = keyof typeof sweepMetrics;
