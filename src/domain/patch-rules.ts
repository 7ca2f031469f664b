// What a caller may change through the proxy. Several of Graph's types are open and would take any property, so only
// what a row names passes; the rest is refused at the door.
import type { JsonValue } from './operation.ts';

/** What a property's value may be. Lengths are in UTF-16 units, sizes in items. */
export type PropertyRule =
  | { readonly type: 'text'; readonly maxLength: number }
  | { readonly type: 'statusWord' }
  | { readonly type: 'instant' }
  | { readonly type: 'array'; readonly maxItems: number }
  | { readonly type: 'entity'; readonly odataTypes: readonly string[] };

export type PatchRules = {
  readonly properties: Readonly<Record<string, PropertyRule>>;
  /** Names that `@odata.type` may give, without `#`; the old namespace of a type counts as the right one. */
  readonly odataTypes: readonly string[];
  /** Graph needs `@odata.type` only where it tells subtypes apart by it. */
  readonly forwardsODataType: boolean;
  /** A property that needs a right of its own; null: none. */
  readonly guarded: string | null;
};

export type JsonObject = { readonly [name: string]: JsonValue };

export type PatchCheck =
  | {
      readonly ok: true;
      /** What is sent to Graph: without `id`, and without an `@odata.type` that says nothing. */
      readonly body: JsonObject;
      readonly id: string | null;
      readonly isGuarded: boolean;
    }
  | {
      readonly ok: false;
      readonly code: 'body_empty' | 'property_not_allowed' | 'id_mismatch' | 'value_invalid';
      /** Names the property, never its value. */
      readonly detail: string;
    };

const instantPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,7})?)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Checks a PATCH body against the rules of its resource.
 * @param context.words folded status words of the kind; empty for a resource without status.
 * @param context.isSameId whether the body's id names the path's resource; null where the id comes from the body.
 */
export function checkPatch(
  rules: PatchRules,
  body: JsonObject,
  context: { readonly words: readonly string[]; readonly isSameId: ((id: string) => boolean) | null },
): PatchCheck {
  const forwarded: Record<string, JsonValue> = {};
  let id: string | null = null;
  for (const [name, value] of Object.entries(body)) {
    if (name === 'id') {
      if (typeof value !== 'string') return refusal('value_invalid', name);
      if (context.isSameId !== null && !context.isSameId(value)) return refusal('id_mismatch', name);
      id = value;
    } else if (name === '@odata.type') {
      if (!isODataType(value, rules.odataTypes)) return refusal('value_invalid', name);
      if (rules.forwardsODataType) forwarded[name] = value;
    } else {
      const rule = Object.hasOwn(rules.properties, name) ? rules.properties[name] : undefined;
      if (rule === undefined) return refusal('property_not_allowed', name);
      if (!isAllowed(rule, value, context.words)) return refusal('value_invalid', name);
      forwarded[name] = value;
    }
  }
  const changed = Object.keys(forwarded).filter((name) => name !== '@odata.type');
  if (changed.length === 0) return { ok: false, code: 'body_empty', detail: 'The body changes no property.' };
  return {
    ok: true,
    body: forwarded,
    id,
    isGuarded: rules.guarded !== null && changed.includes(rules.guarded),
  };
}

function isAllowed(rule: PropertyRule, value: JsonValue, words: readonly string[]): boolean {
  switch (rule.type) {
    case 'text':
      return value === null || (typeof value === 'string' && value.length <= rule.maxLength);
    case 'statusWord':
      return typeof value === 'string' && words.includes(value.toLowerCase());
    case 'instant':
      return typeof value === 'string' && instantPattern.test(value) && !Number.isNaN(Date.parse(value));
    case 'array':
      return Array.isArray(value) && value.length <= rule.maxItems && value.every(isObject);
    case 'entity':
      return (
        value === null ||
        (isObject(value) && isODataType(value['@odata.type'] ?? null, rule.odataTypes, true))
      );
  }
}

function isODataType(value: JsonValue, names: readonly string[], isOptional = false): boolean {
  if (value === null) return isOptional;
  return typeof value === 'string' && names.includes(value.replace(/^#/, ''));
}

function isObject(value: JsonValue): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function refusal(code: Exclude<PatchCheck, { ok: true }>['code'], name: string): PatchCheck {
  const printable = name.slice(0, 64).replace(/[^\x20-\x7e]/g, '?');
  return { ok: false, code, detail: `The property "${printable}" ${problems[code]}.` };
}

const problems = {
  body_empty: 'changes nothing',
  property_not_allowed: 'may not be changed here',
  id_mismatch: 'names another resource than the path',
  value_invalid: 'has a value that is not allowed',
};
