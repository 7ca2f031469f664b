// POST /api/notifications/calls: the sender's token takes the place of a key.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';
import { createEndpoint, methodsBut } from '../src/http/endpoint.ts';
import { createTakeCallNotifications } from '../src/http/handlers/call-notifications.ts';

const allow = ['POST'] as const;

export const takeCallNotifications = createEndpoint(
  { serves: 'POST', allow, right: null, ...getApp() },
  createTakeCallNotifications({ ...getApp(), ...getApp().notifications }),
);

app.http('takeCallNotifications', {
  route: 'notifications/calls',
  methods: ['POST', ...methodsBut(allow)],
  authLevel: 'anonymous',
  handler: takeCallNotifications,
});
