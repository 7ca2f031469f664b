// The app's token for Graph: one for all of a process's calls, renewed in time, asked for anew once it is refused. The
// SDK's own caches don't do: calls side by side each ask for a token, a refused one is given again, and a developer's
// sign-in keeps none.
import type { TokenSource } from './transport.ts';

type Issued = { readonly token: string; readonly expiresOnTimestamp: number };
type Ask = (scope: string, options: { readonly abortSignal: AbortSignal }) => Promise<Issued | null>;

export type TokenProvider = {
  readonly getToken: Ask;
  /** Passes over whatever the SDK keeps. */
  readonly getFreshToken: Ask;
};

const renewBeforeMs = 5 * 60_000;
/** A sign-in service that is down is not asked by each call while the last token still counts. */
const renewAgainMs = 30_000;

type TokenOptions = {
  readonly scope: string;
  readonly nowMs: () => number;
  /** How long a token may take; later the call that needs it is refused. */
  readonly limitMs: number;
  /** Told when no token can be had. */
  readonly onFailure: (error: unknown) => void;
};

type Kept = { readonly token: string; readonly renewAtMs: number; readonly endsAtMs: number };

/** One request to the identity at a time, however many calls wait for it. */
export function createTokenSource(provider: TokenProvider, options: TokenOptions): TokenSource {
  let kept: Kept | null = null;
  let fetching: Promise<string | null> | undefined;
  return { token };

  async function token(refused: string | null): Promise<string | null> {
    // A request under way may bring what is wanted, or the refused token once more from the identity's own cache.
    if (refused !== null) await fetching;
    if (kept !== null && kept.token !== refused && options.nowMs() < kept.renewAtMs) return kept.token;
    fetching ??= fetchToken(refused).finally(() => {
      fetching = undefined;
    });
    return fetching;
  }

  async function fetchToken(refused: string | null): Promise<string | null> {
    const ask = refused === null ? provider.getToken : provider.getFreshToken;
    const limit = AbortSignal.timeout(options.limitMs);
    try {
      // Most credentials of the SDK don't heed the signal.
      const asked = ask(options.scope, { abortSignal: limit });
      const issued = await Promise.race([asked, rejectWhenAborted(limit)]);
      if (issued === null) throw new Error('The identity gave no token.');
      kept = keep(issued, options.nowMs());
    } catch (error) {
      // The caller turns null into a refused call; who runs the app learns the reason here.
      options.onFailure(error);
      kept = postpone(kept, refused, options.nowMs());
    }
    return kept?.token ?? null;
  }
}

/** A token that is short-lived from the start is used for half of its time, or each call would ask for another. */
function keep({ token, expiresOnTimestamp: endsAtMs }: Issued, nowMs: number): Kept {
  return { token, endsAtMs, renewAtMs: endsAtMs - Math.min(renewBeforeMs, (endsAtMs - nowMs) / 2) };
}

/** What could not be renewed in time is used to its end. */
function postpone(kept: Kept | null, refused: string | null, nowMs: number): Kept | null {
  if (kept === null || kept.token === refused || kept.endsAtMs <= nowMs) return null;
  return { ...kept, renewAtMs: Math.min(nowMs + renewAgainMs, kept.endsAtMs) };
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
