// GET /api/operations.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';
import { createEndpoint } from '../src/http/endpoint.ts';
import { createListOperations } from '../src/http/handlers/operations.ts';

const allow = ['GET', 'POST'] as const;

export const listOperations = createEndpoint(
  { serves: 'GET', allow, right: 'Operations.Read', ...getApp() },
  createListOperations(getApp()),
);

app.http('listOperations', {
  route: 'operations',
  methods: ['GET'],
  authLevel: getApp().authLevel,
  handler: listOperations,
});
