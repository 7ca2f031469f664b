// GET /api/health/ready: no key; a token may be shown.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';
import { createEndpoint, methodsBut } from '../src/http/endpoint.ts';
import { createHealthReady } from '../src/http/handlers/health.ts';

const allow = ['GET'] as const;

export const healthReady = createEndpoint(
  { serves: 'GET', allow, right: null, ...getApp() },
  createHealthReady(getApp()),
);

app.http('healthReady', {
  route: 'health/ready',
  methods: ['GET', ...methodsBut(allow)],
  authLevel: 'anonymous',
  handler: healthReady,
});
