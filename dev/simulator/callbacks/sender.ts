// POSTs of notifications: one connection an answer under way, no redirects followed, and a deadline for each.

export type Outcome = 'accepted' | 'refused' | 'noContent' | 'timedOut' | 'failed';

/** How a POST ended; status is null without an answer. */
export type Receipt = {
  readonly outcome: Outcome;
  readonly status: number | null;
  /** Until the answer's head came, or the end without one. */
  readonly latencyMs: number;
};

export type Letter = {
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly deadlineMs: number;
};

/** To one receiver; more at a time wait for one of them, and a machine has only so many sockets. */
const maxConnections = 256;

export type Sender = ReturnType<typeof createSender>;

export function createSender() {
  let wire: ReturnType<typeof openWire> | undefined;
  const underWay = new Set<AbortController>();
  let isStopped = false;

  return {
    /** Never rejects. */
    async post({ uri, headers, body, deadlineMs }: Letter): Promise<Receipt> {
      wire ??= openWire();
      const { agent, request } = await wire;
      const controller = new AbortController();
      const { signal } = controller;
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        controller.abort();
      }, deadlineMs);
      underWay.add(controller);
      const startedMs = performance.now();
      try {
        if (isStopped) {
          controller.abort();
        }
        const answer = await request(uri, { method: 'POST', headers, body, signal, dispatcher: agent });
        const latencyMs = performance.now() - startedMs;
        // The body means nothing here; reading it frees the connection, and a failure in it changes nothing.
        void answer.body.dump({ limit: 65_536 }).catch(() => undefined);
        return { outcome: outcomeOf(answer.statusCode), status: answer.statusCode, latencyMs };
      } catch {
        // Whatever broke, the receiver gave no answer, and that is all a platform knows.
        const outcome = isLate ? 'timedOut' : 'failed';
        return { outcome, status: null, latencyMs: performance.now() - startedMs };
      } finally {
        clearTimeout(timer);
        underWay.delete(controller);
      }
    },
    /** Cuts what is under way. */
    async stop(): Promise<void> {
      isStopped = true;
      for (const controller of underWay) {
        controller.abort();
      }
      const opened = await wire;
      await opened?.agent.destroy();
    },
  };
}

/** By the first POST: loading takes a tenth of a second of CPU, and most simulators never send any. */
async function openWire() {
  const { Agent, request } = await import('undici');
  return { agent: new Agent({ pipelining: 1, connections: maxConnections }), request };
}

function outcomeOf(status: number): Outcome {
  if (status === 204) {
    return 'noContent';
  }
  return status >= 200 && status < 300 ? 'accepted' : 'refused';
}
