// GET /api/graph/{version}/….
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';
import { createEndpoint } from '../src/http/endpoint.ts';
import { createReadGraphResource } from '../src/http/handlers/proxy.ts';

const allow = ['GET', 'PATCH'] as const;

export const readGraphResource = createEndpoint(
  { serves: 'GET', allow, right: 'Graph.Read', ...getApp() },
  createReadGraphResource({ ...getApp(), ...getApp().flows }),
);

app.http('readGraphResource', {
  route: 'graph/{version}/{*path}',
  methods: ['GET'],
  authLevel: getApp().authLevel,
  handler: readGraphResource,
});
