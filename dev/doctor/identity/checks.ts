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
import { type Granted, probeGrants } from './probe-grants.ts';
import { missingOf, probeToken } from './probe-token.ts';
import { judgeTokenFault } from './token-faults.ts';

export type Token = {
  readonly source: TokenSource;
  /** Null: it does not say. */
  readonly claims: Claims | null;
  /** Whose: the app’s, or of whoever runs this. */
  readonly isPersons: boolean;
  /** What the app may do in Graph: its token says so, or the directory to whoever signed in. */
  readonly granted: () => Promise<Granted>;
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
    run.add(`roles.${area}`, { values, token }, async ({ values: { draft }, token: { granted } }) => {
      const found = await granted();
      if (found.type === 'unknown') return { verdicts: [skip(found.why)] };
      const isWanted = wantedAreas(options.kinds, found.roles, draft.calls !== null).has(area);
      return { verdicts: [judgeArea({ area, granted: found.roles, isWanted })] };
    });
  }
  run.add('roles.excess', { token }, async ({ token: { granted } }) => {
    const found = await granted();
    return { verdicts: found.type === 'unknown' ? [skip(found.why)] : judgeExcess(found.roles) };
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
          `The app’s identity (${credential.type}) is not to be had here; --sign-in asks the directory for its roles.`,
        ),
      ],
    };
  const issued = await probeToken(credential, draft.graph);
  if (issued.type === 'failed') return { verdicts: [judgeTokenFault(issued.error, credential.type)] };
  const claims = readClaims(issued.token);
  // Somebody may have signed in to the CLI as another app: its roles are not this one's.
  const isPersons = isOwnSignIn || claims?.scp !== undefined;
  const verdict = pass(whoseToken(credential, isPersons));
  const asked = { root: draft.graph.root, token: issued.token, clientId: clientIdOf(draft.credential) };
  let asking: Promise<Granted> | undefined;
  const granted = (): Promise<Granted> => {
    asking ??= isPersons ? grantsOf(asked) : Promise.resolve(grantedIn(claims));
    return asking;
  };
  return outcomeOf<Token>(verdict, { source: issued.source, claims, isPersons, granted });
}

function whoseToken({ type }: CredentialConfig, isPersons: boolean): string {
  if (type === 'static') return 'a static one, for a Graph on loopback';
  return `${isPersons ? 'a person’s' : 'the app’s'}, by ${type}`;
}

function grantedIn(claims: Claims | null): Granted {
  return claims === null ? { type: 'unknown', why: opaque } : { type: 'known', roles: claims.roles };
}

type Asked = { readonly root: string; readonly token: string; readonly clientId: string | null };

async function grantsOf({ clientId, ...asked }: Asked): Promise<Granted> {
  return clientId === null ? { type: 'unknown', why: persons } : probeGrants({ ...asked, clientId });
}

function clientIdOf(credential: CredentialConfig): string | null {
  return 'clientId' in credential ? credential.clientId : null;
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
