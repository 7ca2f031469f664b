// Who calls and what it may do. With function keys the host has checked the caller already; with Entra tokens the app
// does, and rights are app roles. What a platform header claims about the caller is never believed.
import { createHash } from 'node:crypto';
import type { HttpRequest } from '@azure/functions';
import { HttpProblem } from './problem.ts';
import type { VerifyToken } from './token-verifier.ts';

export type Right =
  | 'Operations.Read'
  | 'Operations.Write'
  | 'Graph.Read'
  | 'Graph.Patch'
  | 'Graph.Patch.Configuration';

export type Caller = {
  /** For audit lines: a client id, or a digest of the key; never a credential. */
  readonly id: string;
  readonly may: (right: Right) => boolean;
};

/** @throws HttpProblem with the code of the first check that fails. */
export type Authorise = (request: HttpRequest, right: Right) => Promise<Caller>;

/** Key callers may do everything, but for `configuration`, which a setting allows. */
export function createKeyAuthorise(mayPatchConfiguration: boolean): Authorise {
  return async (request) => ({
    id: keyDigest(request),
    may: (right) => right !== 'Graph.Patch.Configuration' || mayPatchConfiguration,
  });
}

/** @param clients client ids that may call; null: all of the tenant. */
export function createEntraAuthorise(verify: VerifyToken, clients: readonly string[] | null): Authorise {
  return async (request, right) => {
    const claims = await verify(request.headers.get('authorization'));
    const client = claims['azp'] ?? claims['appid'];
    const id = typeof client === 'string' ? client : '';
    if (clients !== null && !clients.includes(id)) throw new HttpProblem('auth_client');
    const roles = Array.isArray(claims['roles']) ? claims['roles'] : [];
    if (!roles.includes(right)) throw new HttpProblem('auth_role');
    return { id, may: (other) => roles.includes(other) };
  };
}

/** Whether an answer that anybody may have can say more to this caller. */
export type MaySeeDetails = (request: HttpRequest) => Promise<boolean>;

/**
 * @param authorise of tokens; null with function keys: where a route needs none, the host checks none, so that a key
 *   which a caller sends there proves nothing.
 */
export function createMaySeeDetails(authorise: Authorise | null): MaySeeDetails {
  return async function maySeeDetails(request) {
    if (authorise === null) return false;
    try {
      await authorise(request, 'Operations.Read');
      return true;
    } catch (error) {
      if (error instanceof HttpProblem) return false; // a stranger has the short answer
      throw error;
    }
  };
}

function keyDigest(request: HttpRequest): string {
  const key = request.headers.get('x-functions-key') ?? request.query.get('code') ?? '';
  return `key:${createHash('sha256').update(key).digest('base64url').slice(0, 12)}`;
}
