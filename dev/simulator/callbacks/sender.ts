// POSTs of notifications: one connection an answer under way, no redirects followed, and a deadline for each.
import { Agent, request } from 'undici';

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
  // Made by the first POST: most simulators never send any.
  let agent: Agent | undefined;
  const underWay = new Set<AbortController>();
  let isStopped = false;

  async function answerTo(letter: Letter, signal: AbortSignal): Promise<number> {
    agent ??= new Agent({ pipelining: 1, connections: maxConnections });
    const { uri, headers, body } = letter;
    const answer = await request(uri, { method: 'POST', headers, body, signal, dispatcher: agent });
    // The body of the answer means nothing here; reading it frees the connection. A failure in it changes nothing.
    void answer.body.dump({ limit: 65_536 }).catch(() => undefined);
    return answer.statusCode;
  }

  return {
    /** Never rejects. */
    async post(letter: Letter): Promise<Receipt> {
      const controller = new AbortController();
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        controller.abort();
      }, letter.deadlineMs);
      underWay.add(controller);
      const startedMs = performance.now();
      try {
        if (isStopped) {
          controller.abort();
        }
        const status = await answerTo(letter, controller.signal);
        return { outcome: outcomeOf(status), status, latencyMs: performance.now() - startedMs };
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
      await agent?.destroy();
    },
  };
}

function outcomeOf(status: number): Outcome {
  if (status === 204) {
    return 'noContent';
  }
  return status >= 200 && status < 300 ? 'accepted' : 'refused';
}
