// DELETE /api/operations/{key}; answers the methods that the route does not serve.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';
import { createEndpoint, methodsBut } from '../src/http/endpoint.ts';
import { createStopOperation } from '../src/http/handlers/operation.ts';

const allow = ['GET', 'DELETE'] as const;

export const stopOperation = createEndpoint(
  { serves: 'DELETE', allow, right: 'Operations.Write', ...getApp() },
  createStopOperation(getApp()),
);

app.http('stopOperation', {
  route: 'operations/{key}',
  methods: ['DELETE', ...methodsBut(allow)],
  authLevel: getApp().authLevel,
  handler: stopOperation,
});
