// HTTP without streaming: the whole exchange in memory, with the real host's losses: a body counts only when its length
// is declared, and repeated query keys are joined with commas.
import type { ServerResponse } from 'node:http';
import type { CookieData, HttpData, TypedData } from './core-types.ts';
import {
  answerBare,
  type Exchange,
  type HttpHost,
  joinedHeaders,
  readBody,
  tooLarge,
  traceOf,
} from './http-exchange.ts';
import { newInvocationId } from './invoke.ts';

/** Runs the function with the request in memory. Never rejects: failures become answers. */
export async function serveBuffered(host: HttpHost, exchange: Exchange): Promise<void> {
  const { fn, request, response, url, params } = exchange;
  try {
    const isDeclared = Number(request.headers['content-length'] ?? 0) > 0;
    const body = isDeclared ? await readBody(request, host.maxBodyBytes) : undefined;
    if (body === tooLarge) {
      answerBare(response, 413);
      return;
    }
    const http: HttpData = {
      method: request.method ?? 'GET',
      url: url.href,
      headers: joinedHeaders(request),
      query: joinedQuery(url.searchParams),
      params,
      ...(body === undefined ? {} : { body: { bytes: body } }),
    };
    const { returnValue } = await host.invoker.invoke(fn, {
      invocationId: newInvocationId(),
      input: { http },
      triggerMetadata: {},
      ...traceOf(request),
    });
    if (returnValue?.http === undefined) {
      answerBare(response, 204);
      return;
    }
    write(response, returnValue.http);
  } catch {
    // Logged by the invoker, or the caller went away while it sent its body.
    answerBare(response, 500);
  }
}

function joinedQuery(query: URLSearchParams): Record<string, string> {
  return Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name).join(',')]));
}

function write(response: ServerResponse, answer: HttpData): void {
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  if (answer.cookies !== undefined && answer.cookies.length > 0) {
    response.setHeader('Set-Cookie', answer.cookies.map(cookieText));
  }
  response.writeHead(Number(answer.statusCode ?? 200));
  response.end(bytesOf(answer.body));
}

function bytesOf(body: TypedData | null | undefined): Uint8Array | string {
  return body?.bytes ?? body?.string ?? body?.json ?? '';
}

/** @see RFC 6265 section 4.1 */
function cookieText(cookie: CookieData): string {
  const sameSite = { none: undefined, lax: 'Lax', strict: 'Strict', explicitNone: 'None' }[
    cookie.sameSite ?? 'none'
  ];
  const expires = cookie.expires && new Date(cookie.expires.value.seconds * 1000).toUTCString();
  return [
    `${encodeURIComponent(cookie.name)}=${encodeURIComponent(cookie.value)}`,
    cookie.maxAge && `Max-Age=${cookie.maxAge.value}`,
    cookie.domain && `Domain=${cookie.domain.value}`,
    cookie.path && `Path=${cookie.path.value}`,
    expires && `Expires=${expires}`,
    cookie.httpOnly?.value && 'HttpOnly',
    cookie.secure?.value && 'Secure',
    sameSite && `SameSite=${sameSite}`,
  ]
    .filter(Boolean)
    .join('; ');
}
