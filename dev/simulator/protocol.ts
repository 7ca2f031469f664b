// The nouns of one exchange with the simulator: what was asked, what is answered.
import type { Kind } from './scripts.ts';

export type Version = 'v1.0' | 'beta';

/** What all requests of one HTTP exchange share. */
export type Exchange = {
  readonly tenant: string;
  /** The calling app, where its token says so. */
  readonly app: string | undefined;
  readonly requestId: string;
  readonly clientRequestId: string;
  /** By the simulator's clock. */
  readonly arrivedAtMs: number;
  /** Announced waits of this answer; they begin to bind once the answer was sent. */
  readonly announced: { readonly kind: Kind; readonly untilMs: number }[];
};

/** One request for a resource: a single one, or one item of a batch. Header names are lower case. */
export type GraphRequest = {
  readonly version: Version;
  readonly method: string;
  /** Without version, beginning with a slash, as the client wrote it. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
  readonly batched: boolean;
  /** Of the operation that the path addresses; undefined for connections, schemas and calls. */
  readonly kind: Kind | undefined;
  readonly exchange: Exchange;
};

/** An answer before it is written: a text body goes out as it is, undefined is no body. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
};

/** @see Microsoft Graph documentation, JSON answers: minimal metadata is the default */
export const jsonType =
  'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8';
const jsonTypeNone =
  'application/json;odata.metadata=none;odata.streaming=true;IEEE754Compatible=false;charset=utf-8';
const jsonHeaders = { 'Content-Type': jsonType, 'OData-Version': '4.0', 'Cache-Control': 'no-cache' };
const jsonHeadersNone = { ...jsonHeaders, 'Content-Type': jsonTypeNone };

/** Headers of an answer with an entity, by what metadata was asked for. */
export function entityHeaders(request: GraphRequest): Readonly<Record<string, string>> {
  return wantsNoMetadata(request) ? jsonHeadersNone : jsonHeaders;
}

/** True when the client asked for `odata.metadata=none`, which drops `@odata.context` and `@odata.type`. */
export function wantsNoMetadata(request: GraphRequest): boolean {
  const accept = headerOf(request, 'accept');
  return accept?.includes('odata.metadata=none') === true;
}

/** A header by its lower-case name; the first of several. */
export function headerOf(request: Pick<GraphRequest, 'headers'>, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
