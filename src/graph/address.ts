// Where the app's token may go. The SDK's own host check is fooled by userinfo in a URL, and it follows dot segments, so
// this is the only guard: paths are built segment by segment, and checked once more as a whole before they are sent.

/** Graph's batch endpoint; no id can be spelled so. */
export const batchSegment = '$batch';

/** @param segments decoded; each passed its grammar. @returns an absolute path, each segment encoded. */
export function pathOf(segments: readonly string[]): string {
  return `/${segments.map((one) => (one === batchSegment ? one : encodeURIComponent(one))).join('/')}`;
}

/**
 * Whether a URL goes to the configured origin and to exactly the path that it spells: nothing for a parser to tidy up
 * (dot segments in any encoding, backslashes, white space), no userinfo, no fragment.
 */
export function isOwnAddress(url: string, root: string): boolean {
  if (!url.startsWith(`${root}/`) || /[\\\s#]/.test(url)) return false;
  const parsed = URL.parse(url);
  if (parsed === null || parsed.origin !== root || parsed.username !== '' || parsed.password !== '')
    return false;
  return parsed.href === url && !/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(parsed.pathname);
}
