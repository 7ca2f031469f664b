// GET /api/health/live: no key, no I/O.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';
import { createEndpoint, methodsBut } from '../src/http/endpoint.ts';
import { healthLive as live } from '../src/http/handlers/health.ts';

const allow = ['GET'] as const;

export const healthLive = createEndpoint({ serves: 'GET', allow, right: null, ...getApp() }, live);

app.http('healthLive', {
  route: 'health/live',
  methods: ['GET', ...methodsBut(allow)],
  authLevel: 'anonymous',
  handler: healthLive,
});
