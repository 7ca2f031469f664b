// The checks of the app's token and of what it may do in Graph.
import type { CredentialConfig } from '../../../src/config/types.ts';
import type { Kind } from '../../../src/domain/operation.ts';
import type { TokenSource } from '../../../src/graph/transport.ts';
import { type Node, outcomeOf, type Run } from '../run.ts';
import type { Reading } from '../settings/reading.ts';
import { fail, pass, skip } from '../verdict.ts';
import { type Claims, readClaims } from './claims.ts';
import { type Area, areaOfResource, graphRoles } from './graph-roles.ts';
import { judgeAudience, judgeExpiry, judgeTenant } from './judge-claims.ts';
import { judgeArea, judgeExcess } from './judge-roles.ts';
import { missingOf, probeToken } from './probe-token.ts';
import { judgeTokenFault } from './token-faults.ts';

export type Token = {
  readonly source: TokenSource;
  /** Null: it does not say. */
  readonly claims: Claims | null;
  /** Whose: an app’s, or the person’s who runs this. */
  readonly isPersons: boolean;
};

export type IdentityOptions = {
  /** Kinds that somebody said are watched. */
  readonly kinds: readonly Kind[];
  readonly isOwnSignIn: boolean;
};

export function addIdentityChecks(run: Run, values: Node<Reading>, options: IdentityOptions): Node<Token> {
  const token = run.add('token.issued', { values }, ({ values: reading }) =>
    issue(reading, options.isOwnSignIn),
  );
  run.add('token.tenant', { values, token }, ({ values: { draft }, token: { claims } }) => ({
    verdicts: [claims === null ? skip(opaque) : judgeTenant(claims, draft.graph.tenantId)],
  }));
  run.add('token.audience', { values, token }, ({ values: { draft }, token: { claims } }) => ({
    verdicts: [claims === null ? skip(opaque) : judgeAudience(claims, draft.graph.scope)],
  }));
  run.add('token.expiry', { token }, ({ token: { claims } }) => ({
    verdicts: [claims === null ? skip(opaque) : judgeExpiry(claims, Date.now())],
  }));
  for (const area of ['connections', 'calls', 'onenote'] as const) {
    run.add(`roles.${area}`, { values, token }, ({ values: { draft }, token: { claims, isPersons } }) => {
      const granted = isPersons ? null : (claims?.roles ?? null);
      if (granted === null) return { verdicts: [skip(isPersons ? persons : opaque)] };
      const isWanted = wantedAreas(options.kinds, granted, draft.calls !== null).has(area);
      return { verdicts: [judgeArea({ area, granted, isWanted })] };
    });
  }
  run.add('roles.excess', { token }, ({ token: { claims, isPersons } }) => {
    if (isPersons || claims === null) return { verdicts: [skip(isPersons ? persons : opaque)] };
    return { verdicts: judgeExcess(claims.roles) };
  });
  return token;
}

const opaque = 'The token does not say: it is no JWT.';
const persons = 'The token is a person’s, so it says nothing of the app’s roles.';

async function issue({ place, draft, whyNot }: Reading, isOwnSignIn: boolean) {
  const reason = whyNot('graph', ...(isOwnSignIn ? [] : (['credential'] as const)));
  if (reason !== null || draft.credential === null)
    return { verdicts: [skip(reason ?? 'OPWATCH_CREDENTIAL has to be right first.')] };
  const credential = isOwnSignIn ? ({ type: 'azureCli' } as const) : draft.credential;
  const missing = missingOf(credential);
  if (missing !== null)
    return {
      verdicts: [
        fail({
          detail: `No token for Graph: OPWATCH_CREDENTIAL is ${credential.type}, and ${missing} is missing.`,
          fix: `Set ${missing}; or choose another OPWATCH_CREDENTIAL (docs/configuration.md).`,
        }),
      ],
    };
  if (place === 'elsewhere' && needsPlatform(credential))
    return {
      verdicts: [
        skip(
          `The app’s identity (${credential.type}) is not to be had here; docs/doctor.md shows how to see its roles.`,
        ),
      ],
    };
  const issued = await probeToken(credential, draft.graph);
  if (issued.type === 'failed') return { verdicts: [judgeTokenFault(issued.error, credential.type)] };
  const claims = readClaims(issued.token);
  const isPersons = claims?.scp !== undefined;
  const whose = isPersons ? 'a person’s' : 'the app’s';
  const verdict = pass(
    credential.type === 'static'
      ? 'a static one, for a Graph on loopback'
      : `${whose}, by ${credential.type}`,
  );
  return outcomeOf<Token>(verdict, { source: issued.source, claims, isPersons });
}

/** Others are made of settings alone; a certificate and a platform's token are files there. */
function needsPlatform(credential: CredentialConfig): boolean {
  if (credential.type === 'environment') return credential.secret === null;
  return credential.type === 'managedIdentity' || credential.type === 'workloadIdentity';
}

/** An app without any role of ours is most likely one that nobody has granted the first one yet. */
export function wantedAreas(
  kinds: readonly Kind[],
  granted: readonly string[],
  hasCalls: boolean,
): ReadonlySet<Area> {
  const areas = new Set(kinds.map((kind) => areaOfResource[kind]));
  if (hasCalls) areas.add('calls');
  const hasAny = graphRoles.some(({ name }) => granted.includes(name));
  return !hasAny && areas.size === 0 ? new Set<Area>(['connections']) : areas;
}
