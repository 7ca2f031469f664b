// Graph of the simulated world: what is true of each operation is a script of times; what it answers may be old, be
// missing, come twice or not at all. The product's own batch reader talks to it.
import { shuffled } from '../../dev/simulator/random.ts';
import type { NamedResource } from '../../src/domain/resources.ts';
import type { GraphClient, GraphReply, GraphRequest } from '../../src/graph/graph-client.ts';
import type { FaultRates } from './plan.ts';
import { callOutside, type Process, type World } from './world.ts';

/** In force from `atMs` on: a word, or that the resource is gone. */
export type Phase = { readonly atMs: number; readonly word: string | null; readonly gone: 404 | 410 | null };

export type TrueOperation = { readonly named: NamedResource; readonly phases: readonly Phase[] };

export type SimulatedGraph = {
  readonly operations: readonly TrueOperation[];
  /** What is true at a time; null before the first phase. */
  readonly truthOf: (key: string, atMs: number) => Phase | null;
  /** Nobody is served before it: what Graph announced with a 429. */
  throttledUntilMs: number;
};

export function createSimulatedGraph(operations: readonly TrueOperation[]): SimulatedGraph {
  const byKey = new Map(operations.map((one) => [one.named.key, one]));
  return { operations, truthOf, throttledUntilMs: 0 };

  function truthOf(key: string, atMs: number): Phase | null {
    return byKey.get(key)?.phases.findLast((phase) => phase.atMs <= atMs) ?? null;
  }
}

/** The truth becomes part of the history when it changes, not when somebody asks. */
export function playTruth(world: World, graph: SimulatedGraph): void {
  for (const { named, phases } of graph.operations) {
    for (const { atMs, word, gone } of phases)
      world.after(atMs - world.nowMs(), () =>
        world.record({ by: 'graph', type: 'truth', key: named.key, word, gone }),
      );
  }
}

type Item = { readonly id: string; readonly url: string };
type Answer = {
  readonly id: string;
  readonly status: number;
  readonly headers?: object;
  readonly body: unknown;
};

const staleMs = 15_000;
const retryAfterSeconds = [2.128, 20, 45];

/** A process's way to Graph. */
export function createSimulatedClient(
  { world, rates, graph }: { world: World; rates: () => FaultRates; graph: SimulatedGraph },
  { process, nowMs }: { process: Process; nowMs: () => number },
): GraphClient {
  return { call, close: async () => {} };

  async function call(request: GraphRequest): Promise<GraphReply> {
    const sentAtMs = nowMs();
    const trueSentAtMs = world.nowMs();
    const isLost = world.chance(rates().graphBatch);
    if (isLost) world.record({ by: process.name, type: 'fault', what: 'answer of Graph lost' });
    const isSlow = world.chance(rates().storageSlow);
    const answer = await callOutside(world, process, {
      arriveMs: world.between(10, 60),
      answerMs: isSlow ? world.between(1000, 9000) : world.between(10, 60),
      effect: async () => answerTo(request, trueSentAtMs),
    });
    const kept = isLost ? ({ arrived: false, code: 'connection_failed' } as const) : answer;
    return { answer: kept, sentAtMs, arrivedAtMs: nowMs() };
  }

  function answerTo(request: GraphRequest, sentAtMs: number): GraphReply['answer'] {
    const items = request.method === 'POST' ? itemsOf(request.body) : [itemOfPath(request.segments)];
    // The proxy forwards what Graph answers and heeds no wait but its own caller's.
    if (request.method === 'POST')
      world.record({ by: process.name, type: 'called', tenantId: 'home', sentAtMs, items: items.length });
    const answers = items.map((item) => answerItem(item, sentAtMs));
    if (request.method === 'GET') return asResponse(answers[0] as Answer);
    const kept = shuffled(answers, world.random).filter(() => !world.chance(rates().graphItem / 3));
    // Whoever was not answered was not told to wait.
    if (kept.some(({ status }) => status === 429))
      world.record({
        by: process.name,
        type: 'throttled',
        tenantId: 'home',
        untilMs: graph.throttledUntilMs,
      });
    const extra = kept.filter(() => world.chance(rates().graphItem / 3));
    const copies = extra.map((one) => ({ ...one, id: one.id.toUpperCase() }));
    return asResponse({ id: '', status: 200, body: { responses: [...kept, ...copies] } });
  }

  function answerItem({ id, url }: Item, sentAtMs: number): Answer {
    const operation = graph.operations.find(({ named }) => named.resource.path === decodeURIComponent(url));
    const key = operation?.named.key ?? '';
    if (world.chance(rates().throttle)) announceWait();
    if (world.nowMs() < graph.throttledUntilMs) return throttled(id);
    if (world.chance(rates().graphItem)) return { id, status: 503, body: { error: { code: 'busy' } } };
    const atMs = world.chance(rates().staleReplica)
      ? world.nowMs() - world.between(0, staleMs)
      : world.nowMs();
    const phase = graph.truthOf(key, atMs);
    const status = phase === null ? 404 : (phase.gone ?? 200);
    const what = status === 200 ? String(phase?.word ?? null) : String(status);
    world.record({ by: process.name, type: 'observed', key, how: 'poll', what, sentAtMs });
    if (status !== 200) return { id, status, body: { error: { code: 'itemNotFound' } } };
    return { id, status, body: { id: operation?.named.resource.operationId, status: phase?.word ?? null } };
  }

  function announceWait(): void {
    const seconds = retryAfterSeconds[Math.floor(world.random() * retryAfterSeconds.length)] ?? 0;
    graph.throttledUntilMs = Math.max(graph.throttledUntilMs, world.nowMs() + seconds * 1000);
  }

  function throttled(id: string): Answer {
    const seconds = Math.ceil((graph.throttledUntilMs - world.nowMs()) / 1000);
    return {
      id,
      status: 429,
      headers: { 'Retry-After': String(seconds) },
      body: { error: { code: 'TooManyRequests' } },
    };
  }
}

function itemsOf(body: unknown): readonly Item[] {
  return (body as { readonly requests: readonly Item[] }).requests;
}

function itemOfPath(segments: readonly string[]): Item {
  return { id: 'single', url: `/${segments.join('/')}` };
}

function asResponse({ status, body }: Answer): GraphReply['answer'] {
  return { arrived: true, status, headers: {}, bodyText: JSON.stringify(body) };
}
