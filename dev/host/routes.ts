// Which function answers a method and a path. Templates as in ASP.NET: `{name}`, `{name?}`, `{*rest}` and constraints,
// compared without case; the more literal route wins, and a method that nobody registered is 404 here, not 405.
import { RefusedError } from './settings.ts';

export type Route<T> = {
  /** Prefix included, without a leading slash. */
  readonly template: string;
  /** Upper case. */
  readonly methods: readonly string[];
  readonly target: T;
};

export type RouteMatch<T> = { readonly target: T; readonly params: Readonly<Record<string, string>> };
export type Router<T> = (method: string, pathname: string) => RouteMatch<T> | undefined;

type Part = {
  readonly kind: 'literal' | 'parameter' | 'catchAll';
  /** Lower case for a literal, as written for a parameter. */
  readonly text: string;
  readonly isOptional: boolean;
  readonly tests: readonly ((value: string) => boolean)[];
};

/** @throws RefusedError naming a template that this host can't read. */
export function createRouter<T>(routes: readonly Route<T>[]): Router<T> {
  const compiled = routes
    .map((route) => ({ ...route, parts: parseTemplate(route.template) }))
    .toSorted((a, b) => compareText(precedence(a.parts), precedence(b.parts)));
  return (method, pathname) => {
    const segments = pathname.slice(1).split('/');
    for (const { methods, target, parts } of compiled) {
      if (!methods.includes(method)) continue;
      const params = matchParts(parts, segments);
      if (params !== undefined) return { target, params };
    }
    return undefined;
  };
}

/** An escaped slash stays escaped, so that it never divides a segment; what can't be decoded stays as it came. */
function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment.replaceAll(/%2f/gi, (slash) => `%25${slash.slice(1)}`));
  } catch {
    return segment;
  }
}

function matchParts(parts: readonly Part[], given: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  const segments = given.at(-1) === '' ? given.slice(0, -1) : given;
  for (const [index, part] of parts.entries()) {
    if (part.kind === 'catchAll') {
      const rest = given.slice(index).map(decodeSegment).join('/');
      if (rest !== '') params[part.text] = rest;
      return rest === '' || passes(part, rest) ? params : undefined;
    }
    const segment = segments[index];
    if (segment === undefined) return parts.slice(index).every(canBeMissing) ? params : undefined;
    const value = decodeSegment(segment);
    if (part.kind === 'literal') {
      if (value.toLowerCase() !== part.text) return undefined;
    } else if (value === '' || !passes(part, value)) {
      return undefined;
    } else {
      params[part.text] = value;
    }
  }
  return segments.length > parts.length ? undefined : params;
}

function passes(part: Part, value: string): boolean {
  return part.tests.every((test) => test(value));
}

function canBeMissing(part: Part): boolean {
  return part.isOptional || part.kind === 'catchAll';
}

/** Segment by segment: literal, constrained parameter, parameter, constrained catch-all, catch-all. */
function precedence(parts: readonly Part[]): string {
  const digit = { literal: 1, parameter: 3, catchAll: 5 };
  return parts.map(({ kind, tests }) => digit[kind] - (tests.length > 0 ? 1 : 0)).join('');
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function parseTemplate(template: string): readonly Part[] {
  const parts = splitOutside(template, '/')
    .filter((segment) => segment !== '')
    .map((segment) => parsePart(segment, template));
  const catchAll = parts.findIndex(({ kind }) => kind === 'catchAll');
  if (catchAll !== -1 && catchAll !== parts.length - 1) throw unreadable(template);
  return parts;
}

function parsePart(segment: string, template: string): Part {
  if (!/[{}]/.test(segment)) {
    return { kind: 'literal', text: segment.toLowerCase(), isOptional: false, tests: [] };
  }
  const inner = /^\{(\*{0,2})([A-Za-z_]\w*)((?::.+?)?)(\??)\}$/.exec(segment);
  if (inner === null) throw unreadable(template);
  const [, stars = '', text = '', constraints = '', mark] = inner;
  const tests = splitOutside(constraints.slice(1), ':')
    .filter((constraint) => constraint !== '')
    .map((constraint) => parseConstraint(constraint, template));
  return { kind: stars === '' ? 'parameter' : 'catchAll', text, isOptional: mark === '?', tests };
}

function parseConstraint(constraint: string, template: string): (value: string) => boolean {
  const [, name = '', argument = ''] = /^(\w+)(?:\((.*)\))?$/.exec(constraint) ?? [];
  const [first = Number.NaN, second] = argument.split(',').map(Number);
  switch (name.toLowerCase()) {
    case 'int':
      return (value) => /^[+-]?\d{1,10}$/.test(value) && Math.abs(Number(value)) < 2 ** 31;
    case 'guid':
      return (value) => /^\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$/i.test(value);
    case 'alpha':
      return (value) => /^[a-z]*$/i.test(value);
    case 'bool':
      return (value) => /^(?:true|false)$/i.test(value);
    case 'length':
      return (value) => value.length >= first && value.length <= (second ?? first);
    case 'minlength':
      return (value) => value.length >= first;
    case 'maxlength':
      return (value) => value.length <= first;
    case 'regex': {
      const pattern = new RegExp(argument.replaceAll('{{', '{').replaceAll('}}', '}'), 'i');
      return (value) => pattern.test(value);
    }
    default:
      throw unreadable(template);
  }
}

/** Splits at the separator, but not within parentheses. */
function splitOutside(text: string, separator: string): readonly string[] {
  const pieces = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === separator && depth === 0) pieces.push('');
    else pieces.push(`${pieces.pop()}${character}`);
  }
  return pieces;
}

function unreadable(template: string): RefusedError {
  return new RefusedError(`The route ${template} is not one that this host can read.`);
}
