// A strict reading of JSON bodies: what `JSON.parse` lets through and later code would trip over is refused first.
// One pass over the text checks depth, sizes and names; the values themselves are left to `JSON.parse`.
import { HttpProblem } from './problem.ts';

const maxDepth = 32;
const usualMembers = 1000;
const maxTextLength = 16_384;
const forbiddenNames = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Decodes and parses a body.
 * @param maxMembers of all objects together, and of each list.
 * @throws HttpProblem body_empty, body_invalid_json (also for bad UTF-8, lone surrogates and NUL), body_too_deep,
 *   body_duplicate_key, property_not_allowed for names that could reach a prototype.
 */
export function parseStrictJson(bytes: Uint8Array, maxMembers: number = usualMembers): unknown {
  const text = decode(bytes);
  if (text.trim() === '') throw new HttpProblem('body_empty');
  let value: unknown;
  try {
    // The depth is checked first: JSON.parse takes nesting that nothing can write again.
    assertDepth(text);
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof HttpProblem) throw error;
    throw new HttpProblem('body_invalid_json');
  }
  assertNames(text, maxMembers);
  assertValues(value, maxMembers);
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new HttpProblem('body_invalid_json', 'The body is not valid UTF-8.');
  }
}

/**
 * Tokens of JSON text: strings, and the marks that open, close and divide. A string that never ends is taken as far as
 * the text goes: looking for an end from each of its quotes again would take a minute for 256 KiB.
 */
const tokens = /"(?:[^"\\]|\\.)*(?:"|\\?$)|[{}[\]:,]/gs;

function assertDepth(text: string): void {
  let depth = 0;
  for (const [token] of text.matchAll(tokens)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    if (depth > maxDepth) throw new HttpProblem('body_too_deep');
  }
}

/** Names of each object, found in text that is known to be JSON: a text followed by a colon is a name. */
function assertNames(text: string, maxMembers: number): void {
  const open: (Set<string> | null)[] = [];
  let members = 0;
  let last = '';
  for (const [token] of text.matchAll(tokens)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(null);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const name: unknown = JSON.parse(last);
      members += 1;
      if (members > maxMembers) throw new HttpProblem('body_too_deep');
      assertName(String(name), open.at(-1) ?? new Set());
    }
    last = token;
  }
}

function assertName(name: string, names: Set<string>): void {
  if (forbiddenNames.has(name))
    throw new HttpProblem('property_not_allowed', 'A name is not allowed in a body.');
  if (names.has(name)) throw new HttpProblem('body_duplicate_key');
  names.add(name);
}

function assertValues(value: unknown, maxItems: number): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed() || value.includes('\0')) throw new HttpProblem('body_invalid_json');
    if (value.length > maxTextLength) throw new HttpProblem('value_invalid', 'A text is too long.');
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new HttpProblem('value_invalid', 'A number is too large.');
  } else if (Array.isArray(value)) {
    if (value.length > maxItems) throw new HttpProblem('body_too_deep');
    for (const item of value) assertValues(item, maxItems);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      assertValues(name, maxItems);
      assertValues(item, maxItems);
    }
  }
}
