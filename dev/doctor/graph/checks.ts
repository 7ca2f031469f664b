// The checks of Graph: its address, then each kind with the app's token.
import { kindNames, kinds } from '../../../src/domain/kinds.ts';
import type { Kind } from '../../../src/domain/operation.ts';
import { type Token, wantedAreas } from '../identity/checks.ts';
import { areaOfResource, graphRoles } from '../identity/graph-roles.ts';
import { type Node, outcomeOf, type Run } from '../run.ts';
import type { Reading } from '../settings/reading.ts';
import { skip } from '../verdict.ts';
import { judgeRead, judgeRoot } from './judge.ts';
import { probeKind, probeRoot } from './probe.ts';

export type GraphNodes = { readonly values: Node<Reading>; readonly token: Node<Token> };

/** @param watched kinds that somebody said are watched. */
export function addGraphChecks(run: Run, { values, token }: GraphNodes, watched: readonly Kind[]): void {
  const root = run.add('graph.root', { values }, async ({ values: { draft, whyNot } }) => {
    const reason = whyNot('graph');
    if (reason !== null) return { verdicts: [skip(reason)] };
    return outcomeOf(judgeRoot(await probeRoot(draft.graph.root), draft.graph.root), draft.graph.root);
  });
  for (const kind of kindNames) {
    run.add(`graph.${kind}`, { values, root, token }, async (found) => {
      const reason = whyNotRead(kind, { ...found, watched });
      if (reason !== null) return { verdicts: [skip(reason)] };
      const answer = await probeKind(found.root, found.token.source, kind);
      return { verdicts: [judgeRead(answer, kind, found.token.claims?.roles ?? null)] };
    });
  }
}

type Found = { readonly values: Reading; readonly token: Token; readonly watched: readonly Kind[] };

function whyNotRead(
  kind: Kind,
  { values: { draft }, token: { claims, isPersons }, watched }: Found,
): string | null {
  const { cloud } = draft.graph;
  if (!kinds[kind].clouds.includes(cloud)) return `The cloud ${cloud} has no such operations.`;
  if (isPersons) return 'The token is a person’s, so what Graph answers says nothing of the app.';
  if (claims === null) return null;
  const area = areaOfResource[kind];
  const hasRole = graphRoles.some((role) => role.area === area && claims.roles.includes(role.name));
  const isWanted = wantedAreas(watched, claims.roles, draft.calls !== null).has(area);
  return hasRole || isWanted ? null : `No role for this is granted (roles.${area}).`;
}
