// GET /api/openapi.json: no key.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';
import { createEndpoint, methodsBut } from '../src/http/endpoint.ts';
import { createReadOpenApi } from '../src/http/handlers/health.ts';

const allow = ['GET'] as const;

export const readOpenApi = createEndpoint(
  { serves: 'GET', allow, right: null, ...getApp() },
  createReadOpenApi(),
);

app.http('readOpenApi', {
  route: 'openapi.json',
  methods: ['GET', ...methodsBut(allow)],
  authLevel: 'anonymous',
  handler: readOpenApi,
});
