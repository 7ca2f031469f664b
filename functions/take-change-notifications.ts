// POST /api/notifications/graph: each item brings the secret of its subscription in place of a key.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';
import { createEndpoint, methodsBut } from '../src/http/endpoint.ts';
import { createTakeChangeNotifications } from '../src/http/handlers/change-notifications.ts';

const allow = ['POST'] as const;

export const takeChangeNotifications = createEndpoint(
  { serves: 'POST', allow, right: null, ...getApp() },
  createTakeChangeNotifications({ ...getApp(), ...getApp().flows, ...getApp().notifications }),
);

app.http('takeChangeNotifications', {
  route: 'notifications/graph',
  methods: ['POST', ...methodsBut(allow)],
  authLevel: 'anonymous',
  handler: takeChangeNotifications,
});
