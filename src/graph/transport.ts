// The last two links of the Graph client's chain: the token, which only ever goes to our own address, and the wire.
import type { Context, Middleware } from '@microsoft/microsoft-graph-client';
import { Agent, type Dispatcher, request } from 'undici';
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

const maxAnswerBytes = 1024 * 1024;
const connectLimitMs = 5000;

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

/** Sends by undici: no redirects, a cap on the answer, and a deadline for the whole exchange. */
export function createWire(limitMs: number): Middleware & { readonly close: () => Promise<void> } {
  const agent = new Agent({ connect: { timeout: connectLimitMs }, connections: 64, pipelining: 1 });
  return { execute, close: () => agent.close() };

  async function execute(context: Context): Promise<void> {
    const limit = AbortSignal.timeout(limitMs);
    answerWith(context, await exchange(context, { limit, stop: context.options?.signal ?? undefined }));
  }

  async function exchange(
    context: Context,
    { limit, stop }: { readonly limit: AbortSignal; readonly stop: AbortSignal | undefined },
  ): Promise<WireAnswer> {
    const signal = stop === undefined ? limit : AbortSignal.any([stop, limit]);
    try {
      const answer = await request(String(context.request), {
        dispatcher: agent,
        method: context.options?.method ?? 'GET',
        headers: headersOf(context),
        body: typeof context.options?.body === 'string' ? context.options.body : null,
        signal,
      });
      const bodyText = await readText(answer.body);
      if (bodyText === null) return { arrived: false, code: 'answer_too_large' };
      return { arrived: true, status: answer.statusCode, headers: plainHeaders(answer.headers), bodyText };
    } catch {
      // Refused, reset, cut off or too slow: nothing is known of the answer, and for a write nothing of its effect.
      if (stop?.aborted) return { arrived: false, code: 'stopped' };
      return { arrived: false, code: limit.aborted ? 'timeout' : 'connection_failed' };
    }
  }
}

async function readText(body: AsyncIterable<Uint8Array> & { destroy(): unknown }): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) {
      body.destroy();
      return null;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
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

function plainHeaders(headers: Dispatcher.ResponseData['headers']): Readonly<Record<string, string>> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return plain;
}
