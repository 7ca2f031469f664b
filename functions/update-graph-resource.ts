// PATCH /api/graph/{version}/…; answers the methods that the route does not serve.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';
import { createEndpoint, methodsBut } from '../src/http/endpoint.ts';
import { createUpdateGraphResource } from '../src/http/handlers/proxy.ts';
import { idempotent } from '../src/http/idempotent.ts';
import { createRateLimit } from '../src/http/rate-limit.ts';

const allow = ['GET', 'PATCH'] as const;

export const updateGraphResource = createEndpoint(
  { serves: 'PATCH', allow, right: 'Graph.Patch', ...getApp() },
  idempotent(
    getApp().runOnce,
    createUpdateGraphResource(
      { ...getApp(), ...getApp().flows },
      createRateLimit(() => performance.now()),
    ),
  ),
);

app.http('updateGraphResource', {
  route: 'graph/{version}/{*path}',
  methods: ['PATCH', ...methodsBut(allow)],
  authLevel: getApp().authLevel,
  handler: updateGraphResource,
});
