// Every name that telemetry and log lines use, once, with its unit and one sentence of meaning. Alerts, workbook and
// docs/telemetry.md are checked against this table. Attributes are named like the same things in events and log lines.

/** Attributes of metrics and spans: dimensions in queries. */
export const attributes = {
  shard: 'Part of the table that a sweep reads: the kind, a dash and two digits.',
  kind: 'Kind of the operation.',
  state: 'State that a transition leads to.',
  status: 'Word of Graph after a transition; "unknown" where the word is not of the kind’s table.',
  observedBy: 'What showed a transition: poll, push, patch, deadline or caller.',
  operationKey: 'Key of the operation, a digest of its path.',
  generation: 'Generation of the operation’s tracking.',
  sequence: 'Number of a transition in its generation.',
  ageMs: 'Age of the operation’s tracking when the transition was seen.',
  event: 'Text of the log line that tells the same.',
  code: 'Stable code of an error.',
  items: 'Operations in a batch.',
  httpRequests: 'HTTP requests that a batch took; more than one where Graph refuses batches.',
  changedItems: 'Items that brought news.',
  throttledItems: 'Items that were throttled.',
  refusedItems: 'Items that were refused to this identity.',
  unreadableItems: 'Items that brought no usable answer.',
  'http.request.method': 'Method of a call to Graph.',
  'http.response.status_code': 'Status of Graph’s answer.',
  'server.address': 'Host name of Graph.',
  'url.template': 'Route of a call to Graph, with its ids left out.',
} as const satisfies Readonly<Record<string, string>>;

type AttributeName = keyof typeof attributes;

type Metric = {
  readonly name: string;
  /** Counters add up between two sends; a gauge is the last value; a histogram has count, sum, least and greatest. */
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly unit: string;
  readonly attributes: readonly AttributeName[];
  readonly meaning: string;
};

