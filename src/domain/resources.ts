// From any legal spelling of an operation's address to the one resource it names. Caller's text never reaches Graph:
// only segments that passed their grammar here do, joined again by us.
import { keyOf } from './keys.ts';
import { type KindRow, kindRows } from './kinds.ts';
import type { Cloud, Kind, Resource, Version } from './operation.ts';
import { matchTemplate, splitSegments, type TemplateMatch } from './paths.ts';

/** The one Graph that this deployment talks to. `root` is an origin without a trailing slash. */
export type GraphHome = { readonly cloud: Cloud; readonly root: string; readonly tenantId: string };

export type NamedResource = { readonly key: string; readonly kind: Kind; readonly resource: Resource };

const maxAddressLength = 2048;

/**
 * Reads an absolute URL of the configured Graph, or a path with or without the version.
 * Alias roots, parenthesised keys, other casing of GUIDs, percent-encoding and a slash at the end give the same key.
 * @returns null when it is no address of a kind that we watch in this cloud: another origin, userinfo, a query,
 *   dot segments in any encoding, an id outside its grammar, an unknown path, two different versions.
 */
export function parseResource(
  address: string,
  home: GraphHome,
  requestedVersion: Version | null = null,
): NamedResource | null {
  const path = pathWithin(address, home.root);
  if (path === null) return null;
  const segments = splitSegments(path.replace(/\/$/, ''));
  if (segments === null) return null;
  const inPath = versionOf(segments[0]);
  if (inPath !== null && requestedVersion !== null && inPath !== requestedVersion) return null;
  const rest = inPath === null ? segments : segments.slice(1);
  const version = inPath ?? requestedVersion ?? 'v1.0';
  for (const row of kindRows) {
    const match = row.clouds.includes(home.cloud) ? matchKind(row, rest) : null;
    if (match !== null) return nameResource(row, match, { home, version });
  }
  return null;
}

/**
 * Reads the address of an operation's parent (a call), in any spelling that its operations could begin with.
 * @returns null when no operation that we watch could be below it.
 */
export function parseParent(
  address: string,
  home: GraphHome,
): { readonly kind: Kind; readonly parentId: string } | null {
  const named = parseResource(`${address}/operations/any`, home);
  return named && { kind: named.kind, parentId: named.resource.parentId };
}

function nameResource(
  row: KindRow,
  match: TemplateMatch,
  at: { home: GraphHome; version: Version },
): NamedResource {
  const { home, version } = at;
  const key = keyOf(row, {
    cloud: home.cloud,
    tenantId: home.tenantId,
    identityPath: match.identity.join('/'),
  });
  const resource = {
    cloud: home.cloud,
    tenantId: home.tenantId,
    version,
    path: `/${match.canonical.join('/')}`,
    parentId: match.ids.at(-2) ?? '',
    operationId: match.ids.at(-1) ?? '',
  };
  return { key, kind: row.kind, resource };
}

/** The path of an address in this Graph. Text is compared with the origin before any URL parser may tidy it up. */
function pathWithin(address: string, root: string): string | null {
  if (address.length > maxAddressLength || /[\\?#\s]/.test(address) || !isPrintableAscii(address))
    return null;
  if (!address.includes('://')) return address.startsWith('//') ? null : address;
  if (address.slice(0, root.length).toLowerCase() !== root.toLowerCase()) return null;
  const path = address.slice(root.length);
  return path.startsWith('/') && !path.startsWith('//') ? path : null;
}

function isPrintableAscii(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

function versionOf(segment: string | undefined): Version | null {
  return segment === 'v1.0' || segment === 'beta' ? segment : null;
}

function matchKind(row: KindRow, segments: readonly string[]): TemplateMatch | null {
  for (const { template, canonicalRoot } of row.paths) {
    const match = matchTemplate(template, canonicalRoot, segments);
    if (match !== null) return match;
  }
  return null;
}
