// The app's token for Graph: kept until five minutes before its expiry, asked for anew once after a 401.
import type { TokenCredential } from '@azure/identity';
import type { TokenSource } from './transport.ts';

const renewBeforeMs = 5 * 60_000;
/** Reads in flight are refused together: a fresh token this young serves all of them. */
const freshForMs = 10_000;

type TokenOptions = {
  readonly scope: string;
  readonly nowMs: () => number;
  /** How long a token may take; later the read that needs it is refused. */
  readonly limitMs: number;
  /** Told when no token can be had. */
  readonly onFailure: (error: unknown) => void;
};

/** One request to the identity at a time, however many reads wait for it. */
export function createTokenSource(credential: TokenCredential, options: TokenOptions): TokenSource {
  let current: { readonly token: string; readonly expiresOnTimestamp: number } | null = null;
  let freshSinceMs = Number.NEGATIVE_INFINITY;
  let fetching: Promise<string | null> | undefined;
  return { token };

  async function token(isFresh: boolean): Promise<string | null> {
    // An ordinary request under way may bring the refused token once more, from the identity's own cache.
    if (isFresh) await fetching;
    const isValid = current !== null && current.expiresOnTimestamp - renewBeforeMs > options.nowMs();
    // In either direction, for the wall clock may step back.
    const isFreshEnough = !isFresh || Math.abs(options.nowMs() - freshSinceMs) < freshForMs;
    if (isValid && isFreshEnough) return current?.token ?? null;
    fetching ??= fetchToken(isFresh).finally(() => {
      fetching = undefined;
    });
    return fetching;
  }

  async function fetchToken(isFresh: boolean): Promise<string | null> {
    const limit = AbortSignal.timeout(options.limitMs);
    try {
      // A claims challenge is the SDK's documented way to pass over its own cache.
      const claims = isFresh ? { claims: '{}' } : {};
      const asked = credential.getToken(options.scope, { ...claims, abortSignal: limit });
      // Not every credential of the SDK heeds the signal.
      current = await Promise.race([asked, rejectWhenAborted(limit)]);
      if (current === null) throw new Error('The identity gave no token.');
      if (isFresh) freshSinceMs = options.nowMs();
      return current.token;
    } catch (error) {
      // The caller turns null into a refused read; who runs the app learns the reason here.
      options.onFailure(error);
      return null;
    }
  }
}

function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const refuse = (): void => reject(new Error('No token came in time.', { cause: signal.reason }));
    signal.addEventListener('abort', refuse, { once: true });
  });
}

/** A fixed token, for a Graph on loopback. */
export function createStaticTokenSource(token: string): TokenSource {
  return { token: () => Promise.resolve(token) };
}
