// The first link of the Graph client's chain: the token, which only ever goes to our own address.
import type { Context, Middleware } from '@microsoft/microsoft-graph-client';
import { isOwnAddress } from './address.ts';

/** What came over the wire, or why nothing did. */
export type WireAnswer =
  | {
      readonly arrived: true;
      readonly status: number;
      /** Lower-case names; repeated headers joined by commas. */
      readonly headers: Readonly<Record<string, string>>;
      readonly bodyText: string;
    }
  | { readonly arrived: false; readonly code: WireFault };

/** `stopped`: its caller gave the request up, which says nothing of Graph. */
export type WireFault =
  | 'no_token'
  | 'timeout'
  | 'stopped'
  | 'connection_failed'
  | 'answer_too_large'
  | 'address_refused';

/** The app's token, another one than the `refused`; null when none can be had. */
export type TokenSource = { readonly token: (refused: string | null) => Promise<string | null> };

/**
 * Adds the app's token to requests to the one configured origin. Every other request is answered without being sent.
 * A request whose token is refused is sent once more with a fresh one: where there is none, the refusal stands.
 * @param root origin of Graph.
 */
export function createAuthentication(root: string, tokens: TokenSource): Middleware {
  let next: Middleware | undefined;
  return { execute, setNext: (middleware) => (next = middleware) };

  async function execute(context: Context): Promise<void> {
    const url = typeof context.request === 'string' ? context.request : '';
    if (!isOwnAddress(url, root)) {
      answerWith(context, { arrived: false, code: 'address_refused' });
      return;
    }
    const token = await tokens.token(null);
    if (token === null) {
      answerWith(context, { arrived: false, code: 'no_token' });
      return;
    }
    await send(context, token);
    if (!isUnauthorised(context)) return;
    const fresh = await tokens.token(token);
    if (fresh !== null) await send(context, fresh);
  }

  async function send(context: Context, token: string): Promise<void> {
    const headers = { ...headersOf(context), authorization: `Bearer ${token}` };
    context.options = { ...context.options, headers };
    await next?.execute(context);
  }
}

/** The chain's last link may set anything as response when the client is asked for it raw: ours is a plain value. */
function answerWith(context: Context, answer: WireAnswer): void {
  context.response = answer as unknown as Response;
}

function isUnauthorised({ response }: Context): boolean {
  return response?.status === 401;
}

function headersOf(context: Context): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(context.options?.headers ?? {}))
    headers[name.toLowerCase()] = String(value);
  return headers;
}
