// Paths by segments: splitting a spelling, and matching it against a template of literals and ids. Whatever passes is
// made of segments that their grammar allows, so that joined again it can name nothing else.
import type { IdGrammar } from './ids.ts';

/** A path template: literal segments (lower case) and ids. */
export type PathTemplate = readonly (string | { readonly id: IdGrammar })[];

export type TemplateMatch = {
  /** What Graph is called with. */
  readonly canonical: readonly string[];
  /** What decides identity: equal for all spellings of one resource. */
  readonly identity: readonly string[];
  readonly ids: readonly string[];
};

/** Splits `/a/{id}/b('c')` into decoded segments; null for empty or dot segments and bad encodings. */
export function splitSegments(path: string): readonly string[] | null {
  const segments: string[] = [];
  for (const raw of path.replace(/^\//, '').split('/')) {
    const keyed = /^([A-Za-z]+)\('([^'/()]+)'\)$/.exec(raw);
    for (const part of keyed ? [keyed[1] ?? '', keyed[2] ?? ''] : [raw]) {
      const decoded = decodeSegment(part);
      if (decoded === null) return null;
      segments.push(decoded);
    }
  }
  return segments;
}

function decodeSegment(part: string): string | null {
  try {
    const decoded = decodeURIComponent(part);
    return decoded === '' || decoded === '.' || decoded === '..' ? null : decoded;
  } catch {
    return null; // a malformed percent-encoding names nothing
  }
}

/** Matches segments against a template; the literals before the first id are replaced by the canonical root. */
export function matchTemplate(
  template: PathTemplate,
  canonicalRoot: readonly string[],
  segments: readonly string[],
): TemplateMatch | null {
  if (segments.length !== template.length) return null;
  const firstId = template.findIndex((part) => typeof part !== 'string');
  const canonical: string[] = [...canonicalRoot];
  const identity: string[] = [...canonicalRoot];
  const ids: string[] = [];
  for (const [index, part] of template.entries()) {
    const segment = segments[index] ?? '';
    if (typeof part === 'string') {
      if (segment.toLowerCase() !== part) return null;
      if (index < firstId) continue;
      canonical.push(part);
      identity.push(part);
      continue;
    }
    const spelled = spell(part.id, segment);
    if (spelled === null) return null;
    canonical.push(spelled.canonical);
    identity.push(spelled.identity);
    ids.push(spelled.canonical);
  }
  return { canonical, identity, ids };
}

function spell(grammar: IdGrammar, id: string): { canonical: string; identity: string } | null {
  return grammar.pattern.test(id)
    ? { canonical: grammar.canonical(id), identity: grammar.identity(id) }
    : null;
}
