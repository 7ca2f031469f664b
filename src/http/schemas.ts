// Requests and answers as zod schemas. The same schemas validate requests and make the OpenAPI document, so that the
// two can't differ.
import { z } from 'zod';
import { kindNames } from '../domain/kinds.ts';
import { problemCodes } from './problem.ts';

const instant = z.iso.datetime({ precision: 3 }).describe('UTC with milliseconds');
/** Whatever Graph said there. */
const json = z.unknown();

const stateNames = ['pending', 'running', 'succeeded', 'failed', 'lost', 'expired', 'cancelled'] as const;
export const kindName = z.enum(kindNames as [string, ...string[]]);
export const stateName = z.enum(stateNames);

/** No control characters: they would break log lines, and six bytes each would break the bound of an event. */
const printable = /^[^\p{Cc}\p{Cs}]*$/u;
/** A signed token was pasted by mistake: labels and metadata travel with every event. */
const signedToken = /eyJ[\w-]{8,}\.[\w-]{8,}\./;
const plainText = (maxLength: number) =>
  z
    .string()
    .max(maxLength)
    .regex(printable)
    .refine((value) => !signedToken.test(value), { error: 'no tokens' });
const metadataName = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/);

const metadata = z
  .record(metadataName, plainText(256))
  .refine((value) => Object.keys(value).length <= 16, { error: 'at most 16 names' })
  .describe('At most 16 names, with texts of at most 256 characters');

export const trackOne = z.strictObject({
  resource: z
    .string()
    .describe('Absolute URL of the configured Graph, or a path with or without the version'),
  version: z.enum(['v1.0', 'beta']).optional(),
  tenantId: z.string().optional(),
  label: plainText(128).optional(),
  metadata: metadata.optional(),
  deadlineSeconds: z.int().min(1).max(2_592_000).optional(),
  restartAfter: z
    .int()
    .min(1)
    .max(9_999_999_999)
    .optional()
    .describe('The ended generation that this one follows'),
});

const maxTracked = 100;
export const trackMany = z.strictObject({ operations: z.array(z.unknown()).min(1).max(maxTracked) });

const resource = z.object({
  cloud: z.enum(['global', 'usgov', 'usgovdod', 'custom']),
  tenantId: z.string(),
  version: z.enum(['v1.0', 'beta']),
  path: z.string(),
  parentId: z.string(),
  operationId: z.string(),
});

const health = z.object({
  status: z.enum(['ok', 'throttled', 'blocked', 'missing', 'unreadable']),
  code: z.string().nullable(),
  since: instant,
  explanation: z.string(),
});

const operation = z.object({
  key: z.string().regex(/^[a-z2-7]{26}$/),
  kind: kindName,
  generation: z.int(),
  sequence: z.int(),
  state: stateName,
  terminal: z.boolean(),
  status: z.string().nullable(),
  statusKnown: z.boolean(),
  resource,
  trackedAt: instant,
  changedAt: instant,
  endedAt: instant.nullable(),
  deadlineAt: instant,
  nextPollAt: instant.nullable(),
  trackedBy: z.enum(['api', 'proxy', 'push']),
  health,
  error: json,
  result: json,
  clientContext: z.string().nullable(),
  percentComplete: z.number().nullable(),
  label: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
});

const operationList = z.object({ value: z.array(operation), nextLink: z.string().optional() });

const graphError = z.object({ code: z.string(), message: z.string() });

const trackResults = z.object({
  results: z.array(
    z.union([
      z.object({ status: z.union([z.literal(200), z.literal(201)]), operation }),
      z.object({ status: z.int().min(400), error: graphError }),
    ]),
  ),
});

const evidence = z.object({
  httpStatus: z.int(),
  count: z.int().describe('Answers that said so; 0 where only the platform announced the deletion'),
  firstAt: instant,
  lastAt: instant,
  deletedAt: instant.optional(),
});

const cloudEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.string(),
  type: z.string(),
  source: z.string(),
  subject: z.string(),
  time: instant,
  datacontenttype: z.literal('application/json'),
  sequence: z.string().regex(/^\d{10}$/),
  partitionkey: z.string(),
  traceparent: z
    .string()
    .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
    .optional(),
  data: z.looseObject({
    key: z.string(),
    kind: kindName,
    generation: z.int(),
    sequence: z.int(),
    terminal: z.boolean(),
    previous: z.object({ state: stateName, status: z.string().nullable() }).nullable(),
    current: z.object({ state: stateName, status: z.string().nullable(), statusKnown: z.boolean() }),
    observedBy: z.enum(['poll', 'push', 'patch', 'deadline', 'caller']),
    observedAt: instant,
    resource,
    error: json,
    result: json,
    clientContext: z.string().nullable(),
    percentComplete: z.number().nullable(),
    evidence: evidence.nullable(),
    label: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    truncated: z.boolean().optional(),
  }),
});

const eventList = z.object({ value: z.array(cloudEvent) });

const problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(problemCodes as [string, ...string[]]),
  detail: z.string(),
  correlationId: z.string(),
  error: graphError,
});

const notificationCollection = z.looseObject({ value: z.array(z.unknown()) });
const validationToken = z.string();

const healthStatus = z.strictObject({ status: z.enum(['pass', 'fail']) });

const readiness = z.strictObject({
  status: z.enum(['pass', 'fail']),
  details: z
    .strictObject({
      storage: z.strictObject({ code: z.string().nullable(), durationMs: z.int() }),
      shards: z.array(
        z.strictObject({
          shard: z.string(),
          sweptAt: instant.nullable(),
          pauses: z.array(z.strictObject({ tenantId: z.string(), code: z.string(), until: instant })),
          ends: z
            .strictObject({
              byPush: z.int(),
              byPoll: z.int(),
              byBoth: z.int().describe('Of those by poll: a notification came later'),
              pushLateSeconds: z.strictObject({ mean: z.number(), max: z.number() }).nullable(),
            })
            .describe('How the ends of operations that are notified were seen, since the shard began'),
        }),
      ),
    })
    .optional()
    .describe('Only for a bearer token with Operations.Read; function keys are not checked here'),
});

const wholeText = z
  .string()
  .regex(/^\d{1,10}$/)
  .transform(Number);

/** Queries of the list, before they become one. Unknown names are refused, but for the host's own key. */
export const listQuery = z.strictObject({
  kind: z.string().optional(),
  state: z.string().optional(),
  parentId: z.string().min(1).max(512).optional(),
  label: z.string().min(1).max(128).optional(),
  top: wholeText.refine((top) => top >= 1 && top <= 100).optional(),
  continuation: z.string().min(1).max(2048).optional(),
});

export const readQuery = z.strictObject({ wait: wholeText.optional() });
export const stopQuery = z.strictObject({ generation: wholeText.optional() });
export const noQuery = z.strictObject({});

/** The schemas that the OpenAPI document shows, by their names in it. */
export const components: Readonly<Record<string, z.ZodType>> = {
  TrackRequest: trackOne,
  TrackManyRequest: trackMany,
  Resource: resource,
  Health: health,
  Operation: operation,
  OperationList: operationList,
  TrackResults: trackResults,
  TransitionEvent: cloudEvent,
  EventList: eventList,
  Problem: problem,
  NotificationCollection: notificationCollection,
  ValidationToken: validationToken,
  HealthStatus: healthStatus,
  Readiness: readiness,
};
