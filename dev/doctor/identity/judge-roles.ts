// Which of the product's work the token's roles allow, what is missing for which, and what is granted for nothing. Roles
// are a decision: an area that nobody has granted, set up or named is not judged.
import { fail, pass, skip, type Verdict, warn } from '../verdict.ts';
import { type Area, graphRoles, isMet, type Need, needs } from './graph-roles.ts';

export type RoleQuestion = {
  readonly area: Area;
  readonly granted: readonly string[];
  /** Somebody said, by a setting or an option, that operations of this area are watched. */
  readonly isWanted: boolean;
};

const grant =
  'docs/deploy.md, “Graph roles”, shows how; it is in effect when the token is renewed, at once after a restart';

export function judgeArea({ area, granted, isWanted }: RoleQuestion): Verdict {
  const needed = needs.filter((need) => need.area === area);
  const held = graphRoles.filter((role) => role.area === area && granted.includes(role.name));
  if (held.length === 0) {
    const least = needed[0]?.roles[0] ?? '';
    if (!isWanted)
      return skip(`No role for this is granted, from ${least} on: fine, unless such operations are tracked.`);
    return fail({
      detail: `No role for this is granted; missing: ${needed.map(inWords).join('; ')}.`,
      fix: `Grant what you use, ${least} at least; ${grant}.`,
    });
  }
  if (area === 'onenote')
    return warn({
      detail: `${namesOf(held)}: granted, but OneNote has refused tokens of apps since March 2025.`,
      fix: 'Take the role away; operations of OneNote stay blocked, whatever is granted.',
    });
  const unmet = needed.filter((need) => !isMet(need, granted));
  return pass(
    unmet.length === 0 ? namesOf(held) : `${namesOf(held)}; not for: ${unmet.map(inWords).join('; ')}`,
  );
}

export function judgeExcess(granted: readonly string[]): readonly Verdict[] {
  const known = new Map(graphRoles.map((role) => [role.name, role]));
  const useless = granted
    .filter((name) => !known.has(name))
    .map((name) =>
      warn({
        subject: name,
        detail: `${name} is granted, and nothing here uses it: a right over the whole tenant for whoever takes over the app.`,
        fix: 'Take it away: Enterprise applications, the identity, Permissions.',
      }),
    );
  const wide = granted.flatMap((name) => {
    const tooMuch = known.get(name)?.tooMuch ?? null;
    if (tooMuch === null) return [];
    return [
      warn({
        subject: name,
        detail: `${name} is wide: ${tooMuch}.`,
        fix: 'Take it away unless that is what you need it for (docs/permissions.md).',
      }),
    ];
  });
  const found = [...useless, ...wide];
  return found.length > 0 ? found : [pass(granted.length === 0 ? 'none is granted' : 'none')];
}

function inWords({ to, roles }: Need): string {
  return `${to.replaceAll('`', '')} (${roles.join(' or ')})`;
}

function namesOf(roles: readonly { readonly name: string }[]): string {
  return roles.map(({ name }) => name).join(', ');
}
