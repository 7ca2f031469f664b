// POST /api/operations; answers the methods that the route does not serve.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';
import { createEndpoint, methodsBut } from '../src/http/endpoint.ts';
import { createTrackOperations } from '../src/http/handlers/operations.ts';
import { idempotent } from '../src/http/idempotent.ts';

const allow = ['GET', 'POST'] as const;

export const trackOperations = createEndpoint(
  { serves: 'POST', allow, right: 'Operations.Write', ...getApp() },
  idempotent(getApp().runOnce, createTrackOperations(getApp())),
);

app.http('trackOperations', {
  route: 'operations',
  methods: ['POST', ...methodsBut(allow)],
  authLevel: getApp().authLevel,
  handler: trackOperations,
});
