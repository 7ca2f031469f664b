// A Graph on loopback: starts, listens, hands each request to Graph's side or to the control API, and stops cleanly.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAuthorization } from './authorization.ts';
import { isKeyPath, serveKeys } from './callbacks/key-routes.ts';
import { createPushes } from './callbacks/pushes.ts';
import { type Control, createControl } from './control.ts';
import { controlPrefix, serveControl } from './control-api.ts';
import { createFaults } from './faults.ts';
import { type GraphServer, serveGraph } from './graph-server.ts';
import { createWorld } from './operations.ts';
import { createRandom } from './random.ts';
import type { Simulation } from './simulation.ts';
import { createStats } from './stats.ts';
import { createThrottle } from './throttle.ts';

export type SimulatorOptions = {
  /** 0 (the default) takes any free port. */
  readonly port?: number;
  /** The only bearer token accepted; absent: no token is needed. */
  readonly token?: string;
  /** Seeds order, jitter, probabilities and made-up ids. Default 1. */
  readonly seed?: number;
  /** Clock of the world in epoch milliseconds; latency and slow bodies always take real time. */
  readonly now?: () => number;
  /** How many are kept for `requests` and for `pushes`; default 1000, 0 for the least work. */
  readonly keepRequests?: number;
  /** Requests this soon after a wait was announced are not early: they were under way. Default 20 ms. */
  readonly earlyGraceMs?: number;
  /** How long each of Graph's answers is held back. Default 0. */
  readonly latencyMs?: number;
};

export type Simulator = {
  readonly url: string;
  readonly port: number;
  readonly control: Control;
  /** Cuts all connections, its own too, and frees the port. */
  stop(): Promise<void>;
};

/** Graph takes bodies of about 4 MB. */
const maxBodyBytes = 4_194_304;

/** Starts a simulator on 127.0.0.1. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const {
    port = 0,
    token,
    seed = 1,
    now = Date.now,
    keepRequests = 1000,
    earlyGraceMs = 20,
    latencyMs = 0,
  } = options;
  const random = createRandom(seed);
  let boundPort = port;
  const origin = (): string => `http://127.0.0.1:${boundPort}`;
  const world = createWorld(now, random);
  const faults = createFaults(random);
  const simulation: Simulation = {
    now,
    random,
    world,
    faults,
    throttle: createThrottle(earlyGraceMs),
    stats: createStats(now, keepRequests),
    births: new Map(),
    pushes: createPushes({ now, random, world, faults, origin, keep: keepRequests }),
    origin,
  };
  const authorization = createAuthorization(token);
  const graph: GraphServer = { simulation, authorization, timers: new Set(), latencyMs };
  const server = createServer({ keepAliveTimeout: 60_000 });
  const serve = (incoming: Incoming): void | Promise<void> => {
    const { url = '' } = incoming.request;
    if (url.startsWith(controlPrefix)) {
      return serveControl(control, incoming);
    }
    return isKeyPath(url) ? serveKeys(graph, incoming) : serveGraph(graph, incoming);
  };
  const control = createControl(simulation, {
    requireToken: authorization.require,
    refuseConnections: (forMs) => refuseConnections(server, { port: boundPort, forMs, timers: graph.timers }),
  });
  server.on('request', (request, response) => {
    receive(request, response, (text) => serveSafely(serve, { request, response, text }));
  });
  await listen(server, port);
  boundPort = (server.address() as AddressInfo).port;
  return { url: simulation.origin(), port: boundPort, control, stop: () => stop(server, graph) };
}

type Incoming = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly text: string;
};

/** A mistake of the simulator is one answer of 500 that says so, not the end of the process. */
function serveSafely(serve: (incoming: Incoming) => void | Promise<void>, incoming: Incoming): void {
  try {
    serve(incoming)?.catch((error: unknown) => confess(incoming.response, error));
  } catch (error) {
    confess(incoming.response, error);
  }
}

function confess(response: ServerResponse, error: unknown): void {
  // Not Graph's envelope on purpose: a test that sees this has found a mistake in here.
  process.stderr.write(`simulator: ${error instanceof Error ? error.stack : String(error)}\n`);
  if (!response.headersSent) {
    response.writeHead(500, { 'Content-Type': 'text/plain' });
  }
  response.end('The simulator failed.');
}

/** Collects the body; most requests have none and go on at once. */
function receive(request: IncomingMessage, response: ServerResponse, go: (text: string) => void): void {
  if (request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined) {
    request.resume();
    go('');
    return;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) {
      chunks.push(chunk);
    }
  });
  request.on('end', () => {
    if (bytes > maxBodyBytes) {
      response.writeHead(413).end();
      return;
    }
    go(chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString('utf8'));
  });
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  // `once` rejects when the port is taken.
  await once(server, 'listening');
}

async function refuseConnections(
  server: Server,
  pause: { readonly port: number; readonly forMs: number; readonly timers: GraphServer['timers'] },
): Promise<void> {
  const { port, forMs, timers } = pause;
  await close(server);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      resolve();
    }, forMs);
    timers.add(timer);
  });
  await listen(server, port);
}

async function stop(server: Server, graph: GraphServer): Promise<void> {
  for (const timer of graph.timers) {
    clearTimeout(timer);
  }
  graph.timers.clear();
  await graph.simulation.pushes.stop();
  await close(server);
}

async function close(server: Server): Promise<void> {
  if (!server.listening) {
    return;
  }
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
