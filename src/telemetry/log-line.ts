// One log line an event, as JSON: fields first, message second. Errors show name, code and message, never a stack;
// secrets print themselves as such, and what looks like one is taken out. A line is always one line, and logging never
// throws.
import { isSecretName, redactText } from './redact.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

const longestText = 256;
/** Errors are wrapped twice by the SDKs; what lies deeper explains nothing. */
const deepestCause = 3;
const deepestField = 4;
const mostMembers = 50;

/** Writes a line to the stream that the Functions host reads. */
export function logLine(level: Level, fields: Readonly<Record<string, unknown>>, message: string): void {
  const line = lineOf(level, fields, message);
  if (level === 'error') console.error(line);
  else if (level === 'warn') console.warn(line);
  else console.log(line);
}

/** The text of a line. */
export function lineOf(level: Level, fields: Readonly<Record<string, unknown>>, message: string): string {
  try {
    return escaped(JSON.stringify({ ...printableMembers(fields, 0), level, message: shown(message) }));
  } catch {
    // A getter or a toJSON of a foreign object threw: better a poor line than a failed sweep.
    return escaped(JSON.stringify({ level, message: shown(message), fields: 'could not be printed' }));
  }
}

function printable(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return shown(value);
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? null : printableObject(value, depth);
    case 'number':
    case 'boolean':
      return value;
    default:
      return undefined;
  }
}

function printableObject(value: object, depth: number): unknown {
  if (value instanceof Error) return printableError(value, 0);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (depth >= deepestField) return '[deep]';
  if (Array.isArray(value)) return value.slice(0, mostMembers).map((item) => printable(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  // Of an instance nobody knows what it holds; a Secret is one.
  if (prototype !== null && prototype !== Object.prototype) return '[secret]';
  return printableMembers(value, depth + 1);
}

function printableMembers(value: object, depth: number): Readonly<Record<string, unknown>> {
  const members = Object.entries(value).slice(0, mostMembers);
  return Object.fromEntries(
    members.map(([name, item]) => [shown(name), isSecretName(name) ? '[secret]' : printable(item, depth)]),
  );
}

/** Of an error or of whatever was thrown or given as a cause: never more than these members. */
function printableError(error: unknown, depth: number): unknown {
  if (typeof error === 'string') return shown(error);
  if (typeof error !== 'object' || error === null || depth >= deepestCause) return undefined;
  const { name, code, message, cause }: Readonly<Record<string, unknown>> = {
    name: memberOf(error, 'name'),
    code: memberOf(error, 'code'),
    message: memberOf(error, 'message'),
    cause: memberOf(error, 'cause'),
  };
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return {
    name: typeof name === 'string' ? shown(name) : undefined,
    code: typeof code === 'string' || typeof code === 'number' ? shown(String(code)) : undefined,
    message: typeof message === 'string' ? shown(message) : undefined,
    cause: printableError(cause ?? first, depth + 1),
  };
}

function memberOf(value: object, name: string): unknown {
  return name in value ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

/** Redacted before it is cut: half of an address or of a key would not be known for one. */
function shown(text: string): string {
  const redacted = redactText(text);
  return redacted.slice(0, longestText);
}

/** Controls beyond those that JSON escapes itself, line separators, and what hides text or turns its direction. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function escaped(json: string): string {
  return json.replaceAll(hidden, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => String.raw`\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
