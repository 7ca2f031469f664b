// What the proxy serves: the operations of every kind, and the two resources whose change begins one.
import { connectionId } from './ids.ts';
import { bothNamespaces, type KindRow, kindRows, kinds } from './kinds.ts';
import type { Kind, Operation, Version } from './operation.ts';
import type { PatchRules } from './patch-rules.ts';
import { matchTemplate, type PathTemplate, splitSegments } from './paths.ts';
import { type GraphHome, type NamedResource, parseResource } from './resources.ts';

export type ProxiedResource = {
  readonly name: string;
  /** Whether a change may begin an operation. */
  readonly startsOperations: boolean;
  readonly paths: KindRow['paths'];
  readonly rules: PatchRules;
  /** Folded status words that a PATCH may write. */
  readonly words: readonly string[];
};

const connectionRoot = ['external', 'connections'] as const;

/** Source: Update externalConnection (v1.0 reference): `configuration`, `description` and `name` are updatable. */
const externalConnection: ProxiedResource = {
  name: 'externalConnection',
  startsOperations: false,
  paths: [
    { template: [...connectionRoot, { id: connectionId }], canonicalRoot: connectionRoot },
    { template: ['connections', { id: connectionId }], canonicalRoot: connectionRoot },
  ],
  rules: {
    properties: {
      name: { type: 'text', maxLength: 128 },
      description: { type: 'text', maxLength: 16_384 },
      configuration: { type: 'entity', odataTypes: bothNamespaces('configuration') },
    },
    odataTypes: bothNamespaces('externalConnection'),
    forwardsODataType: false,
    guarded: 'configuration',
  },
  words: [],
};

/** Source: Update schema (v1.0 reference); 128 properties at most. */
const schema: ProxiedResource = {
  name: 'schema',
  startsOperations: true,
  paths: [
    { template: [...connectionRoot, { id: connectionId }, 'schema'], canonicalRoot: connectionRoot },
    { template: ['connections', { id: connectionId }, 'schema'], canonicalRoot: connectionRoot },
  ],
  rules: {
    properties: { baseType: { type: 'text', maxLength: 256 }, properties: { type: 'array', maxItems: 128 } },
    odataTypes: bothNamespaces('schema'),
    forwardsODataType: false,
    guarded: null,
  },
  words: [],
};

function operationResource(row: KindRow): ProxiedResource {
  return {
    name: row.kind,
    startsOperations: false,
    paths: row.paths,
    rules: row.patch,
    words: Object.keys(row.words),
  };
}

export const proxiedResources: readonly ProxiedResource[] = [
  externalConnection,
  schema,
  ...kindRows.map(operationResource),
];

/** Literal paths of the original update pages, which have the id in the body. */
export const literalForms: Readonly<
  Record<string, { readonly resource: ProxiedResource; readonly kind: Kind | null }>
> = {
  connectionOperation: {
    resource: operationResource(kinds.connectionOperation),
    kind: 'connectionOperation',
  },
  commsOperation: { resource: operationResource(kinds.commsOperation), kind: 'commsOperation' },
  operation: { resource: operationResource(kinds.onenoteOperation), kind: 'onenoteOperation' },
  connections: { resource: externalConnection, kind: null },
  externalConnection: { resource: externalConnection, kind: null },
};

export type ProxyTarget = {
  readonly resource: ProxiedResource;
  readonly version: Version;
  /** Canonical path in Graph, without version; joined from segments that passed their grammar. */
  readonly path: string;
  /** The same with `{id}` in place of each id: what may be shown where a path may not, for people's names are ids too. */
  readonly route: string;
  /** The id that a body may repeat. */
  readonly id: string;
  /** Set when the target is an operation of a kind that this cloud has. */
  readonly named: NamedResource | null;
};

export type ProxyAddress =
  | { readonly type: 'target'; readonly target: ProxyTarget }
  | { readonly type: 'literal'; readonly form: string; readonly version: Version }
  /** A path that we serve with an id outside its grammar. */
  | { readonly type: 'idInvalid' }
  | { readonly type: 'unknown' };

/** @param rest the path after the version as the caller wrote it, without a leading slash. */
export function parseProxyAddress(version: string, rest: string, home: GraphHome): ProxyAddress {
  if (version !== 'v1.0' && version !== 'beta') return { type: 'unknown' };
  if (Object.hasOwn(literalForms, rest)) return { type: 'literal', form: rest, version };
  const segments = splitSegments(rest);
  if (segments === null) return looksServed(rest) ? { type: 'idInvalid' } : { type: 'unknown' };
  for (const resource of proxiedResources) {
    const target = targetOf(resource, segments, { version, home });
    if (target !== null) return { type: 'target', target };
  }
  return looksServed(rest) ? { type: 'idInvalid' } : { type: 'unknown' };
}

/** The connection that a literal form's body names; null for an id outside the grammar. */
export function connectionTarget(id: string, version: Version, home: GraphHome): ProxyTarget | null {
  return targetOf(externalConnection, [...connectionRoot, id], { version, home });
}

/** A tracked operation as a target, in the version that the caller asks for. */
export function operationTarget(operation: Operation, version: Version, home: GraphHome): ProxyTarget | null {
  return targetOf(operationResource(kinds[operation.kind]), operation.resource.path.slice(1).split('/'), {
    version,
    home,
  });
}

function targetOf(
  resource: ProxiedResource,
  segments: readonly string[],
  at: { readonly version: Version; readonly home: GraphHome },
): ProxyTarget | null {
  for (const { template, canonicalRoot } of resource.paths) {
    const match = matchTemplate(template, canonicalRoot, segments);
    if (match === null) continue;
    const path = `/${match.canonical.join('/')}`;
    const named = parseResource(`/${match.canonical.map(encodeURIComponent).join('/')}`, at.home, at.version);
    const route = routeOf(template, canonicalRoot);
    return { resource, version: at.version, path, route, id: match.ids.at(-1) ?? '', named };
  }
  return null;
}

function routeOf(template: PathTemplate, canonicalRoot: readonly string[]): string {
  const firstId = template.findIndex((part) => typeof part !== 'string');
  const rest = template.slice(firstId).map((part) => (typeof part === 'string' ? part : '{id}'));
  return `/${[...canonicalRoot, ...rest].join('/')}`;
}

/** Whether the literals of a served path are there in their places, so that only an id can be wrong. */
function looksServed(rest: string): boolean {
  const raw = rest.split('/');
  return proxiedResources.some(({ paths }) =>
    paths.some(
      ({ template }) =>
        template.length === raw.length &&
        template.every((part, index) => typeof part !== 'string' || raw[index]?.toLowerCase() === part),
    ),
  );
}
