// An operation's row keeps its JSON in one property, and a property takes 32 Ki UTF-16 units. Graph's error and result
// may be longer than that: their texts are cut step by step, for a row that can never be written would never end.
import type { Details, JsonValue, Operation } from '../domain/operation.ts';

/** Azure Tables: 64 KiB a text property, which is UTF-16. */
const maxUnits = 32 * 1024 - 256;

/** The operation's JSON, with shortened details where the whole is too long for a property. */
export function boundedJson(operation: Operation): string {
  const whole = JSON.stringify(operation);
  if (whole.length <= maxUnits) return whole;
  for (const limit of [4096, 1024, 256, 64]) {
    const text = JSON.stringify({ ...operation, ...cutDetails(operation, limit) });
    if (text.length <= maxUnits) return text;
  }
  return JSON.stringify({ ...operation, error: null, result: null, clientContext: null });
}

function cutDetails({ error, result, clientContext }: Details, limit: number): Partial<Details> {
  return {
    error: cutTexts(error, limit),
    result: cutTexts(result, limit),
    clientContext: clientContext?.slice(0, limit).toWellFormed() ?? null,
  };
}

function cutTexts(value: JsonValue, limit: number): JsonValue {
  if (typeof value === 'string') return value.slice(0, limit).toWellFormed();
  if (Array.isArray(value)) return value.map((item: JsonValue) => cutTexts(item, limit));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, cutTexts(item, limit)]));
}
