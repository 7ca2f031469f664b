// One log line an event, as JSON: fields first, message second. Errors show name, code and message, never a stack;
// secrets print themselves as such.
import type { AppError } from '../domain/errors.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';
const longestText = 256;

/** Writes a line to the stream that the Functions host reads. */
export function logLine(level: Level, fields: Readonly<Record<string, unknown>>, message: string): void {
  const line = JSON.stringify({ ...fields, level, message }, printable);
  if (level === 'error') console.error(line);
  else if (level === 'warn') console.warn(line);
  else console.log(line);
}

function printable(_name: string, value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, longestText);
  if (!(value instanceof Error)) return value;
  const { code } = value as Partial<AppError>;
  return { name: value.name, code, message: value.message.slice(0, longestText), cause: value.cause };
}
