// The host's own routes: its state, its functions, and running one of them now.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { hostVersion } from './core-api.ts';
import type { PlannedFunction } from './function-plan.ts';
import { answerBare, readBody, tooLarge } from './http-exchange.ts';
import { type Invocation, type Invoker, newInvocationId } from './invoke.ts';
import { queueInvocation } from './queue-message.ts';
import { timerInput } from './timer-input.ts';

export type ServeAdmin = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>;

export type AdminOptions = {
  readonly hostId: string;
  readonly functions: readonly PlannedFunction[];
  readonly invoker: Invoker;
  readonly isStopping: () => boolean;
};

const maxBodyBytes = 1_048_576;
const runBody = z.object({ input: z.string().nullish() });

export function createAdmin({ hostId, functions, invoker, isStopping }: AdminOptions): ServeAdmin {
  return async (request, response, url) => {
    const path = url.pathname.toLowerCase().replace(/\/$/, '');
    if (request.method === 'GET' && path === '/admin/host/status') {
      const state = isStopping() ? 'Stopping' : 'Running';
      return answerJson(response, { id: hostId, state, version: hostVersion, processUptime: uptimeMs() });
    }
    if (request.method === 'GET' && path === '/admin/functions') {
      return answerJson(response, functions.map(describe));
    }
    const name = /^\/admin\/functions\/([a-z][a-z0-9_-]*)$/.exec(path)?.[1];
    const fn = functions.find((candidate) => candidate.name.toLowerCase() === name);
    if (request.method !== 'POST' || fn === undefined) return answerBare(response, 404);
    await run(fn, request, response);
  };

  async function run(fn: PlannedFunction, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, maxBodyBytes);
    if (body === tooLarge) return answerBare(response, 413);
    const parsed = runBody.safeParse(parseJson(body.toString('utf8')));
    const invocation = parsed.success ? manual(fn, parsed.data.input ?? '') : undefined;
    if (invocation === undefined) return answerBare(response, 400);
    // The caller does not wait, and the invoker logs what fails.
    invoker.invoke(fn, invocation).catch(() => undefined);
    answerBare(response, 202);
  }
}

/** @returns undefined for an HTTP function, which is called by its own route. */
function manual(fn: PlannedFunction, text: string): Invocation | undefined {
  switch (fn.trigger.type) {
    case 'httpTrigger':
      return undefined;
    case 'timerTrigger':
      return { invocationId: newInvocationId(), input: timerInput(null, false), triggerMetadata: {} };
    case 'queueTrigger':
      return queueInvocation(fn.trigger.queueName, text, undefined);
  }
}

function describe({ name, metadata, isDisabled }: PlannedFunction): unknown {
  const bindings = Object.entries(metadata.bindings).map(([bindingName, binding]) => ({
    name: bindingName,
    ...binding,
  }));
  return { name, language: 'node', isDisabled, config: { bindings } };
}

function answerJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

function parseJson(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    // Not JSON: the schema refuses undefined.
    return undefined;
  }
}

function uptimeMs(): number {
  return Math.round(process.uptime() * 1000);
}
