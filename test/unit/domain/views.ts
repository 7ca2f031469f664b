// Operations as callers see them at one instant, in each kind of health and under pauses.
import type { Health, Operation } from '../../../src/domain/operation.ts';
import { emptyMemory } from '../../../src/domain/shard-memory.ts';
import type { Pause } from '../../../src/domain/stored.ts';
import { identityRefusedCode } from '../../../src/domain/throttle.ts';
import { type OperationView, operationView } from '../../../src/domain/view.ts';
import { minute, startMs } from '../../fixtures/builders.ts';

export const iso = (atMs: number): string => new Date(atMs).toISOString();
export const nowMs = startMs + 10 * minute;
export const throttled: Pause = {
  untilMs: nowMs + 2 * minute,
  attempts: 2,
  code: 'http_429',
  sinceAtMs: nowMs - minute,
};
export const refused: Pause = { ...throttled, code: identityRefusedCode };

export function viewOf(operation: Operation, pause: Pause | null = null, atMs = nowMs): OperationView {
  const pauses = pause === null ? {} : { [operation.resource.tenantId]: pause };
  return operationView(operation, { nowMs: atMs, memory: { ...emptyMemory, pauses } });
}

export const sinceAtMs = startMs + 9 * minute;
export const missing = (count: number): Health => {
  const evidence = {
    httpStatus: 404,
    count,
    firstAtMs: sinceAtMs,
    lastAtMs: nowMs,
    deletedAtMs: null,
  } as const;
  return { status: 'missing', code: 'itemNotFound', sinceAtMs, evidence };
};
export const ok: Health = { status: 'ok', sinceAtMs };
export const blocked: Health = { status: 'blocked', code: 'Forbidden', sinceAtMs };
export const unreadable: Health = { status: 'unreadable', code: 'http_503', sinceAtMs };
export const healths: readonly Health[] = [ok, blocked, unreadable, missing(1), missing(2)];
