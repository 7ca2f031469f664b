// GET /api/operations/{key}/events.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';
import { createEndpoint, methodsBut } from '../src/http/endpoint.ts';
import { createListEvents } from '../src/http/handlers/operation.ts';

const allow = ['GET'] as const;

export const listEvents = createEndpoint(
  { serves: 'GET', allow, right: 'Operations.Read', ...getApp() },
  createListEvents(getApp()),
);

app.http('listEvents', {
  route: 'operations/{key}/events',
  methods: ['GET', ...methodsBut(allow)],
  authLevel: getApp().authLevel,
  handler: listEvents,
});
