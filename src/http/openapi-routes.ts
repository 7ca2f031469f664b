// The routes of the OpenAPI document but the proxy's: what each is for, asks and answers.

export type Answers = Readonly<
  Record<
    number,
    {
      readonly description: string;
      readonly schema?: string;
      readonly mediaType?: string;
      readonly headers?: readonly string[];
    }
  >
>;

export type Operation = {
  readonly path: string;
  readonly method: 'get' | 'post' | 'delete' | 'patch';
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly parameters?: readonly string[];
  readonly body?: readonly string[];
  readonly answers: Answers;
  /** Statuses of problems beside those that every route has. */
  readonly problems: readonly number[];
  /** Who may call, where it is not a caller with a key or token of this app. */
  readonly security?: 'none' | 'platform';
};

export const operations: readonly Operation[] = [
  {
    path: '/api/operations',
    method: 'post',
    id: 'trackOperations',
    tag: 'Operations',
    summary: 'Begin to watch one operation, or up to 100',
    parameters: ['idempotencyKey'],
    body: ['TrackRequest', 'TrackManyRequest'],
    answers: {
      200: { description: 'Watched already, or the results of many', schema: 'Operation|TrackResults' },
      201: { description: 'Watched from now on', schema: 'Operation', headers: ['Location'] },
    },
    problems: [400, 408, 409, 413, 415, 422, 504],
  },
  {
    path: '/api/operations',
    method: 'get',
    id: 'listOperations',
    tag: 'Operations',
    summary: 'List operations, live ones first',
    parameters: ['kind', 'state', 'parentId', 'label', 'top', 'continuation'],
    answers: { 200: { description: 'A page', schema: 'OperationList' } },
    problems: [400],
  },
  {
    path: '/api/operations/{key}',
    method: 'get',
    id: 'readOperation',
    tag: 'Operations',
    summary: 'Read an operation, if wanted when it has ended',
    parameters: ['key', 'wait', 'prefer', 'ifNoneMatch'],
    answers: {
      200: { description: 'The operation', schema: 'Operation', headers: ['ETag', 'Preference-Applied'] },
      304: { description: 'Not changed since the ETag', headers: ['ETag', 'Preference-Applied'] },
    },
    problems: [400, 404],
  },
  {
    path: '/api/operations/{key}',
    method: 'delete',
    id: 'stopOperation',
    tag: 'Operations',
    summary: 'Stop watching',
    parameters: ['key', 'generation'],
    answers: { 200: { description: 'Ended as cancelled now, or ended before', schema: 'Operation' } },
    problems: [400, 404, 409],
  },
  {
    path: '/api/operations/{key}/poll',
    method: 'post',
    id: 'pollOperation',
    tag: 'Operations',
    summary: 'Read Graph now',
    parameters: ['key'],
    answers: { 200: { description: 'The operation after the read', schema: 'Operation' } },
    problems: [400, 404, 409, 429, 502],
  },
  {
    path: '/api/operations/{key}/events',
    method: 'get',
    id: 'listEvents',
    tag: 'Operations',
    summary: 'The published events, oldest first, verbatim',
    parameters: ['key'],
    answers: { 200: { description: 'All events of the key', schema: 'EventList' } },
    problems: [400, 404],
  },
  {
    path: '/api/notifications/calls',
    method: 'post',
    id: 'takeCallNotifications',
    tag: 'Notifications',
    summary: 'Take call notifications of the platform',
    body: ['NotificationCollection'],
    answers: { 202: { description: 'Stored' } },
    problems: [400, 401, 404, 413, 415, 503],
    security: 'platform',
  },
  {
    path: '/api/notifications/graph',
    method: 'post',
    id: 'takeChangeNotifications',
    tag: 'Notifications',
    summary: 'Validate a subscription, or take its change notifications',
    parameters: ['validationToken'],
    body: ['NotificationCollection'],
    answers: {
      200: { description: 'The validation token', schema: 'ValidationToken', mediaType: 'text/plain' },
      202: { description: 'Taken' },
    },
    problems: [400, 413, 415],
    security: 'none',
  },
  {
    path: '/api/health/live',
    method: 'get',
    id: 'healthLive',
    tag: 'Health',
    summary: 'Whether the process answers',
    answers: { 200: { description: 'It does', schema: 'HealthStatus' } },
    problems: [],
    security: 'none',
  },
  {
    path: '/api/health/ready',
    method: 'get',
    id: 'healthReady',
    tag: 'Health',
    summary: 'Whether storage answers',
    answers: {
      200: { description: 'It does', schema: 'Readiness' },
      503: { description: 'It does not', schema: 'Readiness', headers: ['Retry-After'] },
    },
    problems: [],
    security: 'none',
  },
  {
    path: '/api/openapi.json',
    method: 'get',
    id: 'readOpenApi',
    tag: 'Health',
    summary: 'This document',
    answers: { 200: { description: 'OpenAPI 3.1' } },
    problems: [],
    security: 'none',
  },
];
