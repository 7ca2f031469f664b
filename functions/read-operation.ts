// GET /api/operations/{key}.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';
import { createEndpoint } from '../src/http/endpoint.ts';
import { createReadOperation } from '../src/http/handlers/operation.ts';

const allow = ['GET', 'DELETE'] as const;

export const readOperation = createEndpoint(
  { serves: 'GET', allow, right: 'Operations.Read', ...getApp() },
  createReadOperation(getApp()),
);

app.http('readOperation', {
  route: 'operations/{key}',
  methods: ['GET'],
  authLevel: getApp().authLevel,
  handler: readOperation,
});
