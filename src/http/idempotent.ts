// The Idempotency-Key header around a handler: optional for callers, kept apart by caller.
import { createHash, randomUUID } from 'node:crypto';
import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import type { Idempotent, RunOnce, StoredAnswer } from '../flows/idempotency.ts';
import { readBytes } from './body.ts';
import type { Call, Handle } from './endpoint.ts';
import { HttpProblem, problemOf, problemResponse, securityHeaders } from './problem.ts';

const keyPattern = /^[A-Za-z0-9._:-]{1,128}$/;
const maxHashedBytes = 256 * 1024;

/** Makes a handler answer the same request with the same key once. */
export function idempotent(runOnce: RunOnce, handle: Handle): Handle {
  return async function once(call) {
    const header = call.request.headers.get('idempotency-key');
    if (header === null) return handle(call);
    const key = header.replace(/^"(.*)"$/, '$1');
    if (!keyPattern.test(key))
      throw new HttpProblem('value_invalid', 'The Idempotency-Key is not of its form.');
    const request = {
      id: digest(call.caller?.id ?? '', key),
      requestHash: await hashOf(call.request),
      runId: randomUUID(),
    };
    const outcome = await runOnce(request, async () => toStored(await answerOf(handle, call)));
    return responseOf(outcome);
  };
}

/** Refusals are answers too, so that a replay refuses alike. */
async function answerOf(handle: Handle, call: Call): Promise<HttpResponseInit> {
  try {
    return await handle(call);
  } catch (error) {
    const problem = problemOf(error);
    if (problem.code === 'internal_error') throw error;
    return problemResponse(problem, call.correlationId);
  }
}

function responseOf(outcome: Idempotent): HttpResponseInit {
  switch (outcome.outcome) {
    case 'answered': {
      const { status, headers, body } = outcome.answer;
      const replayed = outcome.isReplay ? { 'idempotency-replayed': 'true' } : {};
      return { status, headers: { ...headers, ...replayed }, ...(body === '' ? {} : { body }) };
    }
    case 'inProgress':
      throw new HttpProblem('idempotency_conflict');
    case 'mismatch':
      throw new HttpProblem('idempotency_mismatch');
    case 'unknown':
      throw new HttpProblem('graph_timeout', 'Nobody knows what became of the first request with this key.', {
        members: { outcome: 'unknown' },
      });
    case 'storageBusy':
      throw new HttpProblem('storage_busy');
  }
}

function toStored({ status, headers, body }: HttpResponseInit): StoredAnswer {
  const plain = { ...securityHeaders, ...(headers as Readonly<Record<string, string>> | undefined) };
  return { status: status ?? 200, headers: plain, body: typeof body === 'string' ? body : '' };
}

async function hashOf(request: HttpRequest): Promise<string> {
  const { pathname } = new URL(request.url);
  const bytes = await readBytes(request, maxHashedBytes);
  return createHash('sha256').update(`${request.method} ${pathname}\n`).update(bytes).digest('base64url');
}

function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('base64url');
}
