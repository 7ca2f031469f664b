// The proxy's part of the OpenAPI document: one path a resource, with the properties that a PATCH may change, made from
// the very table that checks them.
import type { PatchRules, PropertyRule } from '../domain/patch-rules.ts';
import { literalForms, type ProxiedResource, proxiedResources } from '../domain/proxied-resources.ts';

const textType = { type: 'string' } as const;
const problem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

export const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'The same request with the same key is answered once for 24 hours, then again alike',
  schema: { ...textType, pattern: '^[A-Za-z0-9._:-]{1,128}$' },
} as const;

/** Paths by their template, as members of `paths`. */
export function proxyPaths(): Readonly<Record<string, object>> {
  const resources = proxiedResources.flatMap((resource) =>
    resource.paths.map(({ template }, index) => {
      const parts = template.map((part) => (typeof part === 'string' ? part : `{${part.id.name}}`));
      const names = template.flatMap((part) => (typeof part === 'string' ? [] : [part.id]));
      const parameters = names.map(({ name, pattern }) => ({
        name,
        in: 'path',
        required: true,
        schema: { ...textType, pattern: pattern.source },
      }));
      const suffix = `${upper(resource.name)}${index === 0 ? '' : index + 1}`;
      return [`/api/graph/{version}/${parts.join('/')}`, pathItem(resource, { suffix, parameters })] as const;
    }),
  );
  const literals = Object.entries(literalForms).map(([form, { resource }]) => {
    const suffix = `${upper(form)}ById`;
    return [
      `/api/graph/{version}/${form}`,
      { parameters: [version], patch: patch(resource, suffix, ['id']) },
    ] as const;
  });
  return Object.fromEntries([...resources, ...literals]);
}

const version = { name: 'version', in: 'path', required: true, schema: { enum: ['v1.0', 'beta'] } };

function pathItem(
  resource: ProxiedResource,
  path: { suffix: string; parameters: readonly object[] },
): object {
  return {
    parameters: [version, ...path.parameters],
    get: {
      operationId: `read${path.suffix}`,
      tags: ['Graph'],
      summary: `Read the ${resource.name} with the app's identity`,
      responses: { 200: jsonAnswer, ...refusals },
    },
    patch: patch(resource, path.suffix, []),
  };
}

function patch(resource: ProxiedResource, suffix: string, required: readonly string[]): object {
  const schema = bodySchema(resource.rules, { words: resource.words, required });
  return {
    operationId: `update${suffix}`,
    tags: ['Graph'],
    summary: `Change the ${resource.name} with the app's identity`,
    parameters: [
      { name: 'If-Match', in: 'header', schema: textType },
      { name: 'Prefer', in: 'header', description: 'return=representation', schema: textType },
      idempotencyKey,
    ],
    requestBody: {
      required: true,
      content: { 'application/json': { schema }, 'application/merge-patch+json': { schema } },
    },
    responses: {
      200: jsonAnswer,
      202: {
        description: 'An operation was started; Opwatch-Operation names it when it is watched',
        headers: {
          Location: { schema: textType },
          'Opwatch-Operation': { schema: textType },
          'Opwatch-Operation-Error': { schema: textType },
        },
      },
      204: { description: 'Changed' },
      ...refusals,
    },
  };
}

const jsonAnswer = {
  description: 'Graph’s own answer, whatever JSON it is',
  content: { 'application/json': { schema: {} } },
};

/** Graph's 4xx keep their status, so the ranges are part of the contract. */
const refusals = {
  401: { description: 'No valid key or token' },
  '4XX': { description: 'Refused here, or by Graph', content: problem },
  '5XX': { description: 'Graph could not be used, or its outcome is unknown', content: problem },
};

function bodySchema(
  rules: PatchRules,
  more: { readonly words: readonly string[]; readonly required: readonly string[] },
): object {
  const properties: Record<string, object> = {};
  for (const [name, rule] of Object.entries(rules.properties))
    properties[name] = ruleSchema(rule, more.words);
  return {
    type: 'object',
    additionalProperties: false,
    ...(more.required.length > 0 ? { required: more.required } : {}),
    properties: {
      id: textType,
      '@odata.type': { enum: rules.odataTypes.flatMap((name) => [name, `#${name}`]) },
      ...properties,
    },
  };
}

function ruleSchema(rule: PropertyRule, words: readonly string[]): object {
  switch (rule.type) {
    case 'text':
      return { type: ['string', 'null'], maxLength: rule.maxLength };
    case 'statusWord':
      return { ...textType, description: `Without case, one of ${words.join(', ')}` };
    case 'instant':
      return { ...textType, format: 'date-time' };
    case 'array':
      return { type: 'array', maxItems: rule.maxItems, items: { type: 'object' } };
    case 'entity':
      return { type: ['object', 'null'] };
  }
}

function upper(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
