// From a tracking body to what the flow takes: every refusal has its own code.
import type { z } from 'zod';
import { type GraphHome, parseResource } from '../domain/resources.ts';
import type { TrackRequest } from '../domain/tracking.ts';
import { HttpProblem } from './problem.ts';
import { trackOne } from './schemas.ts';

/** Members whose bad values are a value's fault, not the body's shape. */
const valueMembers = new Set(['version', 'label', 'metadata', 'deadlineSeconds', 'restartAfter']);

/** @throws HttpProblem body_invalid, value_invalid, tenant_not_allowed, resource_invalid. */
export function readTrackRequest(body: unknown, home: GraphHome): TrackRequest {
  const parsed = trackOne.safeParse(body);
  if (!parsed.success) throw problemOfIssues(parsed.error);
  const { resource, version, tenantId, label, metadata, deadlineSeconds, restartAfter } = parsed.data;
  if (tenantId !== undefined && tenantId.toLowerCase() !== home.tenantId.toLowerCase()) {
    throw new HttpProblem('tenant_not_allowed');
  }
  const named = parseResource(resource, home, version ?? null);
  if (named === null) throw new HttpProblem('resource_invalid');
  return {
    named,
    label: label ?? null,
    metadata: metadata ?? {},
    deadlineMs: deadlineSeconds === undefined ? null : deadlineSeconds * 1000,
    restartAfter: restartAfter ?? null,
    trackedBy: 'api',
  };
}

/** Names the member, never its value. */
function problemOfIssues(error: z.ZodError): HttpProblem {
  const [issue] = error.issues;
  const member = String(issue?.path[0] ?? '');
  if (valueMembers.has(member))
    return new HttpProblem('value_invalid', `The value of "${member}" is not allowed.`);
  if (issue?.code === 'unrecognized_keys')
    return new HttpProblem('body_invalid', 'The body has an unknown member.');
  return new HttpProblem(
    'body_invalid',
    member === '' ? undefined : `The member "${member}" is missing or of the wrong type.`,
  );
}
