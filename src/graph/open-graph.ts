// Opens Graph for one configuration: token, client and reader, one of each a process.
import { createGraphClient } from './graph-client.ts';
import { createOperationReader, type OperationReader } from './operation-reader.ts';
import { createProxyCaller, type ProxyCaller } from './proxy-caller.ts';
import { createStaticTokenSource, createTokenSource, type TokenProvider } from './tokens.ts';

export type GraphOptions = {
  readonly root: string;
  readonly identity:
    | { readonly credential: TokenProvider; readonly scope: string }
    /** For a Graph on loopback only; the configuration refuses it elsewhere. */
    | { readonly staticToken: string };
  readonly clock: { readonly nowMs: () => number; readonly monotonicMs: () => number };
  readonly onTokenFailure: (error: unknown) => void;
};

/** A read that takes longer is a fault of transport: the operation is read again at its next time. */
const readLimitMs = 10_000;
/** An identity endpoint answers in milliseconds, a sign-in service in a second or two. */
const tokenLimitMs = 10_000;
/** A caller's change may take longer; after that nobody knows what became of it. */
const proxyLimitMs = 30_000;

export type Graph = OperationReader & ProxyCaller;

export function openGraph({ root, identity, clock, onTokenFailure }: GraphOptions): Graph {
  const tokens =
    'staticToken' in identity
      ? createStaticTokenSource(identity.staticToken)
      : createTokenSource(identity.credential, {
          scope: identity.scope,
          nowMs: Date.now,
          limitMs: tokenLimitMs,
          onFailure: onTokenFailure,
        });
  const options = { root, tokens, nowMs: clock.nowMs };
  return {
    ...createOperationReader(createGraphClient({ ...options, limitMs: readLimitMs }), clock),
    ...createProxyCaller(createGraphClient({ ...options, limitMs: proxyLimitMs })),
  };
}
