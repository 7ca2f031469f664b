// What is wrong with each setting by itself, and what it should be. Names only: a value may be a secret.
import {
  kindPrefixes,
  kindSettings,
  type Setting,
  settingNames,
  settings,
  storageSettings,
} from '../../../src/config/settings.ts';
import type { Kind } from '../../../src/domain/operation.ts';
import { valuesOf } from '../../docs/configuration.ts';
import { fail, pass, type Verdict, warn } from '../verdict.ts';
import type { Reading } from './reading.ts';
import { namesSet } from './source.ts';

export function judgeValues({
  env,
  problems,
  references,
}: Pick<Reading, 'env' | 'problems' | 'references'>): readonly Verdict[] {
  const wrong = [...problems].map(([name, problem]) =>
    fail({ subject: name, detail: `${name} ${problem}.`, fix: fixOf(name, problem) }),
  );
  const misspelt = Object.keys(env)
    .filter((name) => /^opwatch_/i.test(name) && !name.startsWith('OPWATCH_'))
    .map((name) =>
      warn({
        subject: name,
        detail: `${name} is not read: case counts.`,
        fix: `Write it ${name.toUpperCase()}, or remove it.`,
      }),
    );
  const unknown = references.map((name) =>
    warn({
      subject: name,
      detail: `${name} is a reference that only the platform resolves, so nothing that needs it is looked at.`,
      fix: 'Put its value in place of the reference in a copy of the list, and check that.',
    }),
  );
  const verdicts = [...wrong, ...misspelt, ...unknown];
  const count = namesSet(env).length;
  return verdicts.length > 0 ? verdicts : [pass(`${count} set, the others have their defaults`)];
}

function fixOf(name: string, problem: string): string {
  if (problem.startsWith('is not a setting')) {
    const meant = nearest(name);
    return meant === null
      ? 'Remove it; docs/configuration.md has all that there are.'
      : `Remove it, or write ${meant}.`;
  }
  if (problem.startsWith('is missing')) return `Set ${name}; docs/configuration.md says what it takes.`;
  if (problem.startsWith('is only allowed')) return `Remove ${name}, or set what it depends on.`;
  if (problem.startsWith('must differ')) return 'Give the two different names.';
  if (problem.startsWith('is no connection string'))
    return 'Take it anew (az storage account show-connection-string), or name the account by __accountName with an identity.';
  const setting = settingOf(name);
  return setting === null ? `Correct ${name}.` : `Set ${name} to what it takes: ${valuesOf(setting)}.`;
}

function settingOf(name: string): Setting | null {
  if (Object.hasOwn(settings, name)) return settings[name as keyof typeof settings];
  const suffix = /__\w+$/.exec(name)?.[0] ?? '';
  if (Object.hasOwn(storageSettings, suffix)) return storageSettings[suffix as keyof typeof storageSettings];
  for (const [kind, prefix] of Object.entries(kindPrefixes)) {
    const make = name.startsWith(prefix)
      ? kindSettings[name.slice(prefix.length) as keyof typeof kindSettings]
      : undefined;
    if (make !== undefined) return make(kind as Kind);
  }
  return null;
}

/** Typing errors are one or two letters, whatever the name's length. */
const farthest = 2;

/** The setting that was probably meant; null when none is near. */
export function nearest(name: string): string | null {
  const distances = settingNames.map((known) => ({ known, distance: distanceOf(name, known) }));
  const [best] = distances.toSorted((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= farthest ? best.known : null;
}

/** Letters to put in, take out, change or swap with their neighbour. */
function distanceOf(one: string, other: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1] ? 0 : 1;
      const isSwapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      const swapped = isSwapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same, swapped));
    }
    beforeLast = last;
    last = row;
  }
  return last[other.length] ?? 0;
}
