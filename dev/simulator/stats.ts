// What reached the simulator, counted outside of whoever is measured or tested. Tokens are kept as hashes only.
import { createLastEntries } from './last-entries.ts';
import type { Kind } from './scripts.ts';
import { kindNames } from './scripts.ts';
import type { EarlyCall } from './throttle.ts';

/** One HTTP request as it came, with the headers that tests ask about. */
export type RequestRecord = {
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Null while unanswered, or when no answer was ever sent. */
  status: number | null;
};

export type Route = 'get' | 'batch' | 'patch' | 'post' | 'other';

export type StatsView = {
  readonly sinceMs: number;
  readonly httpRequests: number;
  readonly byRoute: Readonly<Record<Route, number>>;
  readonly byStatus: Readonly<Record<string, number>>;
  /** Resources asked for: a batch of 20 is 20 items, a single request is one. */
  readonly items: number;
  readonly itemsByKind: Readonly<Record<Kind, number>>;
  readonly itemsByStatus: Readonly<Record<string, number>>;
  readonly throttledRequests: number;
  readonly throttledItems: number;
  readonly earlyCalls: number;
  readonly earlyCallsByKind: Readonly<Record<Kind, number>>;
  readonly lastEarlyCalls: readonly EarlyCall[];
  readonly patches: number;
  readonly authorization: {
    readonly accepted: number;
    readonly refused: number;
    readonly missing: number;
    readonly tokens: readonly { readonly sha256: string; readonly tenant: string; readonly count: number }[];
  };
  /** How often receivers of notifications asked for the OpenID configuration and for the keys. */
  readonly keyFetches: { readonly document: number; readonly keys: number };
};

export type AuthOutcome = 'accepted' | 'refused' | 'missing';
export type Stats = ReturnType<typeof createStats>;

const keptHeaders = ['accept', 'client-request-id', 'content-type', 'if-match', 'prefer', 'user-agent'];
const keptEarlyCalls = 50;

/** @param keepRequests how many of the last requests are kept; 0 keeps none */
export function createStats(now: () => number, keepRequests: number) {
  let counts = freshCounts(now());
  const log = createLastEntries<RequestRecord>(keepRequests);

  return {
    /** Counts a request and keeps its record, whose status is set once it is answered. */
    request(
      route: Route,
      seen: Pick<RequestRecord, 'method' | 'path' | 'body'>,
      headers: Headers,
    ): RequestRecord {
      counts.httpRequests += 1;
      counts.byRoute[route] += 1;
      const record: RequestRecord = { ...seen, atMs: now(), headers: pick(headers), status: null };
      return log.add(record);
    },
    answered(record: RequestRecord, status: number): void {
      record.status = status;
      counts.byStatus[status] = (counts.byStatus[status] ?? 0) + 1;
      counts.throttledRequests += status === 429 ? 1 : 0;
    },
    item(kind: Kind | undefined, method: string): void {
      counts.items += 1;
      counts.patches += method === 'PATCH' ? 1 : 0;
      if (kind !== undefined) {
        counts.itemsByKind[kind] += 1;
      }
    },
    itemAnswered(status: number): void {
      counts.itemsByStatus[status] = (counts.itemsByStatus[status] ?? 0) + 1;
      counts.throttledItems += status === 429 ? 1 : 0;
    },
    early(call: EarlyCall): void {
      counts.earlyCalls += 1;
      counts.earlyCallsByKind[call.kind] += 1;
      counts.lastEarlyCalls = [...counts.lastEarlyCalls.slice(1 - keptEarlyCalls), call];
    },
    authorization(outcome: AuthOutcome, token?: { readonly sha256: string; readonly tenant: string }): void {
      counts[outcome] += 1;
      if (token) {
        const known = counts.tokens.get(token.sha256);
        const count = (known?.count ?? 0) + 1;
        counts.tokens.set(token.sha256, { sha256: token.sha256, tenant: token.tenant, count });
      }
    },
    keyFetch(what: 'document' | 'keys'): void {
      counts.keyFetches[what] += 1;
    },
    zero(): void {
      counts = freshCounts(now());
      log.clear();
    },
    requests: (): readonly RequestRecord[] => log.last(),
    view(): StatsView {
      const { accepted, refused, missing, tokens, ...rest } = counts;
      return structuredClone({
        ...rest,
        authorization: { accepted, refused, missing, tokens: [...tokens.values()] },
      });
    },
  };
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

function freshCounts(sinceMs: number) {
  return {
    sinceMs,
    httpRequests: 0,
    byRoute: { get: 0, batch: 0, patch: 0, post: 0, other: 0 } satisfies Record<Route, number>,
    byStatus: {} as Record<string, number>,
    items: 0,
    itemsByKind: zeroByKind(),
    itemsByStatus: {} as Record<string, number>,
    throttledRequests: 0,
    throttledItems: 0,
    earlyCalls: 0,
    earlyCallsByKind: zeroByKind(),
    lastEarlyCalls: [] as EarlyCall[],
    patches: 0,
    keyFetches: { document: 0, keys: 0 },
    accepted: 0,
    refused: 0,
    missing: 0,
    tokens: new Map<string, { sha256: string; tenant: string; count: number }>(),
  };
}

function zeroByKind(): Record<Kind, number> {
  return Object.fromEntries(kindNames.map((kind) => [kind, 0])) as Record<Kind, number>;
}

function pick(headers: Headers): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of keptHeaders) {
    const value = headers[name];
    if (typeof value === 'string') {
      kept[name] = value;
    }
  }
  return kept;
}
