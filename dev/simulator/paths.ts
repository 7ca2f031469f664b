// Reads Graph paths in all their spellings: alias roots, parenthesised keys, upper-case or dash-less GUIDs.
// One canonical path per resource is the key of everything in the world.
import type { Version } from './protocol.ts';
import type { Kind } from './scripts.ts';

/** What a path addresses. Paths in here are canonical and without version. */
export type Resource =
  | {
      readonly type: 'operation';
      readonly kind: Kind;
      readonly parentPath: string;
      readonly id: string;
      readonly path: string;
    }
  | { readonly type: 'operations'; readonly kind: Kind; readonly parentPath: string }
  | { readonly type: 'connections' }
  | { readonly type: 'connection'; readonly id: string; readonly path: string }
  | { readonly type: 'schema'; readonly connectionPath: string }
  | { readonly type: 'calls' }
  | { readonly type: 'call'; readonly id: string; readonly path: string }
  | { readonly type: 'callAction'; readonly callPath: string; readonly action: string }
  | { readonly type: 'copy'; readonly ownerPath: string; readonly action: string }
  | { readonly type: 'unknown'; readonly segment: string };

/** Parses a path without version; query and fragment are ignored. */
export function parsePath(path: string, version: Version): Resource {
  const segments = splitPath(path);
  const [root, second] = segments.map((segment) => segment.toLowerCase());
  if (root === 'external' && second === 'connections') {
    return parseConnection(segments.slice(2));
  }
  if (root === 'connections') {
    return parseConnection(segments.slice(1));
  }
  // The root `app` exists in beta only.
  if ((root === 'communications' || (root === 'app' && version === 'beta')) && second === 'calls') {
    return parseCall(segments.slice(2));
  }
  if (root === 'users' || root === 'groups' || root === 'sites') {
    return parseNotes(root, segments);
  }
  return { type: 'unknown', segment: segments[0] ?? '' };
}

/** Canonical path of a connection, a call or the owner of notebooks. */
export function joinPath(...segments: readonly string[]): string {
  return segments.map((segment) => `/${encodeSegment(segment)}`).join('');
}

/** GUIDs in lower case with dashes; everything else as it is. */
export function canonicalGuid(id: string): string {
  const digits = id.replaceAll('-', '').toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(digits)) {
    return id;
  }
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20),
  ].join('-');
}

function parseConnection(segments: readonly string[]): Resource {
  const [id, child, operationId] = segments;
  if (id === undefined) {
    return { type: 'connections' };
  }
  const path = joinPath('external', 'connections', id);
  if (child === undefined) {
    return { type: 'connection', id, path };
  }
  if (child.toLowerCase() === 'schema' && segments.length === 2) {
    return { type: 'schema', connectionPath: path };
  }
  if (child.toLowerCase() === 'operations' && segments.length <= 3) {
    return operationOf({ kind: 'connectionOperation', parentPath: path, prefix: path }, operationId);
  }
  return { type: 'unknown', segment: child };
}

function parseCall(segments: readonly string[]): Resource {
  const [rawId, child, operationId] = segments;
  if (rawId === undefined) {
    return { type: 'calls' };
  }
  const id = canonicalGuid(rawId);
  const path = joinPath('communications', 'calls', id);
  if (child === undefined) {
    return { type: 'call', id, path };
  }
  if (child.toLowerCase() === 'operations' && segments.length <= 3) {
    const canonicalId = operationId === undefined ? undefined : canonicalGuid(operationId);
    return operationOf({ kind: 'commsOperation', parentPath: path, prefix: path }, canonicalId);
  }
  // Covers `playPrompt` and `participants/{id}/mute` alike: the last segment names the action.
  return { type: 'callAction', callPath: path, action: segments.at(-1) ?? child };
}

function parseNotes(root: string, segments: readonly string[]): Resource {
  const notesAt = segments.findIndex((segment) => segment.toLowerCase() === 'onenote');
  const isNested = root === 'groups' && segments[2]?.toLowerCase() === 'sites';
  if (notesAt !== (isNested ? 4 : 2)) {
    return { type: 'unknown', segment: segments[2] ?? root };
  }
  const owner = segments
    .slice(0, notesAt)
    .map((segment, index) => (index % 2 === 0 ? segment.toLowerCase() : segment));
  const ownerPath = joinPath(...owner);
  const [child, operationId] = segments.slice(notesAt + 1);
  if (child?.toLowerCase() === 'operations' && segments.length <= notesAt + 3) {
    const prefix = `${ownerPath}/onenote`;
    return operationOf({ kind: 'onenoteOperation', parentPath: ownerPath, prefix }, operationId);
  }
  const action = segments.at(-1) ?? '';
  return action.toLowerCase().startsWith('copy')
    ? { type: 'copy', ownerPath, action }
    : { type: 'unknown', segment: child ?? '' };
}

function operationOf(
  place: { readonly kind: Kind; readonly parentPath: string; readonly prefix: string },
  id: string | undefined,
): Resource {
  const { kind, parentPath, prefix } = place;
  if (id === undefined) {
    return { type: 'operations', kind, parentPath };
  }
  return { type: 'operation', kind, parentPath, id, path: `${prefix}/operations/${encodeSegment(id)}` };
}

/** Segments of a path, decoded; `x('id')` counts as two. */
function splitPath(path: string): string[] {
  const end = path.search(/[?#]/);
  const bare = end < 0 ? path : path.slice(0, end);
  return bare
    .split('/')
    .filter((segment) => segment !== '')
    .flatMap((segment) => {
      const decoded = decodeSegment(segment);
      const keyed = /^([A-Za-z]+)\('(.*)'\)$/.exec(decoded);
      return keyed ? [keyed[1] ?? '', (keyed[2] ?? '').replaceAll("''", "'")] : [decoded];
    });
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A stray percent sign: Graph would find nothing there either, so the text is kept as it came.
    return segment;
  }
}

/** Characters that Graph's own answers leave bare in ids stay bare. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/%(40|2C|3A|24)/g, (escaped) => decodeURIComponent(escaped));
}
