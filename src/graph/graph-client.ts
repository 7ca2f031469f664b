// Calls to Microsoft Graph through its client, with a chain of our own: our authentication and our wire, no retry of
// the SDK's (it sleeps inside the function and repeats writes). Nothing here throws for what Graph or the network do.
import { Client, ResponseType } from '@microsoft/microsoft-graph-client';
import { pathOf } from './address.ts';
import { createAuthentication, type TokenSource, type WireAnswer } from './transport.ts';
import { createWire } from './wire.ts';

export type GraphRequest = {
  readonly method: 'GET' | 'PATCH' | 'POST';
  readonly version: string;
  /** Not encoded; each passed its grammar. */
  readonly segments: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly signal?: AbortSignal | undefined;
};

/** `sentAtMs` is taken before the request leaves for the first time, `arrivedAtMs` after the whole answer is here. */
export type GraphReply = {
  readonly answer: WireAnswer;
  readonly sentAtMs: number;
  readonly arrivedAtMs: number;
};

export type GraphClient = {
  /** One request; after a 401 the same once more with a fresh token. Never repeated otherwise. */
  readonly call: (request: GraphRequest) => Promise<GraphReply>;
  readonly close: () => Promise<void>;
};

export function createGraphClient(options: {
  readonly root: string;
  readonly tokens: TokenSource;
  readonly nowMs: () => number;
  /** Deadline of one exchange. */
  readonly limitMs: number;
}): GraphClient {
  const wire = createWire(options.root, options.limitMs);
  const authentication = createAuthentication(options.root, options.tokens);
  const client = Client.initWithMiddleware({
    middleware: [authentication, wire],
    baseUrl: `${options.root}/`,
  });
  return { call, close: wire.close };

  async function call(request: GraphRequest): Promise<GraphReply> {
    const prepared = client
      .api(pathOf(request.segments))
      .version(request.version)
      .responseType(ResponseType.RAW)
      .headers({ accept: 'application/json', ...request.headers });
    if (request.signal !== undefined) prepared.option('signal', request.signal);
    const sentAtMs = options.nowMs();
    const answer: WireAnswer = await perform(prepared, request);
    return { answer, sentAtMs, arrivedAtMs: options.nowMs() };
  }
}

/** The raw response of our wire is a WireAnswer, whatever the client's types say. */
function perform(prepared: ReturnType<Client['api']>, request: GraphRequest): Promise<WireAnswer> {
  switch (request.method) {
    case 'GET':
      return prepared.get() as Promise<WireAnswer>;
    case 'PATCH':
      return prepared.patch(request.body) as Promise<WireAnswer>;
    case 'POST':
      return prepared.post(request.body) as Promise<WireAnswer>;
  }
}
