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

/** Splits a path into decoded segments; null for empty or dot segments and bad encodings. A key in parentheses stays with its literal. */
export function splitSegments(path: string): readonly string[] | null {
  const segments: string[] = [];
  for (const raw of path.replace(/^\//, '').split('/')) {
    const decoded = decodeSegment(raw);
    if (decoded === null) return null;
    segments.push(decoded);
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

/** A literal with a key in parentheses, where a quote is doubled. @see OData 4.01, Part 2: URL Conventions, section 2 */
const keyedLiteral = /^([A-Za-z]+)\('((?:[^']|'')+)'\)$/;

/** `operations('1')` is `operations/1` where the template has an id after its literal, and nowhere else. */
function spreadKeys(template: PathTemplate, segments: readonly string[]): readonly string[] {
  const spread: string[] = [];
  for (const segment of segments) {
    const takesKey =
      typeof template[spread.length] === 'string' && typeof template[spread.length + 1] === 'object';
    const [, literal, key] = (takesKey && keyedLiteral.exec(segment)) || [];
    if (literal === undefined || key === undefined) spread.push(segment);
    else spread.push(literal, key.replaceAll("''", "'"));
  }
  return spread;
}

/** Matches segments against a template; the literals before the first id are replaced by the canonical root. */
export function matchTemplate(
  template: PathTemplate,
  canonicalRoot: readonly string[],
  segments: readonly string[],
): TemplateMatch | null {
  const spread = spreadKeys(template, segments);
  if (spread.length !== template.length) return null;
  const firstId = template.findIndex((part) => typeof part !== 'string');
  const canonical: string[] = [...canonicalRoot];
  const identity: string[] = [...canonicalRoot];
  const ids: string[] = [];
  for (const [index, part] of template.entries()) {
    const segment = spread[index] ?? '';
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
