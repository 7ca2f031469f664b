// POST /api/operations/{key}/poll.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';
import { createEndpoint, methodsBut } from '../src/http/endpoint.ts';
import { createPollOperation } from '../src/http/handlers/operation.ts';
import { createRateLimit } from '../src/http/rate-limit.ts';

const allow = ['POST'] as const;

export const pollOperation = createEndpoint(
  { serves: 'POST', allow, right: 'Operations.Write', ...getApp() },
  createPollOperation({ ...getApp(), limit: createRateLimit(() => performance.now()) }),
);

app.http('pollOperation', {
  route: 'operations/{key}/poll',
  methods: ['POST', ...methodsBut(allow)],
  authLevel: getApp().authLevel,
  handler: pollOperation,
});
