// The host's HTTP side: limits, admin routes, routing, keys, then the function. Loopback only.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServeAdmin } from './admin.ts';
import type { HttpTrigger, PlannedFunction } from './function-plan.ts';
import { serveBuffered } from './http-buffered.ts';
import { answerBare, type HttpHost } from './http-exchange.ts';
import { serveStreamed } from './http-stream.ts';
import type { CheckKey } from './keys.ts';
import { messageOf } from './log.ts';
import { createRouter, type Router } from './routes.ts';

export type HttpServerOptions = HttpHost & {
  readonly port: number;
  readonly routePrefix: string;
  readonly functions: readonly PlannedFunction<HttpTrigger>[];
  readonly checkKey: CheckKey;
  readonly serveAdmin: ServeAdmin;
  /** The library's own server, with streaming. */
  readonly libraryUrl: URL | undefined;
};

export type HttpHostServer = {
  readonly port: number;
  /** Takes no more connections and resolves when every answer under way has ended. */
  readonly drain: () => Promise<void>;
  readonly closeNow: () => void;
};

/** Characters; what the real host's front end lets through. */
const longestUrl = 8192;
const longestQuery = 4096;

export async function startHttpServer(options: HttpServerOptions): Promise<HttpHostServer> {
  const router = createRouter(
    options.functions
      .filter(({ isDisabled }) => !isDisabled)
      .map((fn) => ({
        template: [options.routePrefix, fn.trigger.route].filter(Boolean).join('/'),
        methods: fn.trigger.methods,
        target: fn,
      })),
  );
  const active = new Set<Promise<void>>();
  const server = createServer(
    { keepAliveTimeout: 65_000, joinDuplicateHeaders: true },
    (request, response) => {
      const { promise: ended, resolve } = Promise.withResolvers<void>();
      active.add(ended);
      response.once('close', () => {
        active.delete(ended);
        resolve();
      });
      // A mistake of the host itself is one answer of 500 and a line in the log.
      serve(options, router, { request, response }).catch((error: unknown) => {
        options.log('error', { category: 'Host.Http', error: messageOf(error) }, 'the host failed');
        answerBare(response, 500);
      });
    },
  );
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    drain: async () => {
      server.close();
      while (active.size > 0) await Promise.all(active);
    },
    closeNow: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

type Incoming = { readonly request: IncomingMessage; readonly response: ServerResponse };

async function serve(
  options: HttpServerOptions,
  router: Router<PlannedFunction<HttpTrigger>>,
  { request, response }: Incoming,
): Promise<void> {
  const given = request.url ?? '/';
  if (given.length > longestUrl) return answerBare(response, 414);
  const url = parseUrl(given, request.headers.host);
  if (url === undefined) return answerBare(response, 400);
  if (url.search.length - 1 > longestQuery) return answerBare(response, 414);

  if (/^\/admin(\/|$)/i.test(url.pathname)) {
    if (!options.checkKey(request, url.searchParams, 'admin')) return answerBare(response, 401);
    return await options.serveAdmin(request, response, url);
  }
  const match = router(request.method ?? 'GET', url.pathname);
  if (match === undefined) return answerBare(response, 404);
  const { target: fn, params } = match;
  if (!options.checkKey(request, url.searchParams, fn.trigger.authLevel)) return answerBare(response, 401);
  if (Number(request.headers['content-length'] ?? 0) > options.maxBodyBytes) return answerBare(response, 413);

  const exchange = { request, response, url, params, fn };
  if (options.libraryUrl === undefined) return await serveBuffered(options, exchange);
  return await serveStreamed(options, options.libraryUrl, exchange);
}

/** Resolves dot segments, escaped ones too, before anything is matched or forwarded. */
function parseUrl(target: string, host: string | undefined): URL | undefined {
  if (!target.startsWith('/')) return undefined;
  return URL.parse(`http://${host ?? '127.0.0.1'}${target.replaceAll('\\', '%5C')}`) ?? undefined;
}
