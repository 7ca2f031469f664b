// Which roles the app has in Graph, as the directory lists them: for whoever can't have the app's own token, which says
// the same. Asked with a person's sign-in, once.
// @see Microsoft Graph documentation, "List appRoleAssignments granted to a service principal"
import { z } from 'zod';
import { errorCode, parseJson } from '../../../src/graph/answers.ts';
import { type Exchange, exchange, faultWords } from '../network.ts';
import { graphRoles } from './graph-roles.ts';

export type Granted =
  | { readonly type: 'known'; readonly roles: readonly string[] }
  | { readonly type: 'unknown'; readonly why: string };

export type GrantQuestion = {
  readonly root: string;
  /** Of the person who asks. */
  readonly token: string;
  /** Of the app. */
  readonly clientId: string;
};

const limitMs = 8000;

export async function probeGrants({ root, token, clientId }: GrantQuestion): Promise<Granted> {
  const path = `/v1.0/servicePrincipals(appId='${encodeURIComponent(clientId)}')/appRoleAssignments`;
  const headers = { accept: 'application/json', authorization: `Bearer ${token}` };
  return grantedBy(await exchange(new URL(path, root), { headers, limitMs }), clientId);
}

const assignments = z.object({
  value: z.array(z.looseObject({ appRoleId: z.string().toLowerCase(), resourceDisplayName: z.string() })),
});
/** Name of Graph in every tenant; roles at other services are not looked at. */
const graphName = 'Microsoft Graph';

export function grantedBy(answer: Exchange, clientId: string): Granted {
  if (!answer.arrived)
    return { type: 'unknown', why: `The directory did not answer: ${faultWords(answer.code)}.` };
  const body = parseJson(answer.text);
  const found = answer.status === 200 ? assignments.safeParse(body).data : undefined;
  if (found !== undefined) {
    const names = new Map(graphRoles.map(({ id, name }) => [id, name]));
    const ofGraph = found.value.filter(({ resourceDisplayName }) => resourceDisplayName === graphName);
    return { type: 'known', roles: ofGraph.map(({ appRoleId: id }) => names.get(id) ?? id) };
  }
  if (answer.status === 404)
    return { type: 'unknown', why: `The tenant of your sign-in has no app ${clientId} (AZURE_CLIENT_ID).` };
  const told = [answer.status, errorCode(body)].filter((part) => part !== null).join(', ');
  return { type: 'unknown', why: `Your own sign-in may not list the app’s roles (${told}).` };
}
