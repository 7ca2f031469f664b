// A simulator per test with a clock that tests move, and a bare client: what came over the wire, nothing interpreted.
import { afterEach, beforeEach } from 'vitest';
import type { Operation } from '../../../dev/simulator/operations.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../../dev/simulator/server.ts';

export type Sent = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
};

/** An answer as it came; `json` is undefined where the text is no JSON. */
export type Wire = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: unknown;
};

export type BatchAnswer = {
  readonly id: string;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: unknown;
};

export type Bench = {
  readonly simulator: Simulator;
  /** What the simulator's clock shows. */
  nowMs(): number;
  /** Moves the simulator's clock. */
  advance(ms: number): void;
  send(path: string, sent?: Sent): Promise<Wire>;
  /** GETs by one batch on v1.0; ids are a, b, c, … */
  batch(paths: readonly string[]): Promise<Wire & { readonly responses: readonly BatchAnswer[] }>;
  /** A connectionOperation that completes after a minute. */
  anOperation(id?: string): Operation;
};

/** Where the clock of every test begins. */
export const startMs = Date.parse('2026-11-22T06:00:00.000Z');

/** A fresh simulator for each test of the calling file. */
export function useSimulator(options: SimulatorOptions = {}): Bench {
  let simulator: Simulator;
  let nowMs = startMs;
  beforeEach(async () => {
    nowMs = startMs;
    simulator = await startSimulator({ now: () => nowMs, earlyGraceMs: 0, ...options });
  });
  afterEach(() => simulator.stop());

  async function send(path: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Wire> {
    const init = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    const response = await fetch(`${simulator.url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
      redirect: 'manual',
      ...init,
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  }

  return {
    get simulator() {
      return simulator;
    },
    nowMs: () => nowMs,
    advance(ms) {
      nowMs += ms;
    },
    send,
    async batch(paths) {
      const requests = paths.map((url, index) => ({
        id: String.fromCharCode(97 + index),
        method: 'GET',
        url,
      }));
      const answer = await send('/v1.0/$batch', { method: 'POST', body: { requests } });
      const responses = (answer.json as { responses?: unknown } | null | undefined)?.responses;
      return { ...answer, responses: Array.isArray(responses) ? (responses as readonly BatchAnswer[]) : [] };
    },
    anOperation: (id = '1.neu.0f3c') =>
      simulator.control.addOperation({
        kind: 'connectionOperation',
        parent: 'contosohr',
        id,
        script: [
          { afterMs: 0, status: 'inprogress' },
          { afterMs: 60_000, status: 'completed' },
        ],
      }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Broken bodies are what some tests ask for.
    return undefined;
  }
}