/** Numbers of one sweep, by their names in the sweep's report. Zeros are left out, but for the one that ends a gauge. */
export const sweepMetrics = {
  durationMs: {
    name: 'opwatch.sweep.duration_ms',
    type: 'histogram',
    unit: 'ms',
    attributes: ['shard'],
    meaning: 'How long sweeps that had something to do took.',
  },
  live: {
    name: 'opwatch.sweep.live',
    type: 'gauge',
    unit: 'operations',
    attributes: ['shard'],
    meaning: 'Operations that are tracked and have not ended.',
  },
  oldestAgeSeconds: {
    name: 'opwatch.sweep.oldest_age_seconds',
    type: 'gauge',
    unit: 's',
    attributes: ['shard'],
    meaning: 'Age of the oldest operation that has not ended, since its tracking began.',
  },
  due: {
    name: 'opwatch.sweep.due',
    type: 'counter',
    unit: 'operations',
    attributes: ['shard'],
    meaning: 'Operations whose time to be read had come.',
  },
  read: {
    name: 'opwatch.sweep.polls',
    type: 'counter',
    unit: 'polls',
    attributes: ['shard'],
    meaning: 'Operations that were read; what Graph throttled is not counted.',
  },
  maxLatenessMs: {
    name: 'opwatch.sweep.lateness_ms',
    type: 'histogram',
    unit: 'ms',
    attributes: ['shard'],
    meaning: 'How long after its due time the latest read of a sweep was begun.',
  },
  ignored: {
    name: 'opwatch.sweep.ignored',
    type: 'counter',
    unit: 'observations',
    attributes: ['shard'],
    meaning:
      'Answers of lagging replicas and answers that came too late: older than what is known, and ignored.',
  },
  committed: {
    name: 'opwatch.sweep.committed',
    type: 'counter',
    unit: 'changes',
    attributes: ['shard'],
    meaning: 'Changes of operations that sweeps stored, transitions and changes of health.',
  },
  left: {
    name: 'opwatch.sweep.left',
    type: 'counter',
    unit: 'changes',
    attributes: ['shard'],
    meaning: 'Changes left to the next sweep, because storage gave no clear answer four times.',
  },
  items: {
    name: 'opwatch.graph.items',
    type: 'counter',
    unit: 'items',
    attributes: ['shard'],
    meaning: 'Operations asked for in requests to Graph: what its quota counts.',
  },
  httpRequests: {
    name: 'opwatch.graph.requests',
    type: 'counter',
    unit: 'requests',
    attributes: ['shard'],
    meaning: 'HTTP requests that carried those items.',
  },
  throttledItems: {
    name: 'opwatch.graph.throttled_items',
    type: 'counter',
    unit: 'items',
    attributes: ['shard'],
    meaning: 'Items that Graph throttled (429); divided by opwatch.graph.items the throttled share.',
  },
  throttledForSeconds: {
    name: 'opwatch.graph.throttled_for_seconds',
    type: 'gauge',
    unit: 's',
    attributes: ['shard'],
    meaning: 'How long from the end of the sweep Graph is left alone, because it asked for that.',
  },
  refusedItems: {
    name: 'opwatch.graph.refused_items',
    type: 'counter',
    unit: 'items',
    attributes: ['shard'],
    meaning: 'Items that Graph refused to this identity (401, 403, no token).',
  },
  unreadableItems: {
    name: 'opwatch.graph.unreadable_items',
    type: 'counter',
    unit: 'items',
    attributes: ['shard'],
    meaning:
      'Items that brought no usable answer: failed transport, 5xx, malformed or missing; throttled ones apart.',
  },
  outboxDepth: {
    name: 'opwatch.outbox.depth',
    type: 'gauge',
    unit: 'events',
    attributes: ['shard'],
    meaning: 'Events that were committed and not yet published when the sweep began.',
  },
  outboxOldestSeconds: {
    name: 'opwatch.outbox.oldest_age_seconds',
    type: 'gauge',
    unit: 's',
    attributes: ['shard'],
    meaning: 'Age of the oldest of those events since its commit.',
  },
  parked: {
    name: 'opwatch.parked.depth',
    type: 'gauge',
    unit: 'pushes',
    attributes: ['shard'],
    meaning: 'Pushed news that waits for an operation to be tracked.',
  },
  unpublished: {
    name: 'opwatch.queue.unpublished',
    type: 'counter',
    unit: 'events',
    attributes: ['shard'],
    meaning: 'Sends that the queue did not clearly accept; the event stays in its outbox row.',
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** Numbers that are counted as they happen. */
export const flowMetrics = {
  sweeps: {
    name: 'opwatch.sweeps',
    type: 'counter',
    unit: 'sweeps',
    attributes: ['shard'],
    meaning:
      'Finished sweeps: the heartbeat, sent at least once a minute while timers run, also when nothing is tracked.',
  },
  transitions: {
    name: 'opwatch.transitions',
    type: 'counter',
    unit: 'transitions',
    attributes: ['kind', 'state', 'observedBy'],
    meaning:
      'Committed transitions by kind, the state that they lead to, and what showed them; push against poll is the push share.',
  },
  publishLagMs: {
    name: 'opwatch.queue.publish_lag_ms',
    type: 'histogram',
    unit: 'ms',
    attributes: ['kind'],
    meaning:
      'Time from the commit of an event until the queue accepted it; its count is that of published events, copies included.',
  },
} as const satisfies Readonly<Record<string, Metric>>;

type Span = {
  /** Braces stand for what varies: a method, or the route with its ids left out. */
  readonly name: string;
  readonly kind: 'client' | 'internal';
  readonly attributes: readonly AttributeName[];
  readonly meaning: string;
};

export const spans = {
  transition: {
    name: 'opwatch.transition',
    kind: 'internal',
    attributes: ['operationKey', 'kind', 'generation', 'sequence', 'state', 'status', 'observedBy', 'ageMs'],
    meaning:
      'A committed transition, from the moment it was seen to its commit; linked to the trace that began the tracking.',
  },
  batch: {
    name: 'POST /$batch',
    kind: 'client',
    attributes: [
      'kind',
      'http.request.method',
      'server.address',
      'items',
      'httpRequests',
      'changedItems',
      'throttledItems',
      'refusedItems',
      'unreadableItems',
    ],
    meaning:
      'One batch read of a sweep that brought news or failed for an item; batches without news have no span.',
  },
  proxied: {
    name: '{method} {route}',
    kind: 'client',
    attributes: [
      'operationKey',
      'http.request.method',
      'http.response.status_code',
      'server.address',
      'url.template',
      'code',
    ],
    meaning: 'One call to Graph on behalf of a caller; ids are left out of the route.',
  },
  failure: {
    name: 'opwatch.failure',
    kind: 'internal',
    attributes: ['event', 'code', 'operationKey', 'shard'],
    meaning: 'Something that was logged as an error.',
  },
} as const satisfies Readonly<Record<string, Span>>;

/** Log lines by their message, which is what searches look for. */
export const logEvents = {
  'sweep ended': 'A sweep that read, stored or sent something, with its numbers.',
  'sweep failed': 'A sweep was given up; the platform tries it again at the next tick.',
  'event was not sent': 'The queue did not clearly accept an event; a later sweep sends it.',
  'outbox was not cleared': 'Events were sent and their outbox rows are still there; copies follow.',
  'parked push was dropped: nobody registered its operation': 'Pushed news waited 15 minutes in vain.',
  'notifications were ignored':
    'Items of a collection said nothing that counts, with counts of what became of all.',
  'call notification was refused': 'Its sender could not be proven; the code says why.',
  'change notifications': 'Some were rejected, or told of the subscription’s life cycle; how many, and what.',
  'hint was not followed; the schedule reads it':
    'A change notification named an operation that could not be read at once.',
  'memory of notifications was not stored': 'Operations are polled as if no notifications came.',
  'another event stands where the next one belongs':
    'Somebody else wrote an event row; its operation stands still until that is cleared up.',
  'row can not be read and is left alone': 'A row of a newer release, or one that somebody else wrote.',
  'retention removed ended operations': 'How many the daily run removed.',
  'operation was started and could not be tracked': 'A PATCH began an operation and storage did not take it.',
  'answer was not applied; the next poll sees it too':
    'An answer that the proxy passed on could not be stored as news.',
  'no token for Graph can be had': 'The identity gave no token; every read is refused until it does.',
  'storage could not be prepared at start':
    'Table or queues could not be looked at; tried again when they are needed.',
  'telemetry could not be started': 'Everything goes on without it.',
  'telemetry has a problem':
    'What its SDK complains of, such as a send that failed; told once in ten minutes.',
  patch: 'The audit of a change by proxy: once before the call and once after.',
  internal_error: 'An answer 500: a fault of the product.',
  storage_busy: 'An answer 503: storage gave no clear answer.',
} as const satisfies Readonly<Record<string, string>>;

export type SweepMetric = keyof typeof sweepMetrics;
