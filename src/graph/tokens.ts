// The app's token for Graph: kept until five minutes before its expiry, asked for anew once after a 401.
import type { TokenCredential } from '@azure/identity';
import type { TokenSource } from './transport.ts';

const renewBeforeMs = 5 * 60_000;

/**
 * @param options.onFailure told when no token can be had; the read that needed it is then refused.
 */
export function createTokenSource(
  credential: TokenCredential,
  options: {
    readonly scope: string;
    readonly nowMs: () => number;
    readonly onFailure: (error: unknown) => void;
  },
): TokenSource {
  let current: { readonly token: string; readonly expiresOnTimestamp: number } | null = null;
  let fetching: Promise<string | null> | undefined;
  return { token };

  async function token(isFresh: boolean): Promise<string | null> {
    const isValid = current !== null && current.expiresOnTimestamp - renewBeforeMs > options.nowMs();
    if (isValid && !isFresh) return current?.token ?? '';
    fetching ??= fetchToken(isFresh).finally(() => {
      fetching = undefined;
    });
    return fetching;
  }

  async function fetchToken(isFresh: boolean): Promise<string | null> {
    try {
      // A claims challenge is the SDK's documented way to pass over its own cache.
      const answer = await credential.getToken(options.scope, isFresh ? { claims: '{}' } : {});
      current = answer;
      return answer?.token ?? null;
    } catch (error) {
      options.onFailure(error);
      return null;
    }
  }
}

/** A fixed token, for a Graph on loopback. */
export function createStaticTokenSource(token: string): TokenSource {
  return { token: () => Promise.resolve(token) };
}
