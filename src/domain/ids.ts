// Grammars of the ids that occur in paths. An id is decoded once, checked here, and from then on safe in a URL
// segment, a table key and a log line. Sources: CONTRACT of the product, Graph reference pages for each resource.

export type IdGrammar = {
  /** Its name in a description of the API. */
  readonly name: string;
  readonly pattern: RegExp;
  /** The spelling that Graph is called with. */
  canonical(id: string): string;
  /** The spelling that decides identity: equal for all spellings of one id. */
  identity(id: string): string;
};

const guid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
/** With dashes, or without: notifications of calls write it in upper case and without. */
const anyGuid = `(?:${guid}|[0-9a-f]{32})`;
const guidPattern = new RegExp(`^${guid}$`, 'i');
const dashlessPattern = /^[0-9a-f]{32}$/i;

/** Lower case with dashes for any spelling of a GUID; other text unchanged. */
function foldGuid(id: string): string {
  if (dashlessPattern.test(id)) return insertDashes(id.toLowerCase());
  return guidPattern.test(id) ? id.toLowerCase() : id;
}

const verbatim = (id: string): string => id;

/** External connection: 3 to 32 ASCII letters and digits. */
export const connectionId: IdGrammar = {
  name: 'connectionId',
  pattern: /^[A-Za-z0-9]{3,32}$/,
  canonical: verbatim,
  identity: verbatim,
};

export const callId: IdGrammar = {
  name: 'callId',
  pattern: new RegExp(`^${anyGuid}$`, 'i'),
  canonical: foldGuid,
  identity: foldGuid,
};

const operationPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,255}$/;

/** Operation of a call or connection: usually a GUID, sometimes with dots. */
export const operationId: IdGrammar = {
  name: 'operationId',
  pattern: operationPattern,
  canonical: foldGuid,
  identity: foldGuid,
};

/** OneNote's operation ids are opaque: called as they came, compared as GUIDs where they are some. */
export const anyId: IdGrammar = {
  name: 'operationId',
  pattern: operationPattern,
  canonical: verbatim,
  identity: foldGuid,
};

export const groupId: IdGrammar = { ...callId, name: 'groupId' };

/** A user: a GUID or a principal name (compared without case). A leading `$` would need another URL form: refused. */
export const userId: IdGrammar = {
  name: 'userId',
  pattern: new RegExp(
    `^(${anyGuid}|[A-Za-z0-9][A-Za-z0-9._'#$!^~+-]{0,112}@[A-Za-z0-9][A-Za-z0-9.-]{0,253})$`,
    'i',
  ),
  canonical: (id) => foldGuid(id.toLowerCase()),
  identity: (id) => foldGuid(id.toLowerCase()),
};

/** A site: `host,guid,guid`, or the GUID of the site alone. */
export const siteId: IdGrammar = {
  name: 'siteId',
  pattern: new RegExp(`^([A-Za-z0-9][A-Za-z0-9.-]{0,253},${anyGuid},${anyGuid}|${anyGuid})$`, 'i'),
  canonical: foldSite,
  identity: foldSite,
};

function foldSite(id: string): string {
  return id.toLowerCase().split(',').map(foldGuid).join(',');
}

function insertDashes(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Whether two spellings name the same id: without case, GUIDs also without dashes. */
export function isSameId(one: string, other: string): boolean {
  return one === other || foldGuid(one.toLowerCase()) === foldGuid(other.toLowerCase());
}
